package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/internal/osfault"
)

// installed is a file of a service as it is on disk.
type installed struct {
	Path string
	// Exists reports whether there is a file, and Ours whether this package has written it.
	Exists, Ours bool
	Text         string
	Origin       origin
}

// readInstalled reads the file of a service.
func readInstalled(path string) (installed, error) {
	found := installed{Path: path}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return found, fmt.Errorf("cannot read the installed service: %w", osfault.Explain(path, err))
	}
	found.Exists, found.Text = true, string(raw)
	found.Origin, found.Ours = readMark(found.Text)
	return found, nil
}

// admits reports whether a unit may take the place of what is installed.
func (f installed) admits(u Unit) error {
	switch {
	case !f.Exists:
		return nil
	case !f.Ours:
		return fmt.Errorf("expected no service or one of thetaedge service install at %s, found a file that something else wrote; remove it first, or choose another --name", f.Path)
	case f.Origin != origin{u.Home, u.Exe}:
		return fmt.Errorf("expected no service or the same one at %s, found one of the program %s with the home %s; run thetaedge service uninstall first, or choose another --name for a second node", f.Path, f.Origin.Exe, f.Origin.Home)
	}
	return nil
}

// writeStep returns the step that writes the file. Its reversal restores what was there, and lets
// the supervisor read that.
func (f installed) writeStep(text string, reread func(context.Context) error) Step {
	return Step{
		Says: "write " + f.Path, Text: text,
		Do: func(context.Context) error { return writeAtomically(f.Path, text) },
		Undo: func(ctx context.Context) error {
			err := os.Remove(f.Path)
			if f.Exists {
				err = writeAtomically(f.Path, f.Text)
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return errors.Join(err, reread(ctx))
		},
	}
}

// removeStep returns the step that removes the file.
func (f installed) removeStep() Step {
	return Step{Says: "remove " + f.Path, Do: func(context.Context) error {
		if err := os.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return osfault.Explain(f.Path, err)
		}
		return nil
	}}
}

// writeAtomically creates or replaces a file that the supervisor can read. A reader sees either the old file or
// all of the new one, also after a loss of power.
func writeAtomically(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // the supervisor's folder
		return osfault.Explain(filepath.Dir(path), err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return osfault.Explain(path, err)
	}
	_, err = file.WriteString(text)
	if err == nil {
		err = file.Chmod(0o644)
	}
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = osfault.Replace(file.Name(), path)
	}
	if err != nil {
		return errors.Join(osfault.Explain(path, err), os.Remove(file.Name()))
	}
	return nil
}
