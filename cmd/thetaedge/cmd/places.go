package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/store"
)

// workDir holds the outputs of assignments, and cacheDir the inputs of programs.
func (n *node) workDir() string  { return filepath.Join(n.home, "work") }
func (n *node) cacheDir() string { return filepath.Join(n.home, "cache") }

// tryFolder creates a folder, and a file in it that it removes again. A missing permission
// must fail at the start, not with the first assignment.
func tryFolder(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		var file *os.File
		if file, err = os.CreateTemp(dir, ".try-"); err == nil {
			_, err = file.WriteString("written by thetaedge to test that it can write here\n")
			err = errors.Join(err, file.Close(), os.Remove(file.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write to the folder %s: %w", dir, osfault.Explain(dir, err))
	}
	return nil
}

// listen opens the addresses of the API.
func (n *node) listen() (forGRPC, forHTTP net.Listener, err error) {
	const cure = "choose another address, or port 0 for any free port"
	if forGRPC, err = net.Listen("tcp", n.config.API.GRPC); err != nil {
		return nil, nil, fmt.Errorf("api.grpc: %w; %s", err, cure)
	}
	if forHTTP, err = net.Listen("tcp", n.config.API.HTTP); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("api.http: %w; %s", err, cure), forGRPC.Close())
	}
	return forGRPC, forHTTP, nil
}

// checkPlaces opens what the start command opens, in the same order, and closes it again.
// It reports whether the daemon of this home runs, because journal and addresses are then
// the daemon's.
func checkPlaces(ctx context.Context, r *report, n *node) {
	running := daemonAnswers(ctx, n.home)
	journal, tidy, err := openJournal(n.home)
	switch {
	case errors.Is(err, store.ErrLocked) && running != "":
		r.line(good, "journal", "in use by the running daemon, %s", running)
	case err != nil:
		r.line(missing, "journal", "%v", err)
	default:
		open, listErr := journal.List(store.Filter{Unfinished: true})
		if err := errors.Join(listErr, journal.Close(), tidy()); err != nil {
			r.line(missing, "journal", "%v", err)
		} else {
			r.line(good, "journal", "%d assignments in it are not finished", len(open))
		}
	}
	for _, place := range []struct{ what, dir string }{{"work", n.workDir()}, {"cache", n.cacheDir()}} {
		if err := tryFolder(place.dir); err != nil {
			r.line(missing, place.what, "%v", err)
			continue
		}
		r.line(good, place.what, "%s can be written", place.dir)
	}
	if cache, input := n.config.Work.Cache, n.config.Policy.MaxInput; cache > 0 && input > cache {
		r.line(unsure, "inputs", "work.cache is %s, and the inputs of a task may have %s (policy.max-input): the node fetches larger inputs again for each task; raise work.cache", cache, input)
	}
	forGRPC, forHTTP, err := n.listen()
	switch {
	case err != nil && running != "":
		r.line(good, "api", "the running daemon answers")
	case err != nil:
		r.line(missing, "api", "%v", err)
	default:
		at := forGRPC.Addr().String() + " and " + forHTTP.Addr().String()
		if err := errors.Join(forGRPC.Close(), forHTTP.Close()); err != nil {
			r.line(missing, "api", "%v", err)
			return
		}
		r.line(good, "api", "%s are free", at)
	}
}

// openJournal opens a journal as the start command does. It does not create one in another
// user's home, because that user could not open it. The caller calls tidy after it has
// closed the journal: Windows does not delete a file that is open.
func openJournal(home string) (journal *store.Journal, tidy func() error, err error) {
	if _, err := os.Stat(filepath.Join(home, store.FileName)); errors.Is(err, os.ErrNotExist) {
		if err := tryFolder(home); err != nil {
			return nil, nil, err
		}
		scratch, err := os.MkdirTemp(home, "journal-")
		if err != nil {
			return nil, nil, osfault.Explain(home, err)
		}
		tidy = func() error { return os.RemoveAll(scratch) }
		if journal, err = store.Open(scratch, nil); err != nil {
			return nil, nil, errors.Join(err, tidy())
		}
		return journal, tidy, nil
	}
	journal, err = store.Open(home, nil)
	return journal, func() error { return nil }, err
}

// daemonAnswers says where the daemon of a home answers; "" when no daemon answers.
func daemonAnswers(ctx context.Context, home string) string {
	running, err := runningDaemon(home)
	if err != nil {
		return ""
	}
	if running.Waiting != "" {
		if !running.alive() {
			return ""
		}
		return fmt.Sprintf("process %d, which waits for the chain", running.PID)
	}
	dialer := net.Dialer{Timeout: apiTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", running.GRPC)
	if err != nil {
		return ""
	}
	_ = conn.Close()
	return fmt.Sprintf("process %d at %s", running.PID, running.GRPC)
}
