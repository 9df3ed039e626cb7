package payout

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
)

// File is the name of the file in the home that contains the state of the collections.
const File = "payout.json"

// State is what is known about the collections of a node.
type State struct {
	// Next is the time before which nothing is collected.
	Next time.Time `json:"next"`
	// At, Paid, Recipient and Tx describe the last collection that has paid. Delegated is the part of it
	// that was delegated, and Undelegated says why coins were not, although the rule names a validator.
	At          time.Time `json:"at,omitzero"`
	Paid        string    `json:"paid,omitempty"`
	Recipient   string    `json:"recipient,omitempty"`
	Delegated   string    `json:"delegated,omitempty"`
	Undelegated string    `json:"undelegated,omitempty"`
	Tx          string    `json:"tx,omitempty"`
	// Waits says why the unclaimed earnings were not collected at the last look; it is empty if they were.
	Waits string `json:"waits,omitempty"`
}

// Read reads the state of a home. A home in which nothing was collected yet has an empty one.
func Read(home string) (State, error) {
	var s State
	path := filepath.Join(home, File)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("cannot read when earnings were collected: %w", osfault.Explain(path, err))
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return State{}, fmt.Errorf("%s: expected when earnings were collected, found something else: %w; move the file away to begin again", path, err)
	}
	return s, nil
}

// write replaces the file with one that is on the disk as a whole.
func (s State) write(home string) error {
	path := filepath.Join(home, File)
	raw, err := json.MarshalIndent(s, "", " ")
	if err == nil {
		err = osfault.WriteFile(path, raw)
	}
	if err != nil {
		return fmt.Errorf("cannot write when earnings were collected: %w", osfault.Explain(path, err))
	}
	return nil
}
