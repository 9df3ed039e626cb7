package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnfinishedWorkBindsTheJournalToItsChain(t *testing.T) {
	j := openJournal(t)
	require.NoError(t, j.Bind("theta-1"))
	require.NoError(t, j.Bind("theta-1"))
	key := Key{"job", 0, 0}
	bring(t, j, key, PhaseCommitted)
	err := j.Bind("theta-2")
	require.ErrorIs(t, err, ErrOtherChain)
	require.ErrorContains(t, err, "theta-1")
	require.ErrorContains(t, err, "chain.grpc")
	_, err = j.Advance(key, PhaseCommitted, PhaseSettled, nil)
	require.NoError(t, err)
	require.NoError(t, j.Bind("theta-2"), "nothing is at stake any more")
}
