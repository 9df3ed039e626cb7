package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// filledHome creates a home folder with a journal of a few hundred records. It returns the
// bytes of the journal.
func filledHome(t *testing.T) (home string, raw []byte) {
	t.Helper()
	home = t.TempDir()
	j, err := Open(home, nil)
	require.NoError(t, err)
	require.NoError(t, j.Update(func(tx *Tx) error {
		for n := range uint64(400) {
			if err := tx.Put(Assignment{Key: Key{"job", n, 0}, Phase: PhaseClaimed, LastError: string(make([]byte, 200))}); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, j.Close())
	raw, err = os.ReadFile(filepath.Join(home, FileName))
	require.NoError(t, err)
	return home, raw
}

func TestAJournalThatWasCutShortIsNamedAndDoesNotEndTheProcess(t *testing.T) {
	home, raw := filledHome(t)
	path := filepath.Join(home, FileName)
	for _, size := range []int{1, 4096, 8192, 12288, len(raw) / 4, len(raw) / 2, len(raw) - 4096} {
		require.NoError(t, os.WriteFile(path, raw[:size], 0o600))
		j, err := Open(home, nil)
		if err == nil {
			// Only free pages are missing.
			list, err := j.List(Filter{})
			require.NoError(t, err)
			require.Len(t, list, 400)
			require.NoError(t, j.Close())
			continue
		}
		require.ErrorIs(t, err, ErrDamaged, "cut to %d of %d bytes", size, len(raw))
	}
	require.NoError(t, os.WriteFile(path, raw[:len(raw)/4], 0o600))
	_, err := Open(home, nil)
	require.ErrorContains(t, err, "move the file away")
}

func TestAJournalWithAPageOfNothingIsNamed(t *testing.T) {
	home, raw := filledHome(t)
	path := filepath.Join(home, FileName)
	refused := 0
	for page := 2; page < min(len(raw)/4096, 40); page++ {
		bad := append([]byte{}, raw...)
		clear(bad[page*4096 : (page+1)*4096])
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		j, err := Open(home, nil)
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged, "page %d", page)
			refused++
			continue
		}
		require.NoError(t, j.Close())
	}
	require.Positive(t, refused)
}
