package types

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// taskPlaceholder stands for the number of the task in arguments and in the environment.
const taskPlaceholder = "{task}"

// TaskNumber returns the number under which a program and its inputs know the task with an
// index.
func (s *JobSpec) TaskNumber(index uint64) uint64 { return s.FirstTask + index }

// TaskArgs returns the arguments of one task. It replaces "{task}" by the task's number, in
// decimal.
func TaskArgs(args []string, number uint64) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		out[i] = taskText(arg, number)
	}
	return out
}

// TaskEnv returns the environment of one task. It replaces "{task}" in the values as TaskArgs
// does in arguments.
func TaskEnv(env []Variable, number uint64) []Variable {
	out := make([]Variable, len(env))
	for i, v := range env {
		out[i] = Variable{Name: v.Name, Value: taskText(v.Value, number)}
	}
	return out
}

func taskText(text string, number uint64) string {
	return strings.ReplaceAll(text, taskPlaceholder, strconv.FormatUint(number, 10))
}

// ArrayInputNumber returns the number by which a release names the input that differs from
// task to task. The program has number 0; the inputs that all tasks share follow, and this
// input comes last.
func (s *JobSpec) ArrayInputNumber() uint32 { return uint32(len(s.Inputs)) + 1 }

// InputCount returns the number of inputs that a release can name: the program, the inputs
// that all tasks share, and the input that differs from task to task, if there is one.
func (s *JobSpec) InputCount() uint32 {
	if s.ArrayInput == nil {
		return s.ArrayInputNumber()
	}
	return s.ArrayInputNumber() + 1
}

// ProofURI returns the URI at which the prefix of an ArrayInput serves the proof of a task's
// input.
func ProofURI(prefix string, task uint64) string {
	return prefix + "/" + strconv.FormatUint(task, 10) + ".proof"
}

// ContentURI returns the URI at which the prefix of an ArrayInput serves content.
func ContentURI(prefix string, sha256 []byte) string {
	return prefix + "/" + hex.EncodeToString(sha256)
}

const (
	// maxProofPath is the height of the largest tree of inputs.
	maxProofPath = 32
	// MaxInputProofBytes bounds an encoded InputProof.
	MaxInputProofBytes = 4 << 10
)

// InputProof states what the input of one task of an array is, and proves it under the root
// of its ArrayInput.
type InputProof struct {
	// Sha256 of the content, 32 bytes.
	Sha256 []byte
	// Size of the content in bytes.
	Size uint64
	// Path contains the sibling hashes from the leaf up, 32 bytes each.
	Path [][]byte
}

// inputProofJSON is the encoding of a proof. Hashes are in lower-case hex.
type inputProofJSON struct {
	Sha256 string   `json:"sha256"`
	Size   uint64   `json:"size"`
	Path   []string `json:"path"`
}

// Encode returns the proof in the form in which servers store it:
//
//	{"sha256":"…64 hex…","size":12,"path":["…64 hex…",…]}
func (p InputProof) Encode() ([]byte, error) {
	out := inputProofJSON{Sha256: hex.EncodeToString(p.Sha256), Size: p.Size, Path: make([]string, len(p.Path))}
	for i, sibling := range p.Path {
		out.Path[i] = hex.EncodeToString(sibling)
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	if _, err := ParseInputProof(raw); err != nil {
		return nil, err
	}
	return raw, nil
}

// ParseInputProof reads the output of Encode. It does not verify the proof.
func ParseInputProof(raw []byte) (InputProof, error) {
	if len(raw) > MaxInputProofBytes {
		return InputProof{}, fmt.Errorf("proof of an input: expected at most %d bytes, found %d", MaxInputProofBytes, len(raw))
	}
	var in inputProofJSON
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return InputProof{}, fmt.Errorf("proof of an input: expected {\"sha256\", \"size\", \"path\"}: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return InputProof{}, errors.New("proof of an input: expected one JSON object, found more after it")
	}
	if len(in.Path) > maxProofPath {
		return InputProof{}, fmt.Errorf("proof of an input: expected a path of at most %d hashes, found %d", maxProofPath, len(in.Path))
	}
	p := InputProof{Size: in.Size}
	var err error
	if p.Sha256, err = parseHash("sha256", in.Sha256); err != nil {
		return InputProof{}, err
	}
	for i, text := range in.Path {
		sibling, err := parseHash(fmt.Sprintf("path[%d]", i), text)
		if err != nil {
			return InputProof{}, err
		}
		p.Path = append(p.Path, sibling)
	}
	return p, nil
}

func parseHash(name, text string) ([]byte, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != HashSize || strings.ToLower(text) != text {
		return nil, fmt.Errorf("proof of an input: %s: expected %d lower-case hex characters, found %.80q", name, 2*HashSize, text)
	}
	return raw, nil
}

// Verify checks that the proof is about a task's input: its path leads to the root, and the
// input is not larger than the array allows.
func (p InputProof) Verify(array *ArrayInput, task uint64) error {
	if !VerifyMerklePath(array.Root, array.Count, task, InputLeaf(p.Sha256, p.Size), p.Path) {
		return fmt.Errorf("proof of the input of task %d: expected a path from sha256 %x and %d bytes to the root %x of %d inputs, found another",
			task, p.Sha256, p.Size, array.Root, array.Count)
	}
	if p.Size > array.MaxBytes {
		return fmt.Errorf("input of task %d: expected at most %d bytes, found %d", task, array.MaxBytes, p.Size)
	}
	return nil
}
