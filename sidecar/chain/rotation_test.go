package chain

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
)

// TestARotationCanBeInterruptedAfterEachStepAndLosesNoKey: the chain may have the new key at any of them.
func TestARotationCanBeInterruptedAfterEachStepAndLosesNoKey(t *testing.T) {
	params.SetSDKDefaults()
	cdc, err := NewCodec()
	require.NoError(t, err)
	home := t.TempDir()
	ring, err := OpenKeyring(KeyringConfig{Dir: home, Backend: "test"}, cdc)
	require.NoError(t, err)
	worker := func() string {
		name, err := WorkerName(home)
		require.NoError(t, err)
		signer, err := NewSigner(ring, name)
		require.NoError(t, err)
		return signer.Address().String()
	}
	_, err = CreateWorkerKey(ring)
	require.NoError(t, err)
	var all []string
	for range 3 {
		old := worker()
		all = append(all, old)
		require.ErrorIs(t, AdoptWorkerKey(ring, home), ErrNoKey)
		waiting, err := WaitingWorkerKey(ring, home)
		require.NoError(t, err)
		require.Nil(t, waiting)
		next, err := NextWorkerKey(ring, home)
		require.NoError(t, err)
		again, err := NextWorkerKey(ring, home)
		require.NoError(t, err)
		require.Equal(t, next, again, "the key that the chain may have already is not replaced by a third one")
		require.Equal(t, old, worker(), "it signs until the chain has the new one")
		// An interruption in the middle leaves a part of the new file.
		require.NoError(t, os.WriteFile(filepath.Join(home, WorkerFile+".new"), []byte("work"), 0o600))
		require.Equal(t, old, worker())
		require.NoError(t, AdoptWorkerKey(ring, home))
		require.Equal(t, next.String(), worker())
	}
	for _, address := range all {
		_, err := NewSigner(ring, address)
		require.NoError(t, err, "its account may hold coins")
	}
}

func TestAFileThatNamesNoWorkerKeyIsNotGuessed(t *testing.T) {
	home := t.TempDir()
	for _, text := range []string{"", "operator", "worker-1", "worker-02", "worker--2", "worker-99999999999", "../worker"} {
		require.NoError(t, os.WriteFile(filepath.Join(home, WorkerFile), []byte(text), 0o600))
		_, err := WorkerName(home)
		require.ErrorContains(t, err, "register --rotate", text)
	}
}
