package agent

import (
	"bytes"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// liability and bondValue are the amounts of every job, in the bond denom.
	liability, bondValue = 7000, 1000
	// missedFault is the fee of a missed deadline of such a job.
	missedFault = "100"
)

// fakeTask is one task on the fake chain.
type fakeTask struct {
	ref       computetypes.ChunkRef
	requester string
	spec      computetypes.JobSpec
	// count is the number of tasks of a chunk. 0 stands for 1.
	count uint64
	// audits means that another node executes the chunk, and that this node and one other are
	// its auditors. says returns the output of a task; if it is nil, this node's output is that
	// of all honest nodes. lie is the position of the task about which liars lie.
	audits bool
	says   func(task uint64) []byte
	lie    uint32
	// exit is the exit code of the program in chunks of several tasks on the other nodes.
	exit uint32
	// challenged is set if the task judges a challenge.
	challenged *computetypes.ChallengedTask
	// record is the task as it was last saved. It does not have rounds before the chain has
	// visited the task for the first time.
	record  computetypes.Chunk
	receipt *computetypes.Receipt
	// commitments contains all commitments that this node ever sent, accepted or not.
	commitments map[string]bool
	// released is the item with which this node has given the task back.
	released *computetypes.ReleaseItem
	// redelivery is the requester's latest request to deliver again.
	redelivery *computetypes.Redelivery
	// found is the output of the other nodes. If it is nil, they have the output of this node,
	// and commit to it after this node.
	found []byte
	// rivals contains nodes that were added because of their low ranks.
	rivals []sdk.AccAddress
	// outranked means that rivals enter each draw before this node.
	outranked bool
	// replaced means that another machine with this node's key works on the task.
	replaced bool
}

// job returns the job of a task. The lock of the chain is held.
func (c *fakeChain) job(t *fakeTask) computetypes.Job {
	policy, slashable := c.params.Effective(&t.spec)
	spec := &t.spec
	reserve := math.NewInt(ages)
	job := computetypes.Job{
		Id: t.ref.JobId, Requester: t.requester, Status: computetypes.JOB_STATUS_OPEN,
		PostedHeight: postedHeight, ExpiresHeight: postedHeight + int64(spec.LifetimeBlocks),
		Reward: spec.Reward, BondValue: math.NewInt(bondValue), Liability: math.NewInt(liability).MulRaw(int64(spec.PerChunk())), Policy: policy, Slashable: slashable,
		Class: spec.Class, Executor: spec.Executor, Tasks: spec.Tasks, TasksOpened: spec.Tasks, Inputs: spec.InputCount(),
		PrepareBlocks: spec.PrepareBlocks, CommitBlocks: spec.CommitBlocks, Fuel: spec.Resources.Fuel,
		ChunkTasks: max(spec.ChunkTasks, 1), SeatFee: math.ZeroInt(), TaskReserve: reserve, Reserved: reserve.MulRaw(int64(spec.Tasks)), Refunded: math.ZeroInt(),
		Challenged: t.challenged,
	}
	if t.askedAgain(c.height) {
		job.Redelivery = t.redelivery
	}
	return job
}

// askedAgain reports whether the block at a height, or an earlier one, contains a request to
// deliver results again.
func (t *fakeTask) askedAgain(height int64) bool {
	return t.redelivery != nil && t.redelivery.Height <= height
}

// paramsOf returns the parameters that apply to a task. A busy machine must not miss the only
// draw of a node that is chosen by name.
func (c *fakeChain) paramsOf(t *fakeTask) computetypes.Params {
	p := c.params
	if t.spec.Policy.NamesNode() {
		p.ClaimBlocks = ages
	}
	return p
}

func (c *fakeChain) ctx() sdk.Context {
	return sdk.Context{}.WithBlockHeight(c.height).WithChainID(testChainID).WithEventManager(sdk.NewEventManager())
}

func (c *fakeChain) parsedID(t *fakeTask) computetypes.JobID {
	id, err := computetypes.ParseJobID(t.ref.JobId)
	if err != nil {
		c.t.Error(err)
	}
	return id
}

// start opens a task, unless it is open.
func (c *fakeChain) start(t *fakeTask) {
	if len(t.record.Rounds) > 0 {
		return
	}
	job := c.job(t)
	job.TasksOpened = t.ref.Task
	opened, err := round.Start(c.ctx(), c.deps(t), c.paramsOf(t), c.parsedID(t), job, round.NewSpan(t.ref.Task, max(t.count, 1)))
	if err != nil {
		c.t.Error(err)
	}
	c.save(t, opened)
}

