package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/store"
)

func TestWhatIsShunnedOutlivesARestart(t *testing.T) {
	home := t.TempDir()
	journal, err := store.Open(home, nil)
	require.NoError(t, err)
	first := store.Shun{Name: "program/aa", Until: 7, Times: 2, Reason: "it has ended a worker"}
	require.NoError(t, journal.Update(func(tx *store.Tx) error {
		for _, s := range []store.Shun{{Name: "requester/bb", Until: 9}, {Name: first.Name, Until: 1}, first} {
			if err := tx.PutShun(s); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, journal.Close())
	journal, err = store.Open(home, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, journal.Close()) })
	list, err := journal.Shuns()
	require.NoError(t, err)
	require.Equal(t, []store.Shun{first, {Name: "requester/bb", Until: 9}}, list)
	require.NoError(t, journal.Update(func(tx *store.Tx) error { return tx.DeleteShun(first.Name) }))
	list, err = journal.Shuns()
	require.NoError(t, err)
	require.Len(t, list, 1)
}
