package agent

import (
	"bytes"
	"context"
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
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

const (
	testChainID = "theta-test-1"
	// openDraw is the closing height of a draw that waits for this node's claim. It is so
	// large that even a test on a very busy machine does not reach it.
	openDraw = 1 << 40
)

// fakeTask is one task on the fake chain, as one node sees it.
type fakeTask struct {
	ref       computetypes.TaskRef
	requester string
	spec      computetypes.JobSpec
	close     int64
	current   uint32
	phase     computetypes.RoundPhase
	reveal    int64
	mustOpen  bool
	// judges reports whether the task judges a challenge, so that digests are disclosed in the
	// first round.
	judges  bool
	a       *computetypes.Assignment
	receipt *computetypes.Receipt
	// commitments contains all commitments that were ever sent, accepted or not.
	commitments map[string]bool
	digest      []byte
	rank        byte
	// tasks is the number of tasks of the job. If it is more than one, the state does not keep
	// receipts.
	tasks uint64
	stage stage
	// departed says how this node has left a task that continues.
	departed []computetypes.Outcome
	released *computetypes.ReleaseItem
	// redelivery is the requester's latest request to deliver again.
	redelivery *computetypes.Redelivery
}

// traceKey returns the key of the traces of a round of the task.
func (t *fakeTask) traceKey(round uint32) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "key of %s %d %d", t.ref.JobId, t.ref.Task, round))
	return sum[:]
}

// challengedKey is the trace key of the task that challenge judges execute again.
var challengedKey = bytes.Repeat([]byte{9}, sha256.Size)

// keys returns the keys of the traces in the tag of this node's round.
func (t *fakeTask) keys() [][]byte {
	own := t.traceKey(t.ref.Round)
	switch {
	case t.judges:
		return [][]byte{challengedKey, own}
	case t.ref.Round > 0:
		return [][]byte{t.traceKey(0), own}
	default:
		return [][]byte{own}
	}
}

// fakeChain is the protocol in memory, as one node sees it: draws close, deadlines pass and
// commitments bind.
type fakeChain struct {
	t        *testing.T
	mu       sync.Mutex
	height   int64
	operator sdk.AccAddress
	worker   sdk.AccAddress
	slots    uint32
	tasks    []*fakeTask
	// othersCommit makes the round continue to reveals once this node has committed.
	othersCommit bool
	// escalates makes a later round ask this node to open its result.
	escalates    bool
	revealBlocks int64
	// auditBlocks is the number of blocks until the seed of an audit is known. auditorBlocks
	// is the number of blocks until auditors have committed. reviewBlocks is the number of
	// blocks in which the requester may reject.
	auditBlocks, auditorBlocks, reviewBlocks int64
	// page is the size of the pages of draws.
	page int
	// ended contains the receipts in the events of each block.
	ended map[int64][]computetypes.Receipt
	// noResults means that the node does not keep the results of blocks.
	noResults bool
	// refuse makes an item of this action fail with a code.
	refuse  chain.Action
	batches []chain.Batch
	claims  int
	crash   *crash
	fatal   bool
	// leaseBlocks is 0 on a chain on which leases do not need to be renewed.
	leaseBlocks, leaseEnd int64
	status                edgenodetypes.NodeStatus
	renewals              int
	// grant pays the fees. Its zero value has no limit.
	grant    chain.Grant
	grantErr error
	// onBlock is called in each block while the lock is held. It may be nil.
	onBlock func()
	// feesLeft is the amount that the owner allows today. nil means no limit.
	feesLeft *math.Int
}

func newFakeChain(t *testing.T) *fakeChain {
	params.SetSDKDefaults()
	return &fakeChain{
		t: t, height: 10, status: edgenodetypes.NODE_STATUS_ACTIVE, slots: 4, othersCommit: true, revealBlocks: 200,
		operator: sdk.AccAddress(bytes.Repeat([]byte{1}, 20)),
		worker:   sdk.AccAddress(bytes.Repeat([]byte{2}, 20)),
		crash:    &crash{left: -1},
		page:     200, ended: map[int64][]computetypes.Receipt{},
	}
}

