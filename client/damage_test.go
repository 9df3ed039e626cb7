package client

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestADamagedFileOfAJobIsCopiedBeforeAnybodyIsToldToMoveIt(t *testing.T) {
	for name, c := range map[string]struct {
		file  string
		bytes []byte
		open  func(dir string) error
		stake string
	}{
		"state": {StateFile, []byte(`{"version":1,"token":"abc`), func(dir string) error {
			_, err := LoadState(dir)
			return err
		}, "the only token that opens the results"},
		"receipts": {ReceiptsFile, binary.BigEndian.AppendUint32(nil, maxReceiptBytes+1), func(dir string) error {
			_, err := openReceiptLog(dir)
			return err
		}, "those that it still keeps"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, c.file)
		require.NoError(t, os.WriteFile(path, c.bytes, 0o600), name)
		err := c.open(dir)
		require.ErrorContains(t, err, "damaged", name)
		require.ErrorContains(t, err, c.stake, name)
		copies, globErr := filepath.Glob(path + ".damaged-*")
		require.NoError(t, globErr, name)
		require.Len(t, copies, 1, name)
		require.ErrorContains(t, err, copies[0], name)
		kept, readErr := os.ReadFile(copies[0])
		require.NoError(t, readErr, name)
		require.Equal(t, c.bytes, kept, name)
	}
}

func TestAFileOfAJobThatCannotBeReadIsNotDamaged(t *testing.T) {
	for name, open := range map[string]func(dir string) error{
		StateFile: func(dir string) error {
			_, err := LoadState(dir)
			return err
		},
		ReceiptsFile: func(dir string) error {
			_, err := openReceiptLog(dir)
			return err
		},
	} {
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		err := open(dir)
		require.ErrorContains(t, err, "a folder where a file was", name)
		require.NotContains(t, err.Error(), "damaged", name)
		require.NotContains(t, err.Error(), "move", name)
	}
}

func TestReceiptsAreReadFromAFolderThatTakesNoWrites(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ReceiptsFile)
	require.NoError(t, os.WriteFile(path, nil, 0o400))
	before, err := os.Stat(path)
	require.NoError(t, err)
	_, err = openReceiptLog(dir)
	require.NoError(t, err)
	after, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, before.ModTime(), after.ModTime(), "reading whole receipts writes nothing")
}

// A node's answer must not make the folder unreadable.
func TestAReceiptThatIsTooLargeIsNotKept(t *testing.T) {
	dir := t.TempDir()
	log, err := openReceiptLog(dir)
	require.NoError(t, err)
	huge := computetypes.Receipt{JobId: testJob, Task: 1, SpecDigest: make([]byte, maxReceiptBytes)}
	require.Error(t, log.add([]computetypes.Receipt{{JobId: testJob}, huge}))
	again, err := openReceiptLog(dir)
	require.NoError(t, err)
	require.Empty(t, again.tasks)
	require.NoError(t, log.add([]computetypes.Receipt{{JobId: testJob}}))
	again, err = openReceiptLog(dir)
	require.NoError(t, err)
	require.Len(t, again.tasks, 1, "what was refused with it is kept when it comes again")
}
