//go:build linux

package container

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/executortest"
)

const patience = time.Minute

func waiting(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// opened returns an executor on an engine. Each test is a node of its own.
func opened(t *testing.T, socket string, change func(*Config)) *Executor {
	t.Helper()
	cfg := Config{Socket: socket, Dir: filepath.Join(t.TempDir(), "containers"), Home: t.Name() + time.Now().String(), Slots: 2}
	if change != nil {
		change(&cfg)
	}
	e, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, e.Close())
		left, err := New(cfg) // removes what is left, images too
		require.NoError(t, err)
		if _, err := left.engine.connect(context.Background()); err != nil {
			require.NoError(t, left.Close())
			return // the engine of this test is gone
		}
		names, err := left.list(context.Background())
		require.NoError(t, err)
		require.Empty(t, names, "no container is left")
		all, err := left.images.records()
		require.NoError(t, err)
		for _, k := range all {
			require.NoError(t, left.images.drop(context.Background(), k.ID))
		}
		require.NoError(t, left.Close())
	})
	return e
}

// taskOf returns a task that runs an image archive.
func taskOf(t *testing.T, archive []byte) executor.Task {
	t.Helper()
	return executor.Task{
		ID: "a", ProgramPath: written(t, "image.tar", archive), Fuel: 60 * FuelPerSecond, MemoryBytes: 64 << 20,
		OutputBytes: 4 << 20, OutputFiles: 100, OutputDir: filepath.Join(t.TempDir(), "out"), WallLimit: patience,
	}
}

// finished runs a task to its end.
func finished(t *testing.T, e *Executor, task executor.Task) executor.Result {
	t.Helper()
	require.NoError(t, e.Start(waiting(t), task))
	result, err := e.Wait(waiting(t), task.ID)
	require.NoError(t, err)
	require.NoError(t, e.Destroy(task.ID))
	return result
}

func TestContract(t *testing.T) {
	address := socket(t)
	home := "contract" + time.Now().String()
	executortest.Run(t, executortest.Subject{
		New: func(t *testing.T, slots int) executor.Executor {
			return opened(t, address, func(c *Config) { c.Slots, c.Home = slots, home })
		},
		Quick:   written(t, "quick.tar", guestImage(t, "quick").saved(t)),
		Endless: written(t, "endless.tar", guestImage(t, "endless").saved(t)),
	})
}
