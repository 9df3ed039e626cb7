package devnet

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Lie is a way in which a node that lies gets its results.
type Lie string

// These are the lies of the program liar.
const (
	// LieText is a result whose files were altered after an honest execution.
	LieText Lie = "alters the text"
	// LieFlip is an honest execution of a model in whose weights one bit is flipped.
	LieFlip Lie = "flips one bit of a weight"
	// LieSkip is the right text and fuel, with the trace of the model without its last layer.
	LieSkip Lie = "skips the last layer and knows the text"
)

// Told is a lie about the result of a task.
type Told struct {
	// Task is the task as executors name it: the job, the number of the task and the round.
	Task string `json:"task"`
	Lie  Lie    `json:"lie"`
}

// toldFile is the file in the folder of a node that lies with what it has told, a line for each.
const toldFile = "lies.jsonl"

// Confession is what a node that lies says about itself, for the reports of demos and tests.
type Confession struct {
	path string
	mu   sync.Mutex
}

// NewConfession keeps the lies below the folder of a node.
func NewConfession(home string) *Confession { return &Confession{path: filepath.Join(home, toldFile)} }

// Note adds a lie.
func (c *Confession) Note(told Told) (err error) {
	line, err := json.Marshal(told)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	file, err := os.OpenFile(c.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = file.Write(append(line, '\n'))
	return err
}

// Told returns the lies of a node so far; none of an honest one.
func (n Node) Told() ([]Told, error) {
	file, err := os.Open(filepath.Join(n.home, toldFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // read only
	var all []Told
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var told Told
		if err := json.Unmarshal(lines.Bytes(), &told); err != nil {
			return nil, fmt.Errorf("%s: %w", toldFile, err)
		}
		all = append(all, told)
	}
	return all, lines.Err()
}

// LieAbout returns the lie that a node has told about a task of a job in a round, or "" if it has told
// none.
func (n Node) LieAbout(job string, task uint64, round uint32) (Lie, error) {
	all, err := n.Told()
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s-%d-%d", job, task, round)
	for _, told := range all {
		if told.Task == name {
			return told.Lie, nil
		}
	}
	return "", nil
}
