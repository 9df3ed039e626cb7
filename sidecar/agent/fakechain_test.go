package agent

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	testChainID = "theta-test-1"
	// ages is a number of blocks that even a test on a very busy machine does not reach.
	ages = 1 << 30
	// postedHeight is the height at which jobs are posted.
	postedHeight = 5
)

// fakeChain runs real rounds in memory: the state machine of x/compute decides what this node
// and the other nodes may do. It contains neither stores nor consensus, and everything outside
// of tasks is set by the test.
type fakeChain struct {
	t        *testing.T
	mu       sync.Mutex
	height   int64
	operator sdk.AccAddress
	worker   sdk.AccAddress
	// granter is whose grant pays.
	granter sdk.AccAddress
	slots   uint32
	params  computetypes.Params
	tasks   []*fakeTask
	// journal is the journal of this node. Honest nodes take their results from it.
	journal *store.Journal
	// twin is the journal of another machine with this node's key. It may be nil.
	twin *store.Journal
	// nodes contains the other nodes. The first ones are the replicas of first rounds. The
	// others are auditors and the nodes of further rounds.
	nodes []sdk.AccAddress
	// liars contains the nodes that report a different result.
	liars map[string]bool
	// auditorsLie means that all auditors report a different result.
	auditorsLie bool
	// othersCommit reports whether the other nodes commit as soon as this node has.
	othersCommit bool
	// auditSeedsLate means that the seeds of audits are not known yet.
	auditSeedsLate bool
	// queueStuck means that the queue does not visit tasks, as in a chain with very many tasks
	// that are due.
	queueStuck bool
	// watched reports whether an agent runs, and seen is the last height that it asked for.
	watched bool
	seen    int64
	// patientWith is a task shortly before whose commit deadline no block is made until this node has
	// committed. It is for tests in which the node commits shortly before its deadline.
	patientWith *fakeTask
	// page is the size of the pages of draws.
	page int
	// ended contains the receipts in the events of each block.
	ended map[int64][]computetypes.Receipt
	// noResults means that the node does not keep the results of blocks.
	noResults bool
	// refuse makes the items of this action fail.
	refuse  chain.Action
	batches []chain.Batch
	claims  int
	crash   *crash
	fatal   bool
	// leaseBlocks is 0 on a chain on which leases do not need to be renewed.
	leaseBlocks, leaseEnd int64
	// minVersion is the oldest version that the chain asks for.
	minVersion string
	status     edgenodetypes.NodeStatus
	renewals   int
	// yields counts the yields of this node, of which the first ones are excused.
	yields    edgenodetypes.NodeState
	maxYields uint32
	// grant pays the fees. Its zero value has no limit.
	grant    chain.Grant
	grantErr error
	// feesLeft is the amount that the owner allows today. nil means no limit.
	feesLeft *math.Int
}

func newFakeChain(t *testing.T) *fakeChain {
	params.SetSDKDefaults()
	c := &fakeChain{
		t: t, height: 10, status: edgenodetypes.NODE_STATUS_ACTIVE, slots: 4, othersCommit: true, leaseEnd: ages, maxYields: 4,
		operator: sdk.AccAddress(bytes.Repeat([]byte{1}, 20)),
		worker:   sdk.AccAddress(bytes.Repeat([]byte{2}, 20)),
		params:   computetypes.DefaultParams(), liars: map[string]bool{},
		crash: &crash{left: -1},
		page:  200, ended: map[int64][]computetypes.Receipt{},
	}
	c.params.ClaimBlocks, c.params.RevealBlocks, c.params.SeedTimeoutBlocks = 10, ages, ages
	c.params.MaxWaitBlocks = ages
	c.params.MaxDraws, c.params.Escalation, c.params.AuditFloorBps = 5, []uint32{3, 3}, 0
	for n := range 20 {
		c.nodes = append(c.nodes, sdk.AccAddress(bytes.Repeat([]byte{byte(10 + n)}, 20)))
	}
	return c
}

var (
	quorum  = computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3}
	audited = computetypes.Policy{Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 10_000, Auditors: 2}
)

// alone returns a policy under which only this node works. The requester may reject the result
// in a number of blocks.
func (c *fakeChain) alone(reviewBlocks uint64) computetypes.Policy {
	return computetypes.Policy{
		Kind: computetypes.POLICY_KIND_TRUST, Replicas: 1, Node: c.operator.String(), ReviewBlocks: reviewBlocks,
	}
}

// post adds a job whose program is on the web. Without a change of its policy, the job names
// this node. Its first draw starts when the chain next visits it.
func (c *fakeChain) post(web *fakeWeb, n int, change ...func(*fakeTask)) *fakeTask {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.add(web, n, change...)
}

func (c *fakeChain) add(web *fakeWeb, n int, change ...func(*fakeTask)) *fakeTask {
	program := []byte(fmt.Sprintf("program %d", n))
	digest := blob.DigestOf(program)
	address := fmt.Sprintf("http://relay.example/v1/blobs/%s", digest)
	web.set(func(w *fakeWeb) { w.content[address] = program })
	task := &fakeTask{
		ref: computetypes.ChunkRef{JobId: jobID(n)}, requester: sdk.AccAddress(bytes.Repeat([]byte{3}, 20)).String(),
		spec: computetypes.JobSpec{
			Executor: "wasm/1", Class: "cpu-small",
			Program:   computetypes.Blob{Sha256: digest[:], Size_: uint64(len(program)), Uris: []string{address}},
			Resources: computetypes.Resources{Fuel: 100, MemoryBytes: 1 << 20, OutputBytes: 1 << 20},
			Reward:    sdk.NewInt64Coin("atfuel", 1000), PrepareBlocks: 1 << 20, CommitBlocks: 1 << 21, LifetimeBlocks: ages,
			Sink: fmt.Sprintf("http://relay.example/v1/drops/box%d", n), Tasks: 1, Policy: c.alone(1),
		},
		commitments: map[string]bool{},
	}
	for _, edit := range change {
		edit(task)
	}
	c.tasks = append(c.tasks, task)
	return task
}

