package chain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
)

// TestARotationCanBeInterruptedAfterEachStepAndLosesNoKey: the chain may have the new key at any of them.
func TestARotationCanBeInterruptedAfterEachStepAndLosesNoKey(t *testing.T) {
	params.SetSDKDefaults()
	cdc, err := NewCodec()
	require.NoError(t, err)
	for _, renamed := range []bool{false, true} {
		ring, err := OpenKeyring(KeyringConfig{Dir: t.TempDir(), Backend: "test"}, cdc)
		require.NoError(t, err)
		old, err := CreateWorkerKey(ring)
		require.NoError(t, err)
		require.ErrorIs(t, AdoptWorkerKey(ring), ErrNoKey)
		next, err := NextWorkerKey(ring)
		require.NoError(t, err)
		again, err := NextWorkerKey(ring)
		require.NoError(t, err)
		require.Equal(t, next, again, "the key that the chain may have already is not replaced by a third one")
		signer, err := NewSigner(ring, WorkerKey)
		require.NoError(t, err)
		require.Equal(t, old, signer.Address(), "it signs until the chain has the new one")
		resumed, err := ResumeRotation(ring)
		require.NoError(t, err)
		require.False(t, resumed)
		if renamed {
			require.NoError(t, ring.Rename(WorkerKey, oldWorkerKey+old.String()))
			resumed, err := ResumeRotation(ring)
			require.NoError(t, err)
			require.True(t, resumed)
		} else {
			require.NoError(t, AdoptWorkerKey(ring))
		}
		signer, err = NewSigner(ring, WorkerKey)
		require.NoError(t, err)
		require.Equal(t, next, signer.Address())
		kept, err := NewSigner(ring, old.String())
		require.NoError(t, err)
		require.Equal(t, old, kept.Address(), "its account may hold coins")
		third, err := NextWorkerKey(ring)
		require.NoError(t, err)
		require.NotEqual(t, next, third)
	}
}
