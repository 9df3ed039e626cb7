package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/thetaedge/theta/internal/private"
)

// noDamage requires an error that does not tell the owner to give up the journal.
func noDamage(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrDamaged)
	for _, advice := range []string{"move the file", "delete", "damaged"} {
		require.NotContains(t, err.Error(), advice)
	}
}

// copies returns the backups in the folder of a journal.
func copies(t *testing.T, home string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(home, FileName+".damaged-*"))
	require.NoError(t, err)
	return found
}

func TestWhatTheSystemRefusesIsNoDamage(t *testing.T) {
	home, raw := filledHome(t)
	path := filepath.Join(home, FileName)
	for _, refusal := range []error{
		syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT, syscall.EMFILE, syscall.ENFILE,
		syscall.EFBIG, syscall.ENOMEM, syscall.ENOLCK, syscall.EIO, syscall.ESTALE, syscall.EISDIR,
	} {
		err := refused(home, path, &fs.PathError{Op: "open", Path: path, Err: refusal})
		noDamage(t, err)
		require.ErrorIs(t, err, refusal)
		require.ErrorContains(t, err, path)
	}
	require.Empty(t, copies(t, home))
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, raw, after)
}

func TestAJournalOfAnotherVersionIsNoDamage(t *testing.T) {
	home, _ := filledHome(t)
	err := refused(home, filepath.Join(home, FileName), bolterrors.ErrVersionMismatch)
	noDamage(t, err)
	require.ErrorIs(t, err, ErrNewerSchema)
	require.ErrorContains(t, err, "run that one")
}

func TestALockedJournalIsNoDamageAndNamesWhoHoldsIt(t *testing.T) {
	home, _ := filledHome(t)
	holder, err := Open(home, nil)
	require.NoError(t, err)
	defer holder.Close()
	_, err = Open(home, nil)
	noDamage(t, err)
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, "works with this home")
}

func TestAFolderInPlaceOfTheJournalIsNoDamage(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, FileName), 0o700))
	_, err := Open(home, nil)
	noDamage(t, err)
	require.ErrorIs(t, err, syscall.EISDIR)
}

func TestAWriteThatTheSystemRefusesSaysSo(t *testing.T) {
	j := openJournal(t)
	err := j.write(func(*bbolt.Tx) error { return &fs.PathError{Op: "write", Path: j.path, Err: syscall.ENOSPC} })
	noDamage(t, err)
	require.ErrorContains(t, err, "make room")
	other := errors.New("no such thing")
	require.Equal(t, other, j.write(func(*bbolt.Tx) error { return other }))
}

func TestADamagedJournalIsCopiedAndSaysWhatIsAtStake(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, FileName)
	j, err := Open(home, nil)
	require.NoError(t, err)
	for task := range uint64(3) {
		bring(t, j, Key{"job", task, 0}, PhaseCommitted)
	}
	bring(t, j, Key{"job", 3, 0}, PhaseSettled)
	raw, err := Key{"job", 9, 0}.bytes()
	require.NoError(t, err)
	require.NoError(t, j.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(assignmentsBucket)).Put(raw, []byte("{"))
	}))
	require.NoError(t, j.Close())
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	for range 3 {
		_, err = Open(home, nil)
		require.ErrorIs(t, err, ErrDamaged)
	}
	require.Len(t, copies(t, home), 1, "a daemon that is started again and again makes one copy")
	require.ErrorContains(t, err, copies(t, home)[0])
	require.ErrorContains(t, err, "3 such assignments can still be read")
	require.ErrorContains(t, err, "costs a part of the bond")
	kept, err := os.ReadFile(copies(t, home)[0])
	require.NoError(t, err)
	require.Equal(t, before, kept)
	require.NoError(t, private.Check(copies(t, home)[0]), "salts are for the owner's eyes")
}
