//go:build !race

package worker

import (
	"errors"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/tensor/backend"
)

func TestADeviceThatMustNotBeUsedTakesItsExecutorOutOfWorkUntilItIsWell(t *testing.T) {
	uuid := lavapipe(t)
	parsed, err := backend.ParseChoice(uuid)
	require.NoError(t, err)
	var ill atomic.Bool
	cfg := config(t)
	cfg.Profile, cfg.MemoryBytes, cfg.StreamBytes = "tensor/1", 2<<30, 1<<16
	cfg.Tensors = &Tensors{Choice: parsed, Bytes: 256 << 20, Health: func(d backend.Device) error {
		if ill.Load() {
			return errors.New("its fan stands still; clean it: " + d.UUID)
		}
		return nil
	}}
	e := open(t, cfg)
	_, chosen := e.Chosen()
	require.False(t, chosen, "nothing was started")
	require.Equal(t, executor.Healthy, e.Fingerprint(t.Context()).Health)
	found, chosen := e.Chosen()
	require.True(t, chosen)
	require.Equal(t, uuid, "vulkan:"+found.UUID)

	_, checked := e.pool.devices.known()
	require.True(t, checked)

	ill.Store(true)
	f := e.Fingerprint(t.Context())
	require.Equal(t, executor.Unhealthy, f.Health)
	require.Contains(t, f.Detail, "its fan stands still; clean it: "+found.UUID)
	task := taskOf(t, multiply(t, 1))
	require.ErrorIs(t, e.Start(t.Context(), task), executor.ErrUnavailable)

	ill.Store(false)
	require.Equal(t, executor.Healthy, e.Fingerprint(t.Context()).Health)
	_, checked = e.pool.devices.known()
	require.False(t, checked, "it has to give the published vectors again")
	_, err = run(t, e, task)
	require.NoError(t, err)
	_, checked = e.pool.devices.known()
	require.True(t, checked)
}

func TestDevicesAreListedByAConfinedProcess(t *testing.T) {
	lavapipe(t)
	cfg := config(t)
	cfg.Profile, cfg.MemoryBytes, cfg.StreamBytes, cfg.Dir = "tensor/1", 1<<30, 1<<16, filepath.Join(t.TempDir(), "listing")
	found, err := List(waiting(t), cfg)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(found, func(d backend.Device) bool { return d.Kind == "processor" }), "%v", found)
	require.NoDirExists(t, cfg.Dir)
}
