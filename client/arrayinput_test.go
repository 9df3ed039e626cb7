package client

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/jobfile"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// minimalJob is a job file with the fields that every job needs.
const minimalJob = "executor: wasm/1\nprogram: p.wasm\nclass: c\nreward: 1tfuel\nresources: {fuel: 1, memory: 1MiB, output: 1}\n"

// packedArray is a job with a file for each of n tasks.
func packedArray(t *testing.T, relay string, n int, more string) (*Packed, error) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "items"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.wasm"), []byte(tinyProgram), 0o600))
	for i := range n {
		path := filepath.Join(dir, "items", fmt.Sprintf("%04d.txt", i))
		require.NoError(t, os.WriteFile(path, inputOf(i), 0o600))
	}
	text := minimalJob + "args: ['--task={task}']\narray_input: {path: item.txt, folder: items}\nrelay: " + relay + "\n" + more
	require.NoError(t, os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(text), 0o600))
	job, err := jobfile.Load(filepath.Join(dir, "job.yaml"))
	require.NoError(t, err)
	return Pack(job)
}

// inputOf is the same for every seventh task.
func inputOf(task int) []byte { return fmt.Appendf(nil, "input %d", task%7) }

func get(t *testing.T, address string) []byte {
	t.Helper()
	response, err := http.Get(address) //nolint:noctx // the test's own relay
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode, address)
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return content
}

// Whatever a node asks the relay for leads from the root on chain to the content of
// its task.
func TestEveryTaskFindsItsInputWithItsProof(t *testing.T) {
	const tasks = 11
	packed, err := packedArray(t, startRelay(t), tasks, "")
	require.NoError(t, err)
	require.NoError(t, packed.Upload(t.Context()))
	require.EqualValues(t, tasks, packed.Spec.Tasks)
	require.Contains(t, packed.Spec.Sink, "/tasks/{task}")
	array := packed.Spec.ArrayInput
	require.NotNil(t, array)
	require.EqualValues(t, 7, array.MaxBytes)

	for task := range uint64(tasks) {
		proof, err := computetypes.ParseInputProof(get(t, computetypes.ProofURI(array.Uris[0], task)))
		require.NoError(t, err)
		require.NoError(t, proof.Verify(array, task))
		require.Error(t, proof.Verify(array, (task+1)%tasks))
		require.Equal(t, inputOf(int(task)), get(t, computetypes.ContentURI(array.Uris[0], proof.Sha256)))
	}
}

func TestArraysNeedAFileForEachTask(t *testing.T) {
	const relay = "http://127.0.0.1:7070"
	packed, err := packedArray(t, relay, 5, "tasks: 3")
	require.NoError(t, err, "files may be left over for a top-up")
	require.EqualValues(t, 3, packed.Spec.Tasks)
	require.EqualValues(t, 5, packed.Spec.ArrayInput.Count)

	_, err = packedArray(t, relay, 5, "tasks: 6")
	require.ErrorContains(t, err, "expected one input per task")
	_, err = packedArray(t, relay, 0, "")
	require.ErrorContains(t, err, "found 0")
}
