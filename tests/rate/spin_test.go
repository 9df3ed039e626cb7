package rate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client"
)

func TestTheProgramTurnsAsOftenAsItIsTold(t *testing.T) {
	program := filepath.Join(t.TempDir(), "spin.wasm")
	require.NoError(t, os.WriteFile(program, Spin(), 0o600))
	for _, turns := range []uint64{1, 10, 123_456, 20_000_000} {
		job, err := Load{Tasks: 3, Turns: turns, Loose: 1}.job(program, "")
		require.NoError(t, err)
		local, err := client.RunLocal(t.Context(), job, 2, t.TempDir())
		require.NoError(t, err)
		require.Equal(t, int32(0), local.Manifest.ExitCode, "%+v", local.Report)
		out, err := os.ReadFile(filepath.Join(local.Dir, "stdout"))
		require.NoError(t, err)
		require.Equal(t, SpinOutput(turns, "2"), out)
		require.LessOrEqual(t, local.Report.FuelUsed, SpinFuel(turns))
		require.Greater(t, local.Report.FuelUsed+2*fuelAround, SpinFuel(turns), "the bound is tight")
		t.Log(turns, local.Report.FuelUsed, local.Report.WallTime)
	}
}
