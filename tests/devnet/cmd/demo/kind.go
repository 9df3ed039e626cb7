package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/tests/devnet"
)

// kind is a kind of job that the demo runs.
type kind struct {
	// profile is that of the job file.
	profile, jobFile string
	// asks says what the nodes do.
	asks string
	// text reads the text in the folder of a result.
	text func(dir string) (string, error)

	// lies are those that the liar tells about such jobs.
	lies []devnet.Lie

	// caught are the lies over which the liar lost bond, and shown says that the text of a job was
	// printed.
	caught map[devnet.Lie]bool
	shown  bool
}

// kindsOf returns what the demo runs, with the job files of both kinds.
func kindsOf(textgen, answer string) []*kind {
	return []*kind{
		{
			profile: wasm.Profile, jobFile: textgen, asks: "continue a sentence with a language model", text: continuation,
			lies: []devnet.Lie{devnet.LieText}, caught: make(map[devnet.Lie]bool),
		},
		{
			profile: tensors.Profile, jobFile: answer, asks: "answer a request with a decoder in exact integers", text: answered,
			lies: []devnet.Lie{devnet.LieFlip, devnet.LieSkip}, caught: make(map[devnet.Lie]bool),
		},
	}
}

// briefly returns the kind of tensor/1 alone, without lies about it.
func briefly(kinds []*kind) []*kind {
	var brief []*kind
	for _, k := range kinds {
		if k.profile == tensors.Profile {
			k.lies = nil
			brief = append(brief, k)
		}
	}
	return brief
}

// continuation reads the output of examples/textgen.
func continuation(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "text.txt"))
	return string(text), err
}

// answered reads the output of examples/llm.
func answered(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "answer.json"))
	if err != nil {
		return "", err
	}
	var answer struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", fmt.Errorf("answer.json: %w", err)
	}
	return answer.Text, nil
}

// seen reports whether a reader has seen the text of such a job, and the liar slashed for each lie.
func (k *kind) seen() bool {
	for _, lie := range k.lies {
		if !k.caught[lie] {
			return false
		}
	}
	return k.shown
}

// next returns the first kind of which not all was seen, or else the last one.
func next(kinds []*kind) *kind {
	for _, k := range kinds {
		if !k.seen() {
			return k
		}
	}
	return kinds[len(kinds)-1]
}
