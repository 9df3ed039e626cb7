//go:build linux

package container

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
)

// childVariable has the test binary be a daemon that starts a task and is killed.
const childVariable = "THETA_CONTAINER_CHILD"

type childOrder struct {
	Config Config
	Task   executor.Task
}

func child(order string) {
	var o childOrder
	err := json.Unmarshal([]byte(order), &o)
	if err == nil {
		var e *Executor
		if e, err = New(o.Config); err == nil {
			err = e.Start(context.Background(), o.Task)
		}
		if err == nil {
			_, err = e.Wait(context.Background(), o.Task.ID)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// abandoned starts a task in another process, and kills that process once the program writes.
func abandoned(t *testing.T, cfg Config, task executor.Task) {
	t.Helper()
	order := marshal(t, childOrder{Config: cfg, Task: task})
	daemon := exec.Command(os.Args[0])
	daemon.Env = append(os.Environ(), childVariable+"="+string(order))
	daemon.Stderr = os.Stderr
	require.NoError(t, daemon.Start())
	counted(t, cfg, task, 3)
	require.NoError(t, daemon.Process.Kill())
	_ = daemon.Wait()
}

// counted waits until the program "count" has counted above a number, and returns how far it is.
func counted(t *testing.T, cfg Config, task executor.Task, above int) int {
	t.Helper()
	var n int
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(filepath.Join(cfg.Dir, "tasks", containerName(cfg.Home, task.ID), "out", "count"))
		if err != nil {
			return false
		}
		n, err = strconv.Atoi(string(content))
		return err == nil && n > above
	}, patience, 10*time.Millisecond)
	return n
}

// running waits until the container of a task runs.
func running(t *testing.T, e *Executor, id string) {
	t.Helper()
	x, err := e.execution(id)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		return x.up
	}, patience, 10*time.Millisecond)
}

func TestAContainerGoesOnAfterItsDaemonWasKilled(t *testing.T) {
	e := opened(t, socket(t), nil)
	task := taskOf(t, guestImage(t, "count").saved(t))
	task.Fuel = 4 * FuelPerSecond
	abandoned(t, e.cfg, task)
	before := counted(t, e.cfg, task, 0)
	require.NoError(t, e.Recover(waiting(t), task))
	running(t, e, "a")
	require.Greater(t, counted(t, e.cfg, task, before+3), before+3, "it counts on, and not from the beginning")
	result, err := e.Wait(waiting(t), "a")
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonOutOfFuel, result.Reason)
	require.GreaterOrEqual(t, result.WallTime, 4*time.Second)
}

func TestAContainerOfOtherWorkIsNotTakenOver(t *testing.T) {
	e := opened(t, socket(t), nil)
	task := taskOf(t, guestImage(t, "count").saved(t))
	abandoned(t, e.cfg, task)
	task.ProgramPath = written(t, "other.tar", guestImage(t, "quick").saved(t))
	require.NoError(t, e.Recover(waiting(t), task))
	result, err := e.Wait(waiting(t), "a")
	require.NoError(t, err)
	require.Equal(t, []string{"stderr", "stdout", "sub/result.txt"}, names(result))
}

func TestContainersThatAreNotRecoveredAreRemoved(t *testing.T) {
	e := opened(t, socket(t), nil)
	other := opened(t, socket(t), nil)
	task := taskOf(t, guestImage(t, "count").saved(t))
	abandoned(t, e.cfg, task)
	require.NoError(t, other.Start(waiting(t), task))
	running(t, other, "a")
	cfg := e.cfg
	cfg.AdoptTime = 10 * time.Millisecond
	again, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, again.Close()) })
	require.Eventually(t, func() bool {
		names, err := again.list(context.Background())
		return err == nil && len(names) == 0
	}, patience, 10*time.Millisecond)
	require.Eventually(t, func() bool {
		left, err := os.ReadDir(again.cfg.tasks())
		return err == nil && len(left) == 0
	}, patience, 10*time.Millisecond)
	found, err := other.list(context.Background())
	require.NoError(t, err)
	require.Len(t, found, 1, "the container of another node stays")
}

// TestAnEngineThatIsKilledMakesNoResult also holds that the daemon stays and takes tasks again.
func TestAnEngineThatIsKilledMakesNoResult(t *testing.T) {
	engine := privateEngine(t)
	e := opened(t, engine.socket, func(c *Config) { c.ReturnTime = 2 * time.Second })
	task := taskOf(t, guestImage(t, "term").saved(t))
	for name, how := range map[string]struct {
		signal syscall.Signal
		begins bool
		says   string
	}{
		"killed and back":    {syscall.SIGKILL, true, ""},
		"killed for good":    {syscall.SIGKILL, false, "does not answer"},
		"shut down and back": {syscall.SIGTERM, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			task.ID, task.OutputDir = name, filepath.Join(t.TempDir(), "out")
			require.NoError(t, e.Start(waiting(t), task))
			running(t, e, name)
			engine.end(how.signal)
			if how.begins {
				require.NoError(t, engine.begin())
			}
			_, err := e.Wait(waiting(t), name)
			require.ErrorIs(t, err, executor.ErrUnavailable)
			require.ErrorContains(t, err, how.says)
			require.NoDirExists(t, task.OutputDir)
			if !how.begins {
				require.Equal(t, executor.Unhealthy, e.Fingerprint(waiting(t)).Health)
				require.NoError(t, engine.begin())
			}
			require.Equal(t, executor.Healthy, e.Fingerprint(waiting(t)).Health)
			require.NoError(t, e.Destroy(name))
		})
	}
	require.NoError(t, e.removeOrphans(waiting(t)))
	task.ID, task.OutputDir = "after", filepath.Join(t.TempDir(), "out")
	task.ProgramPath = written(t, "quick.tar", guestImage(t, "quick").saved(t))
	require.Equal(t, manifest.ReasonExited, finished(t, e, task).Reason)
}

