package update

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/release"
)

const (
	// folderName is the folder in the home, stateName the file in it that says which version runs, and
	// lockName the file that is locked while the state changes.
	folderName = "versions"
	stateName  = "state.json"
	lockName   = "lock"
	// maxState bounds the size of the state in bytes, and maxBad the number of versions that are
	// remembered as bad.
	maxState = 1 << 20
	maxBad   = 64
)

// State says which version of the program runs.
type State struct {
	// Installed is the path of the program that the owner has installed.
	Installed string `json:"installed,omitempty"`
	// Chosen is the version that runs. If it is empty, the installed program runs.
	Chosen string `json:"chosen,omitempty"`
	// Before is what ran before Chosen, and runs again if Chosen fails.
	Before string `json:"before,omitempty"`
	// Trial is there until Chosen has shown that it works.
	Trial *Trial `json:"trial,omitempty"`
	// Newest is the newest release that was seen.
	Newest Seen `json:"newest"`
	// Bad contains the versions that failed, the latest one last.
	Bad []Bad `json:"bad,omitempty"`
	// CheckedAt is the time of the last look for a newer version, and Trouble what kept it from being
	// found or used; empty if nothing did.
	CheckedAt time.Time `json:"checked_at"`
	Trouble   string    `json:"trouble,omitempty"`
}

// Trial is the time in which a new version has to show that it works.
type Trial struct {
	// Starts is the number of times that it was started.
	Starts int `json:"starts"`
	// Healthy reports whether the node was healthy before. A node that was not cannot tell by its
	// health whether the version works.
	Healthy bool `json:"healthy"`
}

// Seen is a release that was seen.
type Seen struct {
	// Channel is the list of releases in which it was seen. Another list may be older.
	Channel string `json:"channel,omitempty"`
	Version string `json:"version,omitempty"`
	// SHA256 is the sum of its archive for this platform.
	SHA256 string `json:"sha256,omitempty"`
}

// Bad is a version that failed.
type Bad struct {
	Version string    `json:"version"`
	Why     string    `json:"why"`
	At      time.Time `json:"at"`
	// Until is when it may be tried again. It is zero if it may not.
	Until time.Time `json:"until"`
}

// err says that a version is not tried again.
func (b Bad) err() error {
	return fmt.Errorf("version %s failed here at %s and is not tried again: %s", b.Version, b.At.Format("2006-01-02 15:04"), b.Why)
}

// BadFor returns why a version is not tried now.
func (s State) BadFor(version release.Version, now time.Time) (Bad, bool) {
	for i := len(s.Bad) - 1; i >= 0; i-- {
		if b := s.Bad[i]; b.Version == version.String() {
			return b, b.Until.IsZero() || now.Before(b.Until)
		}
	}
	return Bad{}, false
}

// fail gives up the chosen version: the one before it runs again.
func (s *State) fail(why string, now, until time.Time) {
	s.Bad = append(s.Bad, Bad{Version: s.Chosen, Why: why, At: now, Until: until})
	if len(s.Bad) > maxBad {
		s.Bad = s.Bad[len(s.Bad)-maxBad:]
	}
	s.Chosen, s.Before, s.Trial = s.Before, "", nil
}

// Folder contains the versions of a home. Its methods may be used by several processes at once.
type Folder struct {
	// Home is the folder of the node.
	Home string
	// Now is the clock.
	Now func() time.Time
}

// Open returns the versions of a home. It creates nothing.
func Open(home string) *Folder { return &Folder{Home: home, Now: time.Now} }

func (f *Folder) path(parts ...string) string {
	return filepath.Join(append([]string{f.Home, folderName}, parts...)...)
}

// State returns the state. A home without versions has the zero state.
func (f *Folder) State() (State, error) {
	var s State
	raw, err := os.ReadFile(f.path(stateName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case err != nil:
		return s, fmt.Errorf("cannot read which version runs: %w", osfault.Explain(f.path(stateName), err))
	}
	if err := json.Unmarshal(raw, &s); err != nil || len(raw) > maxState {
		return State{}, fmt.Errorf("expected the state of updates in %s, found something else (%w); remove the folder %s, and the installed program runs", f.path(stateName), err, f.path())
	}
	return s, nil
}

// change changes the state, or leaves it as it is if the change fails. One process at a time does so.
func (f *Folder) change(edit func(*State) error) (err error) {
	if err := os.MkdirAll(f.path(), 0o700); err != nil {
		return fmt.Errorf("cannot create the folder of versions: %w", osfault.Explain(f.path(), err))
	}
	unlock, err := osfault.Lock(f.path(lockName))
	if err != nil {
		return fmt.Errorf("cannot lock the versions: %w", osfault.Explain(f.path(lockName), err))
	}
	defer func() { err = errors.Join(err, unlock()) }()
	before, err := f.State()
	if err != nil {
		return err
	}
	after := before
	after.Bad = append([]Bad(nil), before.Bad...)
	if before.Trial != nil {
		trial := *before.Trial
		after.Trial = &trial
	}
	if err := edit(&after); err != nil {
		return err
	}
	return f.write(before, after)
}

// write replaces the state as a whole: after a crash or a power failure it is the old or the new one.
func (f *Folder) write(before, after State) error {
	old, err := json.Marshal(before)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(after, "", "  ")
	if err != nil {
		return err
	}
	if now, err := json.Marshal(after); err == nil && bytes.Equal(old, now) {
		return nil
	}
	if err := writeFile(f.path(), stateName, append(raw, '\n')); err != nil {
		return fmt.Errorf("cannot write which version runs: %w", osfault.Explain(f.path(stateName), err))
	}
	return nil
}

// writeFile replaces a file in a folder as a whole, and has it on the disk when it returns.
func writeFile(folder, name string, content []byte) error {
	file, err := os.CreateTemp(folder, "."+name+".*") // 0600
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), filepath.Join(folder, name))
	}
	if err != nil {
		return errors.Join(err, remove(file.Name()))
	}
	return syncFolder(folder)
}

// remove deletes a file. It is not an error if there is none.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Remove removes all versions and the state.
func (f *Folder) Remove() error {
	if err := os.RemoveAll(f.path()); err != nil {
		return fmt.Errorf("cannot remove the folder of versions: %w", osfault.Explain(f.path(), err))
	}
	return nil
}
