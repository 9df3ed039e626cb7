//go:build linux

package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
)

// started starts a script and returns its worker process.
func started(t *testing.T, e *Executor, lines ...string) (executor.Task, int) {
	t.Helper()
	task := taskOf(t, script(t, lines...))
	require.NoError(t, e.Start(waiting(t), task))
	children := childrenOf(t, os.Getpid(), e.cfg.Dir)
	require.Len(t, children, 1)
	return task, children[0]
}

func TestAWorkerThatEndsGivesNoResultAndTheNextTaskAnother(t *testing.T) {
	for name, end := range map[string]struct {
		lines []string
		blow  bool
		told  string
	}{
		"killed from outside":     {[]string{"endless"}, true, "signal: killed"},
		"killed while it sleeps":  {[]string{"sleep"}, true, "signal: killed"},
		"ends by itself":          {[]string{"crash"}, false, "engine: assertion failed"},
		"eats all memory":         {[]string{"eat 4294967296"}, false, "memory"},
		"stops itself":            {[]string{"try stop"}, false, "hung"},
		"floods its error stream": {[]string{"flood"}, false, "flooded its error stream"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			cfg.SilentTime = 2 * time.Second
			e := open(t, cfg)
			task := taskOf(t, script(t, end.lines...))
			err := e.Start(waiting(t), task)
			if err == nil {
				if end.blow {
					children := childrenOf(t, os.Getpid(), cfg.Dir)
					require.Len(t, children, 1)
					require.NoError(t, syscall.Kill(children[0], syscall.SIGKILL))
				}
				_, err = e.Wait(waiting(t), task.ID)
				require.NoError(t, e.Destroy(task.ID))
			}
			require.ErrorIs(t, err, executor.ErrWorkerDied)
			require.ErrorContains(t, err, end.told)
			require.NoDirExists(t, task.OutputDir)
			require.Equal(t, "1", outcome(t, e, "number", "number"), "the next task has a worker")
			require.Equal(t, executor.Healthy, e.Fingerprint(waiting(t)).Health)
		})
	}
}

func TestTheEndOfOneWorkerIsNotThatOfAnother(t *testing.T) {
	cfg := config(t)
	cfg.Slots = 2
	e := open(t, cfg)
	_, victim := started(t, e, "endless")
	other := taskOf(t, script(t, "write a b"))
	other.ID = "other"
	require.NoError(t, syscall.Kill(victim, syscall.SIGKILL))
	_, err := run(t, e, other)
	require.NoError(t, err)
	_, err = e.Wait(waiting(t), "task")
	require.ErrorIs(t, err, executor.ErrWorkerDied)
}

func TestAWorkerIsKeptForTheSameProgramOnly(t *testing.T) {
	cfg := config(t)
	cfg.MaxTasks = 3
	e := open(t, cfg)
	same := script(t, "number")
	number := func(program string) string {
		task := taskOf(t, program)
		_, err := run(t, e, task)
		require.NoError(t, err)
		content, err := os.ReadFile(task.OutputDir + "/number")
		require.NoError(t, err)
		return string(content)
	}
	require.Equal(t, "1", number(same))
	require.Equal(t, "2", number(same))
	require.Equal(t, "1", number(script(t, "number")), "another program")
	require.Equal(t, "1", number(same))
	require.Equal(t, "2", number(same))
	require.Equal(t, "3", number(same))
	require.Equal(t, "1", number(same), "after the most tasks of a worker")
	require.Len(t, childrenOf(t, os.Getpid(), cfg.Dir), 1, "no more workers than slots")
}

func TestAWorkerThatHasGrownIsReplaced(t *testing.T) {
	cfg := config(t)
	cfg.KeptBytes = 64 << 20
	e := open(t, cfg)
	grown := script(t, "eat 134217728", "number")
	for range 2 {
		task := taskOf(t, grown)
		_, err := run(t, e, task)
		require.NoError(t, err)
		content, err := os.ReadFile(task.OutputDir + "/number")
		require.NoError(t, err)
		require.Equal(t, "1", string(content))
	}
}

func TestAnIdleWorkerEnds(t *testing.T) {
	cfg := config(t)
	cfg.IdleTime = time.Millisecond
	e := open(t, cfg)
	_, err := run(t, e, taskOf(t, script(t, "stdout hello")))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		left, err := os.ReadDir(cfg.Dir)
		return err == nil && len(left) == 0 && len(childrenOf(t, os.Getpid(), cfg.Dir)) == 0
	}, patience, time.Millisecond)
}

// TestWhatAnEnginePrintsDoesNotReachTheDaemon: the pipes carry only the protocol, whatever a
// library prints.
func TestWhatAnEnginePrintsDoesNotReachTheDaemon(t *testing.T) {
	e := open(t, config(t))
	_, err := run(t, e, taskOf(t, script(t, "print", "stdout hello")))
	require.NoError(t, err)
}

const daemonArgument = "be-daemon"

// beDaemon starts a worker process that cannot notice that its daemon has ended, and waits. The
// process has stopped itself, or runs a program and is suspended.
func beDaemon(dir string, suspended bool) {
	e, err := New(Config{Profile: profile, Slots: 1, Dir: dir, MemoryBytes: 512 << 20, FileBytes: 1 << 20})
	if err != nil {
		panic(err)
	}
	program := dir + "-program"
	line := "try stop"
	if suspended {
		line = "endless"
	}
	if err := os.WriteFile(program, []byte(line), 0o600); err != nil {
		panic(err)
	}
	task := executor.Task{ID: "task", ProgramPath: program, Fuel: 1, MemoryBytes: 1, OutputDir: dir + "-out"}
	err = e.Start(context.Background(), task)
	if suspended {
		if err = errors.Join(err, e.Suspend()); err != nil {
			panic(err)
		}
		fmt.Println("suspended")
	}
	select {}
}

// gone reports whether a process has ended.
func gone(pid int) bool {
	_, err := os.Stat("/proc/" + strconv.Itoa(pid))
	return errors.Is(err, fs.ErrNotExist)
}