func TestAContainerThatOutlivesItsEngineHasAResult(t *testing.T) {
	engine := privateEngine(t, "--live-restore")
	e := opened(t, engine.socket, nil)
	task := taskOf(t, guestImage(t, "slow").saved(t))
	require.NoError(t, e.Start(waiting(t), task))
	running(t, e, "a")
	engine.end(syscall.SIGKILL)
	require.NoError(t, engine.begin())
	result, err := e.Wait(waiting(t), "a")
	require.NoError(t, err)
	require.Equal(t, []string{"late.txt"}, names(result), "%+v", result)
}

// TestASignalOfAnotherUserMakesNoResult: the program obeys it and exits with 0, with half of its outputs.
func TestASignalOfAnotherUserMakesNoResult(t *testing.T) {
	e := opened(t, socket(t), nil)
	task := taskOf(t, guestImage(t, "term").saved(t))
	require.NoError(t, e.Start(waiting(t), task))
	running(t, e, "a")
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(e.cfg.tasks(), containerName(e.cfg.Home, "a"), "out", "ready"))
		return err == nil
	}, patience, 10*time.Millisecond)
	c, err := e.engine.connect(waiting(t))
	require.NoError(t, err)
	_, err = c.ContainerKill(waiting(t), containerName(e.cfg.Home, "a"), client.ContainerKillOptions{Signal: "TERM"})
	require.NoError(t, err)
	_, err = e.Wait(waiting(t), "a")
	require.ErrorIs(t, err, executor.ErrUnavailable)
	require.ErrorContains(t, err, "another user")
}

func TestASuspendedContainerStandsStill(t *testing.T) {
	e := opened(t, socket(t), nil)
	task := taskOf(t, guestImage(t, "count").saved(t))
	task.Fuel = 3 * FuelPerSecond
	require.NoError(t, e.Start(waiting(t), task))
	running(t, e, "a")
	counted(t, e.cfg, task, 0)
	require.NoError(t, e.Suspend())
	stood := counted(t, e.cfg, task, -1)
	time.Sleep(4 * time.Second) // longer than the program may run
	require.Equal(t, stood, counted(t, e.cfg, task, -1))
	require.NoError(t, e.Resume())
	counted(t, e.cfg, task, stood)
	result, err := e.Wait(waiting(t), "a")
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonOutOfFuel, result.Reason)
	require.Less(t, result.WallTime, 4*time.Second)
}

// TestContainersOfAKilledDaemonDoNotRunWhileTheOwnerNeedsTheMachine covers those that no task has taken over yet.
func TestContainersOfAKilledDaemonDoNotRunWhileTheOwnerNeedsTheMachine(t *testing.T) {
	e := opened(t, socket(t), nil)
	task := taskOf(t, guestImage(t, "count").saved(t))
	abandoned(t, e.cfg, task)
	found, err := e.list(waiting(t))
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.NoError(t, e.Suspend())
	found, err = e.list(waiting(t))
	require.NoError(t, err)
	require.Empty(t, found)
	require.NoError(t, e.Resume())
	require.NoError(t, e.Recover(waiting(t), task))
	running(t, e, "a")
	counted(t, e.cfg, task, 0)
}

// TestACardIsTheOwnersAgainAtOnce: a paused container would keep the memory of the card.
func TestACardIsTheOwnersAgainAtOnce(t *testing.T) {
	p := proxied(t, socket(t))
	e := opened(t, p.socket, func(c *Config) { c.GPUs = []string{"GPU-1"} })
	task := taskOf(t, guestImage(t, "endless").saved(t))
	task.DeviceBytes = 1 << 30
	require.NoError(t, e.Start(waiting(t), task))
	running(t, e, "a")
	require.NoError(t, e.Suspend())
	over, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := e.Wait(over, "a")
	require.ErrorIs(t, err, executor.ErrEvicted)
	left, err := e.list(waiting(t))
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, e.Resume())
}

func TestImagesStayWithinTheirQuota(t *testing.T) {
	size := uint64(len(tarOf(t, guestImage(t, "quick").entries)))
	e := opened(t, socket(t), func(c *Config) { c.ImageBytes = size*2 + size/2 })
	var ids []string
	begin := func(id string, command ...string) executor.Task {
		d := guestImage(t, command...)
		config, _ := d.parts(t)
		ids = append(ids, sumOf(config))
		task := taskOf(t, d.saved(t))
		task.ID = id
		require.NoError(t, e.Start(waiting(t), task))
		return task
	}
	there := func(n int) bool {
		found, err := e.images.there(waiting(t), ids[n])
		require.NoError(t, err)
		return found
	}
	begin("runs", "endless")
	running(t, e, "runs")
	for n, command := range []string{"quick", "fail", "names"} {
		id := strings.Repeat("x", n+1)
		begin(id, command)
		_, err := e.Wait(waiting(t), id)
		require.NoError(t, err)
		require.NoError(t, e.Destroy(id))
		require.True(t, there(0), "the image of a task that runs stays")
		require.True(t, there(n+1))
		if n > 0 {
			require.False(t, there(n), "the image that was used longest ago is gone")
		}
	}
	require.NoError(t, e.Destroy("runs"))
	e.cfg.MaxImageBytes = size / 2
	task := taskOf(t, guestImage(t, "deep").saved(t))
	require.NoError(t, e.Start(waiting(t), task))
	_, err := e.Wait(waiting(t), task.ID)
	require.ErrorIs(t, err, executor.ErrUnavailable)
	require.ErrorContains(t, err, "raise container.max-image")
}
