package update

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"github.com/thetaedge/theta/sidecar/release"
)

// ErrNotStarted means that the system did not start a program.
var ErrNotStarted = errors.New("the program cannot be started")

// maxStarts is how often a version is started before it has to have been healthy.
const maxStarts = 3

// Choose makes a version that is ready the one that runs from the next start on. healthy says whether the
// node is healthy now. It fails if the version has been given up, or a newer one chosen, while this one
// was made ready.
func (f *Folder) Choose(o Offer, keys release.Keys, healthy bool) error {
	version := o.version.String()
	return f.change(func(s *State) error {
		// Another process removes no version meanwhile: it would need the lock.
		if _, _, err := f.verified(version, keys); err != nil {
			return err
		}
		if s.Chosen == version {
			return nil
		}
		if bad, is := s.BadFor(o.version, f.Now()); is {
			return bad.err()
		}
		if chosen, err := release.ParseVersion(s.Chosen); err == nil && chosen.NewerThan(o.version) {
			return fmt.Errorf("expected a version newer than %s, which was chosen in the meantime, found %s", chosen, version)
		}
		// A version that has not shown yet that it works is nothing to come back to.
		if s.Trial == nil {
			s.Before = s.Chosen
		}
		s.Chosen, s.Trial, s.Trouble = version, &Trial{Healthy: healthy}, ""
		return nil
	})
}

// Rollback makes the version before run again from the next start on. The one that is left is not
// tried again by itself.
func (f *Folder) Rollback() (from, to string, err error) {
	err = f.change(func(s *State) error {
		if s.Chosen == "" {
			return errors.New("expected an update to take back, found none: the installed program runs")
		}
		from = s.Chosen
		s.fail("its owner took it back", f.Now(), time.Time{})
		to = s.Chosen
		return nil
	})
	return from, to, err
}

// Forget lets a version be tried again.
func (f *Folder) Forget(version release.Version) error {
	return f.change(func(s *State) error {
		var kept []Bad
		for _, b := range s.Bad {
			if b.Version != version.String() {
				kept = append(kept, b)
			}
		}
		s.Bad = kept
		return nil
	})
}

// Pick returns the program that a daemon has to run instead of the installed one; "" if the installed one runs. It
// counts the starts of a version on trial, and gives the version up after too many. notes are for the log.
func (f *Folder) Pick(installed, version string, keys release.Keys) (program string, notes []string, err error) {
	state, err := f.State()
	if err != nil || state.Chosen == "" {
		return "", nil, err
	}
	own, err := release.ParseVersion(version)
	err = f.change(func(s *State) error {
		program, notes = "", nil
		for s.Chosen != "" {
			chosen, bad := release.ParseVersion(s.Chosen)
			if bad != nil || err != nil || !chosen.NewerThan(own) {
				notes = append(notes, fmt.Sprintf("the installed program, %s, takes the place of the update %s", version, s.Chosen))
				s.Chosen, s.Before, s.Trial = "", "", nil
				break
			}
			found, why := f.tryPick(s, keys)
			if why == "" {
				program, s.Installed = found, installed
				return nil
			}
			notes = append(notes, fmt.Sprintf("version %s is given up: %s", s.Chosen, why))
			s.fail(why, f.Now(), time.Time{})
		}
		return nil
	})
	if err != nil {
		// Nothing was written, so that a version on trial could be started again and again.
		return "", notes, err
	}
	return program, notes, nil
}

// tryPick returns the program of the chosen version, or why it is given up.
func (f *Folder) tryPick(s *State, keys release.Keys) (program, why string) {
	if s.Trial != nil && s.Trial.Starts >= maxStarts {
		return "", fmt.Sprintf("it was started %d times and was never healthy for long enough", s.Trial.Starts)
	}
	program, _, err := f.verified(s.Chosen, keys)
	if err != nil {
		return "", err.Error()
	}
	if s.Trial != nil {
		s.Trial.Starts++
	}
	return program, ""
}

// Runs returns the version whose program runs from this folder; "" if exe is not of this folder.
func (f *Folder) Runs(exe string) string {
	folder := f.path()
	if actual, err := filepath.EvalSymlinks(folder); err == nil {
		folder = actual
	}
	inside, err := filepath.Rel(folder, exe)
	if err != nil {
		return ""
	}
	version, program := filepath.Split(inside)
	version = filepath.Clean(version)
	if _, err := release.ParseVersion(version); err != nil || program != release.ProgramName(runtime.GOOS) {
		return ""
	}
	return version
}

// confirm ends the trial of a version that works, and removes the versions that cannot run again.
func (f *Folder) confirm(version string) error {
	var pruned error
	err := f.change(func(s *State) error {
		if s.Chosen == version {
			s.Trial = nil
		}
		pruned = f.prune(*s)
		return nil
	})
	return errors.Join(err, pruned)
}

// giveUp makes the version before run again from the next start on.
func (f *Folder) giveUp(version, why string, until time.Time) error {
	return f.change(func(s *State) error {
		if s.Chosen == version && s.Trial != nil {
			s.fail(why, f.Now(), until)
			s.Trouble = fmt.Sprintf("version %s is given up: %s", version, why)
		}
		return nil
	})
}

// note records how a look for a newer version ended.
func (f *Folder) note(trouble string) error {
	return f.change(func(s *State) error {
		s.CheckedAt, s.Trouble = f.Now(), trouble
		return nil
	})
}
