//go:build system

package systemtests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestArraysRunUnderEveryPolicy(t *testing.T) {
	t.Parallel()
	network := startNetwork(t)
	t.Run("each task has its own input and is audited", func(t *testing.T) {
		// Each task takes two of the network's slots, and waits for the second one while it holds
		// the first. Many tasks at once could wait for each other.
		a := newArray(t, network, 2)
		a.spec.Policy = computetypes.Policy{Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: computetypes.BasisPoints, Auditors: 1}
		for task, paid := range a.run() {
			require.Equal(t, 2, paid, "the node drawn first and an auditor for task %d", task)
		}
	})
	t.Run("nodes take its tasks in chunks", func(t *testing.T) {
		a := newArray(t, network, 20)
		a.spec.Policy = computetypes.Policy{Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: computetypes.BasisPoints, Auditors: 1}
		a.spec.ChunkTasks = 8
		job := a.untilEnded()
		requireUnharmed(t, a.network, &devnet.Run{Settlement: &client.Settlement{}})
		for first := uint64(0); first < 20; first += 8 {
			a.requireChunk(job, first, min(8, 20-first))
		}
	})
	t.Run("the requester trusts the node that it names", func(t *testing.T) {
		a := newArray(t, network, 6)
		a.spec.Policy = computetypes.Policy{
			Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, ReviewBlocks: 5, Node: network.Nodes()[0].Operator,
		}
		for task, paid := range a.run() {
			require.Equal(t, 1, paid, "task %d", task)
		}
	})
}

// array is a job of several tasks on a devnet.
type array struct {
	t       *testing.T
	network *devnet.Devnet
	relay   *transfer.Client
	token   blob.Token
	spec    computetypes.JobSpec
}

// newArray uploads a program that never ends, and an input for each of n tasks.
func newArray(t *testing.T, network *devnet.Devnet, n int) *array {
	t.Helper()
	relay, err := transfer.NewClient(transfer.ClientConfig{Relay: network.Relay()})
	require.NoError(t, err)
	put := func(content []byte) blob.Digest {
		digest, err := relay.PutBlob(t.Context(), bytes.NewReader(content), int64(len(content)))
		require.NoError(t, err)
		return digest
	}
	var items []blob.ArrayItem
	for i := range n {
		content := fmt.Appendf(nil, "input of task %d", i)
		items = append(items, blob.ArrayItem{Digest: put(content), Size: uint64(len(content))})
	}
	file, root, err := blob.EncodeArray(items)
	require.NoError(t, err)
	token, err := blob.NewToken()
	require.NoError(t, err)
	box, err := blob.BoxOf(token)
	require.NoError(t, err)
	program := put(endless)
	return &array{t: t, network: network, relay: relay, token: token, spec: computetypes.JobSpec{
		Executor: "wasm/1", Class: "cpu-small", Tasks: uint64(n), Args: []string{"--task={task}"},
		Program:    computetypes.Blob{Sha256: program[:], Size_: uint64(len(endless)), Uris: []string{relay.BlobURL(program)}},
		Resources:  computetypes.Resources{Fuel: 20_000_000, MemoryBytes: 16 << 20, OutputBytes: 64 << 10},
		Reward:     params.TfuelCoin(1),
		ArrayInput: &computetypes.ArrayInput{Path: "own.txt", Root: root[:], Count: uint64(n), MaxBytes: 100, Uris: []string{relay.ArrayURL(put(file))}},
		Sink:       relay.TaskBoxesURL(box), PrepareBlocks: 15, CommitBlocks: 60, LifetimeBlocks: 2000,
	}}
}

// run posts the array, follows it to its end, and checks that every task was paid and
// delivered. It returns how many replicas of each task were paid.
func (a *array) run() map[uint64]int {
	t := a.t
	t.Helper()
	job := a.untilEnded()
	paid := a.outcomes(job.Id)
	for task := range a.spec.Tasks {
		require.NotZero(t, paid[task], "task %d", task)
		drops, err := a.relay.ForTask(task).ListDrops(t.Context(), a.token)
		require.NoError(t, err)
		require.Len(t, drops, 2, "task %d: the result manifest and the trace, since programs that fail have no outputs", task)
	}
	requireUnharmed(t, a.network, &devnet.Run{Settlement: &client.Settlement{}})
	return paid
}