// post adds a job whose program is on the web.
func (c *fakeChain) post(web *fakeWeb, n int) *fakeTask {
	c.mu.Lock()
	defer c.mu.Unlock()
	program := []byte(fmt.Sprintf("program %d", n))
	digest := blob.DigestOf(program)
	address := fmt.Sprintf("http://relay.example/v1/blobs/%s", digest)
	web.set(func(w *fakeWeb) { w.content[address] = program })
	task := &fakeTask{
		ref: computetypes.TaskRef{JobId: fmt.Sprintf("5-0-%d", n)},
		spec: computetypes.JobSpec{
			Executor: "wasm/1", Program: computetypes.Blob{Sha256: digest[:], Size_: uint64(len(program)), Uris: []string{address}},
			Resources: computetypes.Resources{Fuel: 100, MemoryBytes: 1 << 20, OutputBytes: 1 << 20},
			Reward:    sdk.NewInt64Coin("atfuel", 1000), PrepareBlocks: 1 << 20, CommitBlocks: 1 << 21,
			Sink: fmt.Sprintf("http://relay.example/v1/drops/box%d", n),
		},
		close: openDraw, phase: computetypes.ROUND_PHASE_COMMIT, commitments: map[string]bool{}, tasks: 1,
	}
	c.tasks = append(c.tasks, task)
	return task
}

// next makes a block.
func (c *fakeChain) next() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.block()
}

func (c *fakeChain) block() {
	c.height++
	for _, t := range c.tasks {
		c.advance(t)
	}
	if c.onBlock != nil {
		c.onBlock()
	}
}

func (c *fakeChain) advance(t *fakeTask) {
	if t.a == nil {
		return
	}
	switch t.a.Status {
	case computetypes.ASSIGNMENT_STATUS_CANDIDATE:
		if c.height >= t.close {
			t.a.Status, t.a.AssignedHeight = computetypes.ASSIGNMENT_STATUS_ASSIGNED, c.height
			t.a.CommitDeadline = c.height + int64(t.spec.CommitBlocks)
		}
	case computetypes.ASSIGNMENT_STATUS_ASSIGNED:
		if c.height > t.a.CommitDeadline {
			c.settle(t, computetypes.ASSIGNMENT_STATUS_MISSED)
		}
	case computetypes.ASSIGNMENT_STATUS_COMMITTED:
		c.advanceRound(t)
		if t.phase == computetypes.ROUND_PHASE_REVEAL && c.height > t.reveal {
			c.settle(t, computetypes.ASSIGNMENT_STATUS_NO_REVEAL)
		}
	case computetypes.ASSIGNMENT_STATUS_REVEALED:
		switch {
		case t.judges && t.digest == nil:
			t.mustOpen = true
		case c.escalates && t.digest == nil:
			t.current, t.mustOpen, t.reveal = t.ref.Round+1, true, c.height+c.revealBlocks
		case c.reviewing(t):
		default:
			c.settle(t, computetypes.ASSIGNMENT_STATUS_PAID)
		}
	}
}

func (c *fakeChain) settle(t *fakeTask, status computetypes.AssignmentStatus) {
	tags := make([][]byte, t.ref.Round+1)
	if t.a != nil {
		tags[t.ref.Round] = t.a.Tag
	}
	t.receipt = &computetypes.Receipt{
		JobId: t.ref.JobId, Task: t.ref.Task, Status: computetypes.TASK_STATUS_ACCEPTED, Height: c.height, Tags: tags,
		Outcomes: []computetypes.Outcome{{
			Operator: c.operator.String(), Status: status,
			Paid: math.NewInt(1000), Slashed: math.ZeroInt(), Share: math.ZeroInt(),
		}},
	}
	t.a = nil
	c.ended[c.height] = append(c.ended[c.height], *t.receipt)
}

