//go:build system

package systemtests

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// smallJob is a job whose program is in the same folder.
const smallJob = `
executor: wasm/1
program: program.wasm
resources: {fuel: 50_000_000, memory: 16MiB, output: 64KiB}
class: cpu-small
reward: 1tfuel
prepare_blocks: 15
`

// endless is a module whose start function loops for ever.
var endless = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x04\x01\x60\x00\x00" + // type: no parameters, no results
	"\x03\x02\x01\x00" + // one function
	"\x05\x03\x01\x00\x01" + // one page of memory
	"\x07\x13\x02\x06_start\x00\x00\x06memory\x02\x00" +
	"\x0a\x09\x01\x07\x00\x03\x40\x0c\x00\x0b\x0b") // loop: br 0

func ignore(client.Progress) {}

func TestEveryJobEndsWithTheRightOutcome(t *testing.T) {
	t.Parallel()
	network := startNetwork(t)
	t.Run("a program that never ends is a result and is paid", func(t *testing.T) {
		job := writeJob(t, smallJob, map[string][]byte{"program.wasm": endless})
		requireResult(t, network, job, manifest.ReasonOutOfFuel)
	})
	t.Run("a program that is none is a result and is paid", func(t *testing.T) {
		// The client refuses such a file, but it cannot check what an address serves.
		none := []byte("\x00asm, and then nothing of the kind")
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(none) }))
		defer server.Close()
		byAddress := fmt.Sprintf("program: {uri: %s/program.wasm, sha256: %x, size: %d}", server.URL, sha256.Sum256(none), len(none))
		requireResult(t, network, writeJob(t, strings.Replace(smallJob, "program: program.wasm", byAddress, 1), nil), manifest.ReasonInvalidProgram)
	})
	t.Run("a run on the requester's machine gives the digest that nodes agree on", func(t *testing.T) {
		requireSameHere(t, network, writeJob(t, fmt.Sprintf(textgen, root(t)), nil))
		requireSameHere(t, network, writeJob(t, smallJob, map[string][]byte{"program.wasm": endless}))
	})
	t.Run("a job that no node takes is not posted", func(t *testing.T) {
		job := writeJob(t, strings.Replace(smallJob, "16MiB", "3GiB", 1), map[string][]byte{"program.wasm": endless})
		_, err := network.Run(t.Context(), devnet.Alice, job, t.TempDir(), ignore)
		require.ErrorIs(t, err, client.ErrNotPostable)
		require.ErrorContains(t, err, "the job fits 0 of 3 live nodes")
		require.ErrorContains(t, err, "3 take at most 2GiB of memory, the job asks for 3GiB", "thetaedge register has declared what the settings say")
	})
	t.Run("an input that is gone ends the job without fault", func(t *testing.T) {
		requireInputUnavailable(t, network, http.NotFound)
	})
	t.Run("an input that is another one ends the job without fault", func(t *testing.T) {
		requireInputUnavailable(t, network, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("something else"))
		})
	})
	t.Run("a cancelled job returns what nobody has earned", func(t *testing.T) { requireCancelled(t, network) })
}

func requireResult(t *testing.T, network *devnet.Devnet, jobFile string, reason manifest.Reason) {
	t.Helper()
	run := follow(t, network, jobFile, ignore)
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
	require.Equal(t, reason, run.Result.Manifest.Reason)
	require.Len(t, paid(run), 3)
	requireProven(t, network, run.Settlement.Receipt)
	requireUnharmed(t, network, run)
}

// requireSameHere runs a job on this machine and then on the network.
func requireSameHere(t *testing.T, network *devnet.Devnet, jobFile string) {
	t.Helper()
	job, err := jobfile.Load(jobFile)
	require.NoError(t, err)
	local, err := client.RunLocal(t.Context(), job, 0, t.TempDir())
	require.NoError(t, err)
	run := follow(t, network, jobFile, ignore)
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
	encoded, err := run.Result.Manifest.Encode()
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(encoded), [sha256.Size]byte(local.Digest))
	require.Equal(t, run.Result.Manifest, local.Manifest)
	requireUnharmed(t, network, run)
}

// requireInputUnavailable posts a job with an input that is only available from an address.
func requireInputUnavailable(t *testing.T, network *devnet.Devnet, serve http.HandlerFunc) {
	t.Helper()
	server := httptest.NewServer(serve)
	defer server.Close()
	promised := []byte("what was promised")
	text := smallJob + fmt.Sprintf("inputs:\n  a.txt: {uri: %s/a.txt, sha256: %x, size: %d}\n", server.URL, sha256.Sum256(promised), len(promised))
	run := follow(t, network, writeJob(t, text, map[string][]byte{"program.wasm": endless}), ignore)
	require.Equal(t, computetypes.JOB_STATUS_FAILED, run.Settlement.Job.Status)
	require.Equal(t, computetypes.CHUNK_STATUS_INPUT_UNAVAILABLE, run.Settlement.Receipt.Status)
	requireUnharmed(t, network, run)

	// All three nodes have reported it, and a node that reports does not earn anything.
	require.True(t, run.Settlement.Paid().IsZero(), "%s", run.Settlement.Paid())
	requireReturned(t, run)
}

// requireReturned requires that everything is refunded that was neither paid nor burned.
func requireReturned(t *testing.T, run *devnet.Run) {
	t.Helper()
	gone := math.ZeroInt()
	if run.Settlement.Receipt != nil {
		gone = run.Settlement.Paid().Amount.Add(run.Settlement.Receipt.Burned)
	}
	require.Equal(t, run.Settlement.Job.TaskReserve.String(), run.Settlement.Refund().Amount.Add(gone).String())
	require.True(t, run.Settlement.Refund().Amount.GTE(params.Tfuel(2)), "%s", run.Settlement.Refund())
}

func requireCancelled(t *testing.T, network *devnet.Devnet) {
	t.Helper()
	c, err := network.Client(t.Context())
	require.NoError(t, err)
	signer, err := network.Signer(devnet.Alice)
	require.NoError(t, err)
	jobFile := writeJob(t, smallJob, map[string][]byte{"program.wasm": endless})
	cancelled := false
	run := follow(t, network, jobFile, func(client.Progress) {
		if cancelled {
			return
		}
		cancelled = true
		answer, err := computetypes.NewQueryClient(network.Conn()).Jobs(t.Context(), &computetypes.QueryJobsRequest{Requester: signer.Address().String()})
		require.NoError(t, err)
		require.NotEmpty(t, answer.Jobs)
		_, err = c.Cancel(t.Context(), signer, answer.Jobs[len(answer.Jobs)-1].Id)
		require.NoError(t, err)
	})
	require.Equal(t, computetypes.JOB_STATUS_CANCELLED, run.Settlement.Job.Status)
	require.Nil(t, run.Result)
	requireUnharmed(t, network, run)
	requireReturned(t, run)
}