// load returns the task, advanced to this height. Its changes take effect once it is saved.
func (c *fakeChain) load(t *fakeTask) *round.Chunk {
	c.start(t)
	loaded := round.Load(c.ctx(), c.deps(t), c.paramsOf(t), c.parsedID(t), c.job(t), c.copied(t))
	if loaded.Ended() {
		return loaded
	}
	if err := loaded.Advance(); err != nil {
		c.t.Error(err)
	}
	return loaded
}

// copied returns a copy of a task's record that shares nothing with it.
func (c *fakeChain) copied(t *fakeTask) (record computetypes.Chunk) {
	raw, err := t.record.Marshal()
	if err == nil {
		err = record.Unmarshal(raw)
	}
	if err != nil {
		c.t.Error(err)
	}
	return record
}

func (c *fakeChain) save(t *fakeTask, changed *round.Chunk) {
	update := changed.Update()
	t.record = update.Record
	c.splits(t, update.Rest)
	for _, change := range changed.Changes() {
		if end := change.GetEnded(); end != nil {
			t.receipt = end
			c.ended[c.height] = append(c.ended[c.height], *end)
		}
	}
}

// do applies an item of a node, or of the requester, to the task in the same way as the
// keeper.
func (c *fakeChain) do(t *fakeTask, item func(*round.Chunk) error) error {
	loaded := c.load(t)
	if loaded.Ended() {
		return computetypes.ErrTaskEnded
	}
	if err := item(loaded); err != nil {
		return err
	}
	if err := loaded.Advance(); err != nil {
		return err
	}
	c.save(t, loaded)
	return nil
}

// act applies an item to a task outside of a batch of this machine.
func (c *fakeChain) act(t *fakeTask, item func(*round.Chunk) error) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.do(t, item); err != nil {
		c.t.Error(err)
	}
}

// claimed makes this node claim a task outside of a batch of this machine.
func (c *fakeChain) claimed(t *fakeTask) {
	c.t.Helper()
	c.act(t, func(loaded *round.Chunk) error { return loaded.Claim(c.operator, loaded.Ref()) })
}

// visit does what a block does with a task without a message of this node.
func (c *fakeChain) visit(t *fakeTask) {
	c.start(t)
	if !t.record.Ended() && t.record.DueHeight <= c.height {
		c.save(t, c.load(t))
	}
	first := len(t.record.Rounds) == 1 && t.record.Rounds[0].Auditors == 0 && len(t.record.Rounds[0].Replicas) == 0
	if t.outranked || t.audits && first {
		c.addRivals(t)
	}
	for _, node := range c.others(t) {
		if loaded := c.load(t); !loaded.Ended() {
			c.playNode(t, loaded, node)
		}
	}
}

// part returns what this node holds of a task, or nil.
func (c *fakeChain) part(t *fakeTask) *computetypes.Assignment {
	operator := c.operator.String()
	for r := range t.record.Rounds {
		round := &t.record.Rounds[r]
		parts := round.Replicas
		if round.Draw != nil {
			parts = slices.Concat(parts, round.Draw.Candidates)
		}
		if i := slices.IndexFunc(parts, func(a computetypes.Assignment) bool { return a.Operator == operator }); i >= 0 {
			return &parts[i]
		}
	}
	return nil
}

// holds reports whether a task uses a slot of this node.
func (c *fakeChain) holds(t *fakeTask) bool { return !t.record.Ended() && c.part(t) != nil }

// phase returns the phase of the current round of a task.
func (t *fakeTask) phase() computetypes.RoundPhase {
	if len(t.record.Rounds) == 0 {
		return computetypes.ROUND_PHASE_UNSPECIFIED
	}
	return t.record.Rounds[len(t.record.Rounds)-1].Phase
}

// slashed returns the nodes that have lost their liability because of a wrong result.
func (t *fakeTask) slashed() (operators []string) {
	if t.receipt == nil {
		return nil
	}
	for _, o := range t.receipt.Outcomes {
		if o.Status == computetypes.ASSIGNMENT_STATUS_SLASHED {
			operators = append(operators, o.Operator)
		}
	}
	return operators
}

// opened reports whether a result of a first round was opened.
func (t *fakeTask) opened(digest []byte) bool {
	return slices.ContainsFunc(t.record.Opened, func(o computetypes.Opening) bool { return o.Round == 0 && bytes.Equal(o.Digest, digest) })
}