// requireChunk checks that a replica and an auditor of a chunk were paid for what they have
// executed, and that the relay has the results of all its tasks.
func (a *array) requireChunk(job computetypes.Job, first, count uint64) {
	t := a.t
	t.Helper()
	var all, samples work
	require.Eventually(t, func() bool {
		all, samples = work{}, work{}
		for _, node := range a.network.Nodes() {
			for _, w := range a.assignments(node, job.Id) {
				switch {
				case w.Task != first || w.Phase != "settled":
				case w.Tasks == count && w.Delivery == "delivered":
					all = w
				default:
					samples = w
				}
			}
		}
		return all.Outcome == "paid" && samples.Outcome == "paid"
	}, time.Minute, time.Second, "every node knows how its work ended: %v %v", all, samples)
	require.Equal(t, min(uint64(4), count), samples.Tasks)
	require.Empty(t, samples.Delivery)
	relay := a.relay.ForTask(first)
	drops, err := relay.ListDrops(t.Context(), a.token)
	require.NoError(t, err)
	found := false
	for _, drop := range drops {
		if drop.Size < int64(blob.MinIndexBytes) || drop.Size > int64(blob.MaxIndexBytes) {
			continue
		}
		var content bytes.Buffer
		_, err := relay.GetDrop(t.Context(), a.token, drop.Digest, drop.Size, &content)
		require.NoError(t, err)
		index, ok := blob.DecodeIndex(content.Bytes())
		if !ok {
			continue
		}
		found = true
		require.Len(t, index.Leaves, int(count))
		for _, leaf := range index.Leaves {
			require.Equal(t, uint32(math.MaxUint32), leaf.ExitCode, "out of fuel")
			require.Equal(t, a.spec.Resources.Fuel, leaf.Fuel)
		}
	}
	require.True(t, found, "the index is among %d drops", len(drops))
}

// untilEnded posts the array, follows it to its end, and checks that every task was accepted.
func (a *array) untilEnded() computetypes.Job {
	t := a.t
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	job := a.post(ctx)
	for !job.Ended() {
		select {
		case <-ctx.Done():
			t.Fatalf("%d of %d tasks ended\n%v", job.TasksEnded, job.Tasks, a.network.Logs())
		case <-time.After(time.Second):
		}
		job = a.job(ctx, job.Id)
	}
	require.Equal(t, computetypes.JOB_STATUS_COMPLETED, job.Status)
	require.Equal(t, a.spec.Tasks, job.TasksAccepted)
	return job
}

func (a *array) post(ctx context.Context) computetypes.Job {
	signer, err := a.network.Signer(devnet.Alice)
	require.NoError(a.t, err)
	c, err := a.network.Client(ctx)
	require.NoError(a.t, err)
	alice := a.network.Address(devnet.Alice)
	_, err = c.Execute(ctx, signer, &computetypes.MsgPostJob{Requester: alice, Spec: a.spec})
	require.NoError(a.t, err)
	answer, err := computetypes.NewQueryClient(a.network.Conn()).Jobs(ctx, &computetypes.QueryJobsRequest{Requester: alice})
	require.NoError(a.t, err)
	return answer.Jobs[len(answer.Jobs)-1]
}

func (a *array) job(ctx context.Context, id string) computetypes.Job {
	answer, err := computetypes.NewQueryClient(a.network.Conn()).Job(ctx, &computetypes.QueryJobRequest{JobId: id})
	require.NoError(a.t, err)
	return answer.Job
}

// outcomes counts the paid replicas of each task, as the nodes know them from the events of
// blocks: the chain does not store receipts of arrays.
func (a *array) outcomes(id string) map[uint64]int {
	var paid map[uint64]int
	require.Eventually(a.t, func() bool {
		paid = map[uint64]int{}
		for _, node := range a.network.Nodes() {
			for _, w := range a.assignments(node, id) {
				switch w.Phase {
				case "released":
				case "settled":
					require.Equal(a.t, "paid", w.Outcome, "%s: %+v", node.Name, w)
					require.Equal(a.t, uint32(math.MaxUint32), w.ExitCode, "out of fuel")
					paid[w.Task]++
				default:
					return false
				}
			}
		}
		return true
	}, time.Minute, time.Second, "every node knows how its work ended")
	return paid
}

// work is an assignment in the output of `thetaedge jobs`.
type work struct {
	JobID    string `json:"job_id"`
	Task     uint64 `json:"task,string"`
	Phase    string `json:"phase"`
	Outcome  string `json:"outcome"`
	Note     string `json:"last_error"`
	ExitCode uint32 `json:"exit_code"`
	Tasks    uint64 `json:"tasks,string"`
	Delivery string `json:"delivery"`
}

func (a *array) assignments(node devnet.Node, id string) []work {
	out, err := exec.CommandContext(a.t.Context(), filepath.Join(root(a.t), "build", "thetaedge"),
		"jobs", "--home", node.Home(), "--json", "--limit", "500").Output()
	require.NoError(a.t, err)
	var answer struct {
		Assignments []work `json:"assignments"`
	}
	require.NoError(a.t, json.Unmarshal(out, &answer))
	var found []work
	for _, w := range answer.Assignments {
		if w.JobID == id {
			found = append(found, w)
		}
	}
	return found
}
