//go:build system

package systemtests

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tests/devnet"
)

// health is what a node reports at /theta/health.
type health struct {
	code   int
	Status string `json:"status"`
	Reason string `json:"reason"`
	Height string `json:"height"`
	Alive  bool   `json:"consensus_alive"`
}

// validators starts a chain and returns it with the binary of its nodes.
func validators(t *testing.T, dir string, count int) (*devnet.Devnet, string) {
	t.Helper()
	thetad := filepath.Join(root(t), "build", "thetad")
	network, err := devnet.StartValidators(t.Context(), devnet.ValidatorOptions{
		Dir: dir, Thetad: thetad, ChainID: "theta-watch-1", Count: count, BlockPause: 300 * time.Millisecond,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, network.Stop()) })
	return network, thetad
}

// thetadOutput runs a command to its end and returns its output.
func thetadOutput(t *testing.T, binary string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSpace(string(out))
}

// askHealth queries the health of a node.
func askHealth(ctx context.Context, api string) (health, error) {
	var h health
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+api+"/theta/health", nil)
	if err != nil {
		return h, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return h, err
	}
	defer res.Body.Close()
	h.code = res.StatusCode
	return h, json.NewDecoder(res.Body).Decode(&h)
}

// apiOf returns the address of the API of a home.
func apiOf(t *testing.T, binary, home string) string {
	t.Helper()
	return strings.TrimPrefix(thetadOutput(t, binary, "config", "get", "app", "api.address", "--home", home), "tcp://")
}

// startUntilExit runs a node until it ends by itself, and returns its exit code and log.
func startUntilExit(t *testing.T, binary, home string, patience time.Duration, args ...string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, append([]string{"start", "--home", home}, args...)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	err := cmd.Run()
	require.NoError(t, ctx.Err(), "the node lives on with dead consensus:\n%s", log.String())
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), log.String()
	}
	require.NoError(t, err)
	return 0, log.String()
}

func TestANodeThatHaltsAsPlannedExitsWithACodeOfItsOwn(t *testing.T) {
	t.Parallel()
	network, thetad := validators(t, filepath.Join(t.TempDir(), "network"), 1)
	home := network.ValidatorHome(0)
	c, err := network.Client(t.Context())
	require.NoError(t, err)
	height, err := c.Height(t.Context())
	require.NoError(t, err)
	require.NoError(t, network.Kill("node0"))

	code, log := startUntilExit(t, thetad, home, 2*time.Minute, "--halt-height", fmt.Sprint(height+10))
	require.Equal(t, 10, code, log)
	require.Contains(t, log, "as planned by halt-height or halt-time")
	require.NotContains(t, log, "did not stop by itself")

	// The databases were closed properly: the chain continues without the setting.
	require.NoError(t, network.Restart("node0"))
	require.NoError(t, network.Await(t.Context(), time.Minute, "blocks after the halt", func() (bool, error) {
		c, err := network.Client(t.Context())
		if err != nil {
			return false, err
		}
		now, err := c.Height(t.Context())
		return now > height+12, err
	}))
}

func TestANodeOnAFullDiskExitsAndGoesOnWithRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	network, thetad := validators(t, filepath.Join(dir, "network"), 1)
	home := network.ValidatorHome(0)
	require.NoError(t, network.Kill("node0"))

	filler := filepath.Join(dir, "filler")
	filled := make(chan error, 1)
	go func() {
		time.Sleep(10 * time.Second)
		filled <- fill(filler)
	}()
	code, log := startUntilExit(t, thetad, home, 4*time.Minute)
	require.ErrorIs(t, <-filled, syscall.ENOSPC)
	require.NotZero(t, code)
	t.Logf("exit code %d, end of the log:\n%s", code, log[max(len(log)-3000, 0):])
	require.Contains(t, log, "no space left on device")

	require.NoError(t, os.Remove(filler))
	require.NoError(t, network.Restart("node0"))
	var before int64
	require.NoError(t, network.Await(t.Context(), time.Minute, "blocks with room again", func() (bool, error) {
		c, err := network.Client(t.Context())
		if err != nil {
			return false, err
		}
		now, err := c.Height(t.Context())
		if before == 0 {
			before = now
		}
		return now > before+3, err
	}))
}

// fill writes to a file until the disk is full.
func fill(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		if _, err := file.Write(make([]byte, 64<<10)); err != nil {
			for {
				if _, err := file.Write([]byte{0}); err != nil {
					return err
				}
			}
		}
	}
}

func TestLostQuorumEndsNoNodeAndIsToldAsSuch(t *testing.T) {
	t.Parallel()
	network, thetad := validators(t, filepath.Join(t.TempDir(), "network"), 4)
	home := network.ValidatorHome(0)
	require.NoError(t, network.Kill("node0"))
	thetadOutput(t, thetad, "config", "set", "app", "watchdog.stale-after", "8s", "--home", home)
	require.NoError(t, network.Restart("node0"))
	api := apiOf(t, thetad, home)
	await := func(what string, want func(health) bool) health {
		var last health
		err := network.Await(t.Context(), 2*time.Minute, what, func() (bool, error) {
			h, err := askHealth(t.Context(), api)
			last = h
			return err == nil && want(h), err
		})
		require.NoError(t, err, "last: %+v", last)
		return last
	}
	await("a healthy node", func(h health) bool { return h.code == http.StatusOK && h.Status == "ok" })

	for _, name := range []string{"node2", "node3"} {
		require.NoError(t, network.Kill(name))
	}
	lost := await("lost quorum", func(h health) bool { return h.Status == "waiting_for_quorum" })
	require.Equal(t, http.StatusOK, lost.code)
	require.True(t, lost.Alive)
	require.Contains(t, lost.Reason, "of the voting power")
	// This is longer than any patience of the watchdog.
	time.Sleep(60 * time.Second)
	select {
	case failure := <-network.Failure():
		t.Fatal(failure)
	default:
	}
	for _, name := range []string{"node2", "node3"} {
		require.NoError(t, network.Restart(name))
	}
	await("blocks again", func(h health) bool { return h.Status == "ok" && h.Height != lost.Height })
}

func TestANodeThatWasRestartedOnAHaltedChainIsToldAsSuch(t *testing.T) {
	t.Parallel()
	network, thetad := validators(t, filepath.Join(t.TempDir(), "network"), 2)
	thetaedge := filepath.Join(root(t), "build", "thetaedge")
	home := filepath.Join(t.TempDir(), "edge")
	thetadOutput(t, thetaedge, "init", "--home", home, "--grpc", network.GRPC())
	for _, name := range []string{"node0", "node1"} {
		require.NoError(t, network.Kill(name))
	}
	require.NoError(t, network.Restart("node0"))
	// At its first start, the node may have had to execute a stored block again before it
	// answered. At a second start there is none.
	api := apiOf(t, thetad, network.ValidatorHome(0))
	require.NoError(t, network.Await(t.Context(), time.Minute, "the restarted node", func() (bool, error) {
		_, err := askHealth(t.Context(), api)
		return err == nil, err
	}))
	require.NoError(t, network.Kill("node0"))
	require.NoError(t, network.Restart("node0"))
	var said string
	require.NoError(t, network.Await(t.Context(), time.Minute, "an answer of the node", func() (bool, error) {
		out, _ := exec.CommandContext(t.Context(), thetaedge, "doctor", "--home", home).CombinedOutput()
		said = string(out)
		return strings.Contains(said, "has been restarted and has not seen a block since"), nil
	}), said)
	require.NotContains(t, said, "context did not contain")
}
