package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	daemonFile = "daemon.json"
	pauseFile  = "paused"
)

// daemon is where a running thetaedge of a home answers.
type daemon struct {
	PID  int    `json:"pid"`
	GRPC string `json:"grpc"`
	HTTP string `json:"http"`
}

// write tells other commands of this home where to ask. The file appears whole.
func (d daemon) write(home string) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	path := filepath.Join(home, daemonFile)
	if err := os.WriteFile(path+".new", append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return os.Rename(path+".new", path)
}

func (d daemon) remove(home string) error { return os.Remove(filepath.Join(home, daemonFile)) }

// runningDaemon reads where the daemon of a home answers. A file that a killed
// daemon has left is found out by asking it.
func runningDaemon(home string) (daemon, error) {
	var d daemon
	raw, err := os.ReadFile(filepath.Join(home, daemonFile))
	if errors.Is(err, os.ErrNotExist) {
		return d, fmt.Errorf("expected a running daemon with home %s, found none; run thetaedge start --home %s", home, home)
	}
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return d, fmt.Errorf("%s: %w; restart the daemon", filepath.Join(home, daemonFile), err)
	}
	return d, nil
}

// dial opens a connection to the daemon.
func (d daemon) dial() (*grpc.ClientConn, error) {
	return grpc.NewClient(d.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

func isPaused(home string) bool {
	_, err := os.Stat(filepath.Join(home, pauseFile))
	return err == nil
}