func jobID(n int) string { return fmt.Sprintf("%d-0-%d", postedHeight, n) }

// under changes the policy of a task.
func under(policy computetypes.Policy) func(*fakeTask) {
	return func(t *fakeTask) { t.spec.Policy = policy }
}

// postArray adds a job of n tasks. Each task has its own input on the web: "input i".
func (c *fakeChain) postArray(web *fakeWeb, job, n int, change ...func(*fakeTask)) []*fakeTask {
	const prefix = "http://relay.example/arrays/a"
	var leaves [][]byte
	proofs := make([]computetypes.InputProof, n)
	for i := range n {
		content := fmt.Appendf(nil, "input %d", i)
		digest := sha256.Sum256(content)
		proofs[i] = computetypes.InputProof{Sha256: digest[:], Size: uint64(len(content))}
		leaves = append(leaves, computetypes.InputLeaf(digest[:], proofs[i].Size))
		web.set(func(w *fakeWeb) { w.content[computetypes.ContentURI(prefix, digest[:])] = content })
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var tasks []*fakeTask
	for i := range n {
		proofs[i].Path = computetypes.MerklePath(leaves, uint64(i))
		raw, err := proofs[i].Encode()
		if err != nil {
			c.t.Fatal(err)
		}
		web.set(func(w *fakeWeb) { w.content[computetypes.ProofURI(prefix, uint64(i))] = raw })
		tasks = append(tasks, c.add(web, job, append([]func(*fakeTask){func(task *fakeTask) {
			task.ref.Task, task.spec.Tasks, task.spec.Args = uint64(i), uint64(n), []string{"--number", "{task}"}
			task.spec.ArrayInput = &computetypes.ArrayInput{
				Path: "own.txt", Root: computetypes.MerkleRoot(leaves), Count: uint64(n), MaxBytes: 100, Uris: []string{prefix},
			}
		}}, change...)...))
	}
	return tasks
}

// only removes all other tasks.
func (c *fakeChain) only(kept ...*fakeTask) {
	c.read(func() { c.tasks = kept })
}

// askAgain requests in the next block that results of tasks are delivered again.
func (c *fakeChain) askAgain(sink string, tasks ...*fakeTask) {
	c.read(func() {
		for _, t := range tasks {
			count := uint32(1)
			if t.redelivery != nil {
				count += t.redelivery.Count
			}
			t.redelivery = &computetypes.Redelivery{Sink: sink, Height: c.height + 1, Count: count}
		}
	})
}

// next makes a block.
func (c *fakeChain) next() { c.skip(1) }

// skip makes a number of blocks.
func (c *fakeChain) skip(blocks int) {
	for range blocks {
		c.mu.Lock()
		c.block()
		c.mu.Unlock()
	}
}

// tick makes a block, unless a running agent has not asked for the newest height yet. A number
// of blocks is therefore enough for the same work on a busy machine as on an idle one.
func (c *fakeChain) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if (!c.watched || c.seen == c.height) && !c.waits() {
		c.block()
	}
}

// patientMargin is the number of blocks before a commit deadline at which a patient chain makes no block. A
// node may still commit or yield then.
const patientMargin = yieldMargin + 3

// waits reports whether the commit deadline of the task that the chain is patient with is near.
func (c *fakeChain) waits() bool {
	if c.patientWith == nil || c.patientWith.record.Ended() {
		return false
	}
	part := c.part(c.patientWith)
	return part != nil && len(part.Commitment) == 0 && part.CommitDeadline > 0 && c.height+patientMargin >= part.CommitDeadline
}

func (c *fakeChain) block() {
	c.height++
	c.visitAll()
}

// visitAll does what a block does after its transactions.
func (c *fakeChain) visitAll() {
	if c.queueStuck {
		return
	}
	for _, t := range c.tasks {
		c.visit(t)
	}
}

// read calls look while it holds the lock of the chain's state.
func (c *fakeChain) read(look func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	look()
}

// blocks makes blocks until the test ends or stop is called.
func (c *fakeChain) blocks(every time.Duration) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				c.tick()
			}
		}
	}()
	var once sync.Once
	return func() {
		once.Do(func() { close(done) })
		<-ended
	}
}

func (c *fakeChain) find(id string) *fakeTask {
	i := slices.IndexFunc(c.tasks, func(t *fakeTask) bool { return t.ref.JobId == id })
	if i < 0 {
		return nil
	}
	return c.tasks[i]
}

func (c *fakeChain) findTask(id string, task uint64) *fakeTask {
	i := slices.IndexFunc(c.tasks, func(t *fakeTask) bool { return t.ref.JobId == id && t.ref.Task == task })
	if i < 0 {
		return nil
	}
	return c.tasks[i]
}

var (
	_ Chain   = (*fakeChain)(nil)
	_ Journal = (*store.Journal)(nil)
)