func (c *fakeChain) Address() sdk.AccAddress   { return c.worker }
func (c *fakeChain) SetGranter(sdk.AccAddress) {}

func (c *fakeChain) Tip(context.Context) (chain.Tip, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return chain.Tip{Height: c.height}, nil
}

func (c *fakeChain) Node(context.Context, string) (edgenodetypes.Node, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var used uint32
	for _, t := range c.tasks {
		if t.a != nil {
			used++
		}
	}
	return edgenodetypes.Node{
		Profile: edgenodetypes.NodeProfile{Operator: c.operator.String(), Worker: c.worker.String(), Class: "cpu-small"},
		State: edgenodetypes.NodeState{
			Status: c.status, LeaseEnd: c.leaseEnd, Bond: math.NewInt(1_000_000), Locked: math.ZeroInt(),
			Slots: c.slots, UsedSlots: used,
		},
	}, nil
}

func (c *fakeChain) Assignments(context.Context, string) (chain.Work, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	work := chain.Work{Height: c.height}
	for _, t := range c.tasks {
		if t.a != nil {
			work.Items = append(work.Items, computetypes.WorkItem{
				Ref: t.ref, Assignment: *t.a, CurrentRound: t.current, Phase: t.phase, RevealDeadline: t.reveal, MustOpen: t.mustOpen,
				ReviewDeadline: t.stage.review, TraceKeys: t.keys(),
			})
		}
	}
	return work, nil
}

func (c *fakeChain) Job(_ context.Context, id string) (computetypes.Job, computetypes.JobSpec, error) {
	t := c.find(id)
	if t == nil {
		return computetypes.Job{}, computetypes.JobSpec{}, chain.ErrNotFound
	}
	return computetypes.Job{Id: id, Requester: t.requester, Liability: math.NewInt(2000), BondValue: math.NewInt(1000), Tasks: t.tasks, Redelivery: t.redelivery}, t.spec, nil
}

func (c *fakeChain) Receipt(_ context.Context, id string, task uint64) (computetypes.Receipt, error) {
	t := c.findTask(id, task)
	c.mu.Lock()
	defer c.mu.Unlock()
	if t == nil || t.receipt == nil || t.tasks > 1 {
		return computetypes.Receipt{}, chain.ErrNotFound
	}
	return *t.receipt, nil
}

func (c *fakeChain) ComputeParams(context.Context) (computetypes.Params, error) {
	return computetypes.Params{MaxBatch: 100, MissedFaultBps: 1_000}, nil
}

func (c *fakeChain) EdgenodeParams(context.Context) (edgenodetypes.Params, error) {
	return edgenodetypes.Params{LeaseBlocks: uint64(c.leaseBlocks)}, nil
}

func (c *fakeChain) RewardsParams(context.Context) (rewardstypes.Params, error) {
	return rewardstypes.Params{FeeDenom: "atfuel", MinGasPrice: math.NewInt(10)}, nil
}

func (c *fakeChain) Grant(context.Context, string, string) (chain.Grant, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.grant, c.grantErr
}

func (c *fakeChain) FeesLeft() (math.Int, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.feesLeft == nil {
		return math.Int{}, false, nil
	}
	return *c.feesLeft, true, nil
}

func (c *fakeChain) find(id string) *fakeTask {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.tasks {
		if t.ref.JobId == id {
			return t
		}
	}
	return nil
}

