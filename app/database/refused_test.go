package database_test

import (
	"os"
	"path/filepath"
	"testing"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/database"
)

func TestADatabaseThatDoesNotOpenSaysWhetherItIsTakenOrRefused(t *testing.T) {
	dir := t.TempDir()
	first, err := database.OpenIn("application", dbm.PebbleDBBackend, dir)
	require.NoError(t, err)
	defer first.Close()

	plain := filepath.Join(dir, "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	_, err = database.OpenIn("application", dbm.PebbleDBBackend, plain)
	require.ErrorContains(t, err, "a file where a folder was expected")
	require.NotContains(t, err.Error(), "process")
}
