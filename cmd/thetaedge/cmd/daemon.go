package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/internal/osfault"
)

const (
	daemonFile = "daemon.json"
	pauseFile  = "paused"
)

// daemon is where the running thetaedge of a home answers.
type daemon struct {
	PID  int    `json:"pid"`
	GRPC string `json:"grpc"`
	HTTP string `json:"http"`
	// Dashboard is the address for browsers; it is empty without a dashboard.
	Dashboard string `json:"dashboard,omitempty"`
	// Waiting says why the daemon does not answer yet; it is empty once it does.
	Waiting string `json:"waiting,omitempty"`
}

// write tells other commands of this home where to ask. The file is written atomically.
func (d daemon) write(home string) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	path := filepath.Join(home, daemonFile)
	err = os.WriteFile(path+".new", append(raw, '\n'), 0o600)
	if err == nil {
		err = osfault.Replace(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s, which tells other commands where the daemon answers: %w", path, osfault.Explain(path, err))
	}
	return nil
}

// remove deletes the file. On a full disk there may be none.
func (d daemon) remove(home string) error {
	if err := os.Remove(filepath.Join(home, daemonFile)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// runningDaemon reads where the daemon of a home answers. A file that a killed daemon has
// left is noticed when a command asks that daemon.
func runningDaemon(home string) (daemon, error) {
	var d daemon
	raw, err := osfault.Read(filepath.Join(home, daemonFile))
	if errors.Is(err, os.ErrNotExist) {
		return d, fmt.Errorf("expected a running daemon with home %s, found none; run thetaedge start --home %s", home, client.ShellQuote(home))
	}
	if err != nil {
		return d, fmt.Errorf("cannot tell whether a daemon runs with home %s: %w", home, osfault.Explain(filepath.Join(home, daemonFile), err))
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return d, fmt.Errorf("%s: %w; restart the daemon", filepath.Join(home, daemonFile), err)
	}
	return d, nil
}

// alive reports whether the process that wrote the file still runs. If the system does not
// tell, it reports true.
func (d daemon) alive() bool { return runs(d.PID) }

// dial opens a connection to the daemon.
func (d daemon) dial(home string) (*grpc.ClientConn, error) {
	if d.Waiting != "" {
		if !d.alive() {
			return nil, fmt.Errorf("expected a running daemon with home %s, found one that ended while it waited for the chain (%s); run thetaedge start --home %s", home, d.Waiting, home)
		}
		return nil, fmt.Errorf("the daemon runs as process %d and waits for the chain: %s", d.PID, d.Waiting)
	}
	return grpc.NewClient(d.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

// suspends is what the file of a pause contains if programs are suspended too.
const suspends = "suspended\n"

// pause writes the file of a pause. It is written atomically.
func pause(home string, suspend bool) error {
	content := ""
	if suspend {
		content = suspends
	}
	path := filepath.Join(home, pauseFile)
	err := os.WriteFile(path+".new", []byte(content), 0o600)
	if err == nil {
		err = osfault.Replace(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("cannot pause: %w", osfault.Explain(home, err))
	}
	return nil
}

// isSuspended reports whether the owner has suspended the programs of a node.
func isSuspended(home string) bool {
	content, err := osfault.Read(filepath.Join(home, pauseFile))
	return err == nil && string(content) == suspends
}

// isPaused reports whether the owner has paused the node. If the system does not allow the
// check, it reports true, because a node that does not claim loses nothing.
func isPaused(home string) bool {
	_, err := os.Stat(filepath.Join(home, pauseFile))
	return !errors.Is(err, os.ErrNotExist)
}
