package rehearsal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/jobfile"
)

func TestTheProgramCopiesItsInputWithinTheBoundsOfTheJob(t *testing.T) {
	dir := t.TempDir()
	content := []byte("self-test\n")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "program.wasm"), program(), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, inputName), content, 0o600))
	local, err := client.RunLocal(t.Context(), jobfile.Job{
		Executor: "wasm/1", Program: jobfile.Content{Path: filepath.Join(dir, "program.wasm")},
		Inputs:    map[string]jobfile.Content{inputName: {Path: filepath.Join(dir, inputName)}},
		Resources: jobfile.Resources{Fuel: fuel, Memory: memory, Output: outputs},
		Class:     "cpu-small", Policy: jobfile.Policy{Trust: jobfile.AnyNode, ReviewBlocks: reviewBlocks}, Tasks: 1,
		Reward: jobfile.Reward{Coin: params.TfuelCoin(1)}, PrepareBlocks: prepareBlocks, CommitBlocks: commitBlocks, LifetimeBlocks: lifetimeBlocks,
	}, 0, filepath.Join(dir, "out"))
	require.NoError(t, err)
	require.Zero(t, local.Manifest.ExitCode, "%s %s", local.Manifest.Reason, local.Report.Detail)
	for _, file := range local.Manifest.Files {
		if file.Path == outputName {
			found, err := os.ReadFile(local.Path(file))
			require.NoError(t, err)
			require.Equal(t, content, found)
			return
		}
	}
	t.Fatalf("expected a file %s, found %v", outputName, local.Manifest.Files)
}