// Submit puts a batch into the next block.
func (c *fakeChain) Submit(_ context.Context, batch chain.Batch, _ int) (chain.Submission, error) {
	var done chain.Submission
	err := c.crash.step(c.fatal, func() error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.batches = append(c.batches, batch)
		note := func(action chain.Action, ref computetypes.TaskRef, err error) {
			outcome := chain.ItemOutcome{Action: action, Ref: ref}
			if c.refuse == action {
				err = fmt.Errorf("refused by the test")
			}
			if err != nil {
				outcome.Code, outcome.Log = 99, err.Error()
			}
			done.Items = append(done.Items, outcome)
		}
		for _, item := range batch.Reveals {
			note(chain.Reveal, item.Ref, c.takeReveal(item))
		}
		for _, item := range batch.Opens {
			note(chain.Open, item.Ref, c.takeOpen(item))
		}
		for _, item := range batch.Commits {
			note(chain.Commit, item.Ref, c.takeCommit(item))
		}
		for _, item := range batch.Releases {
			t := c.byRef(item.Ref)
			t.released, t.a = &item, nil
			note(chain.Release, item.Ref, nil)
		}
		for _, ref := range batch.Claims {
			c.claims++
			var err error
			if c.refuse != chain.Claim {
				err = c.takeClaim(ref)
			}
			note(chain.Claim, ref, err)
		}
		if batch.Renew {
			c.renewals++
			if c.refuse != chain.Renew {
				c.leaseEnd, c.status = c.height+1+c.leaseBlocks, edgenodetypes.NODE_STATUS_ACTIVE
			}
			note(chain.Renew, computetypes.TaskRef{}, nil)
		}
		c.block()
		done.Height = c.height
		return nil
	})
	return done, err
}

func (c *fakeChain) byRef(ref computetypes.TaskRef) *fakeTask {
	i := slices.IndexFunc(c.tasks, func(t *fakeTask) bool { return t.ref == ref })
	return c.tasks[i]
}

func (c *fakeChain) takeClaim(ref computetypes.TaskRef) error {
	t := c.byRef(ref)
	if t.a != nil || t.receipt != nil || c.height+1 >= t.close {
		return fmt.Errorf("draw is closed or entered already")
	}
	t.close = min(t.close, c.height+4)
	t.a = &computetypes.Assignment{
		Operator: c.operator.String(), Status: computetypes.ASSIGNMENT_STATUS_CANDIDATE,
	}
	return nil
}

func (c *fakeChain) takeCommit(item computetypes.CommitItem) error {
	t := c.byRef(item.Ref)
	t.commitments[string(item.Commitment)] = true
	if t.a == nil || t.a.Status != computetypes.ASSIGNMENT_STATUS_ASSIGNED {
		return computetypes.ErrAlreadyCommitted
	}
	t.a.Status, t.a.Commitment = computetypes.ASSIGNMENT_STATUS_COMMITTED, item.Commitment
	return nil
}

func (c *fakeChain) takeReveal(item computetypes.RevealItem) error {
	t := c.byRef(item.Ref)
	if t.a == nil || t.a.Status != computetypes.ASSIGNMENT_STATUS_COMMITTED {
		return computetypes.ErrAlreadyRevealed
	}
	if !bytes.Equal(computetypes.Commitment(c.operator, item.Tag, item.ExitCode, item.Salt), t.a.Commitment) {
		c.t.Errorf("reveal of %v does not match its commitment", item.Ref)
		return computetypes.ErrRevealMismatch
	}
	t.a.Status, t.a.Tag = computetypes.ASSIGNMENT_STATUS_REVEALED, item.Tag
	return nil
}

func (c *fakeChain) takeOpen(item computetypes.OpenItem) error {
	t := c.byRef(item.Ref)
	if !t.mustOpen {
		return computetypes.ErrNotOpening
	}
	if len(item.OwnTrace) > 0 != (len(t.keys()) > 1) || !bytes.Equal(computetypes.Tag(testChainID, item.Ref.JobId, item.Ref.Task, item.Opening()), t.a.Tag) {
		c.t.Errorf("opened result of %v does not match its tag", item.Ref)
		return computetypes.ErrOpenMismatch
	}
	t.digest, t.mustOpen = item.Digest, false
	return nil
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
				c.next()
			}
		}
	}()
	var once sync.Once
	return func() {
		once.Do(func() { close(done) })
		<-ended
	}
}

var (
	_ Chain   = (*fakeChain)(nil)
	_ Journal = (*store.Journal)(nil)
)
