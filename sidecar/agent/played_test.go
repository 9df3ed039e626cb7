package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"cosmossdk.io/math"

	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	"github.com/thetaedge/theta/x/compute/round"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// playedChain runs real rounds of one task: the state machine of x/compute decides what this
// node and the other nodes may do. The other nodes are honest, except for the liars. Honest
// nodes compute the same result as this node; they take it from this node's journal.
type playedChain struct {
	*fakeChain
	journal *store.Journal
	params  computetypes.Params
	job     computetypes.Job
	spec    computetypes.JobSpec
	record  computetypes.Task
	receipt *computetypes.Receipt
	// peers contains the other nodes of the first round. judges contains the nodes of further
	// rounds and of audits.
	peers, judges []sdk.AccAddress
	// liars contains the nodes that report a different result.
	liars map[string]bool
	// slashed contains the nodes that lost their liability.
	slashed []string
}

// play replaces the fake decisions about a task of a world with real rounds under a policy,
// with other nodes.
func play(w *world, task *fakeTask, policy computetypes.Policy) *playedChain {
	p := computetypes.DefaultParams()
	p.ClaimBlocks, p.RevealBlocks, p.MaxDraws, p.Escalation = 40, 1<<20, 5, []uint32{3, 3}
	c := &playedChain{
		fakeChain: w.chain, journal: w.journal, params: p, spec: task.spec, liars: map[string]bool{},
		job: computetypes.Job{
			Id: task.ref.JobId, Requester: "requester", Status: computetypes.JOB_STATUS_OPEN, PostedHeight: 5, ExpiresHeight: 1 << 30,
			Reward: task.spec.Reward, BondValue: math.NewInt(1000), Liability: math.NewInt(7000), Policy: policy,
			Class: "cpu-small", Executor: "wasm/1", Tasks: 1, Inputs: 1, PrepareBlocks: task.spec.PrepareBlocks, CommitBlocks: task.spec.CommitBlocks,
			Slashable: true, Fuel: task.spec.Resources.Fuel, SeatFee: math.ZeroInt(), TaskReserve: math.NewInt(100_000), Reserved: math.NewInt(100_000),
		},
	}
	for n := range 20 {
		node := sdk.AccAddress(bytes.Repeat([]byte{byte(10 + n)}, 20))
		if n+1 < int(policy.Replicas) {
			c.peers = append(c.peers, node)
		} else {
			c.judges = append(c.judges, node)
		}
	}
	w.chain.tasks, w.config.Chain = nil, c
	t, err := round.Start(c.ctx(), c.deps(), c.params, c.id(), c.job, round.NewSpan(0, 1))
	if err != nil {
		c.t.Fatal(err)
	}
	c.save(t)
	c.onBlock = c.playOthers
	return c
}

func (c *playedChain) id() computetypes.JobID {
	id, err := computetypes.ParseJobID(c.job.Id)
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

func (c *playedChain) ctx() sdk.Context {
	return sdk.Context{}.WithBlockHeight(c.height).WithChainID(testChainID).WithEventManager(sdk.NewEventManager())
}

func (c *playedChain) deps() *round.Deps {
	return &round.Deps{
		Addresses: addresscodec.NewBech32Codec(params.Bech32Prefix), Bank: played{c: c}, Beacon: played{c: c},
		Nodes: played{c: c}, Rewards: played{c: c}, Records: played{c: c},
	}
}

// load returns the task, advanced to this height. Changes of the task take effect once it is
// saved.
func (c *playedChain) load() *round.Task {
	raw, err := c.record.Marshal()
	var record computetypes.Task
	if err == nil {
		err = record.Unmarshal(raw)
	}
	t := round.Load(c.ctx(), c.deps(), c.params, c.id(), c.job, record)
	if err == nil && !t.Ended() {
		err = t.Advance()
	}
	if err != nil {
		c.t.Error(err)
	}
	return t
}

func (c *playedChain) save(t *round.Task) { c.record = t.Update().Record }

// do applies an item of a node to the task in the same way as the keeper.
func (c *playedChain) do(item func(*round.Task) error) error {
	t := c.load()
	if t.Ended() {
		return computetypes.ErrTaskEnded
	}
	if err := item(t); err != nil {
		return err
	}
	if err := t.Advance(); err != nil {
		return err
	}
	c.save(t)
	return nil
}

// playOthers lets all other nodes do what they may do in a block.
func (c *playedChain) playOthers() {
	c.save(c.load())
	nodes := c.peers
	if c.record.Rounds[len(c.record.Rounds)-1].Auditors > 0 || len(c.record.Rounds) > 1 {
		nodes = slices.Concat(c.peers, c.judges)
	}
	for _, node := range nodes {
		if t := c.load(); !t.Ended() {
			c.playNode(t, node)
		}
	}
}

func (c *playedChain) playNode(t *round.Task, node sdk.AccAddress) {
	item, held := t.WorkItem(node.String())
	if !held {
		if draw, open, err := t.Claimable(node); err == nil && open && draw.Leading {
			c.must(c.do(func(t *round.Task) error { return t.Claim(node, draw.Ref) }))
		}
		return
	}
	shown, done := c.computed(node.String(), item)
	if !done {
		return
	}
	tag := computetypes.Tag(testChainID, c.job.Id, 0, shown)
	salt := bytes.Repeat([]byte{7}, saltBytes)
	switch {
	case item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_ASSIGNED:
		c.must(c.do(func(t *round.Task) error {
			return t.Commit(node, computetypes.CommitItem{Ref: item.Ref, Commitment: computetypes.Commitment(node, tag, 0, salt)})
		}))
	case item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_COMMITTED && item.Phase == computetypes.ROUND_PHASE_REVEAL &&
		item.CurrentRound == item.Ref.Round:
		c.must(c.do(func(t *round.Task) error {
			return t.Reveal(node, computetypes.RevealItem{Ref: item.Ref, Tag: tag, Salt: salt, Metrics: computetypes.Metrics{Fuel: shown.Fuel}})
		}))
	case item.MustOpen && (c.liars[node.String()] || c.opened(shown.Digest)):
		c.must(c.do(func(t *round.Task) error { return t.Open(node, computetypes.NewOpenItem(item.Ref, shown)) }))
	}
}

// opened reports whether this node has opened a result. The honest nodes wait for that,
// because one opening is enough for all nodes that agree.
func (c *playedChain) opened(digest []byte) bool {
	return slices.ContainsFunc(c.record.Opened, func(o computetypes.Opening) bool { return o.Round == 0 && bytes.Equal(o.Digest, digest) })
}

func (c *playedChain) must(err error) {
	if err != nil {
		c.t.Errorf("another node: %v", err)
	}
}

// computed returns what another node has computed, once this node has a result.
func (c *playedChain) computed(node string, item computetypes.WorkItem) (computetypes.Opening, bool) {
	mine, err := c.journal.Get(store.Key{JobID: c.job.Id})
	if err != nil || len(mine.ResultDigest) == 0 {
		return computetypes.Opening{}, false
	}
	content, err := os.ReadFile(filepath.Join(mine.Folder, outputFolder, "text.txt"))
	if err != nil {
		return computetypes.Opening{}, false
	}
	digest := mine.ResultDigest
	if c.liars[node] {
		lie := sha256.Sum256(digest)
		content, digest = []byte("a lie"), lie[:]
	}
	trace := func(key []byte) []byte {
		sum := sha256.Sum256(slices.Concat(key, content))
		return sum[:]
	}
	shown := computetypes.Opening{Round: item.Ref.Round, Digest: digest, Fuel: mine.Metrics.Fuel, Trace: trace(item.TraceKeys[0])}
	if len(item.TraceKeys) > 1 {
		shown.OwnTrace = trace(item.TraceKeys[1])
	}
	return shown, true
}

func (c *playedChain) Node(ctx context.Context, worker string) (edgenodetypes.Node, error) {
	node, err := c.fakeChain.Node(ctx, worker)
	c.read(func() {
		if _, held := c.load().WorkItem(c.operator.String()); held && c.receipt == nil {
			node.State.UsedSlots = 1
		}
	})
	return node, err
}

func (c *playedChain) ComputeParams(context.Context) (computetypes.Params, error) {
	return c.params, nil
}

func (c *playedChain) Job(context.Context, string) (computetypes.Job, computetypes.JobSpec, error) {
	return c.job, c.spec, nil
}

func (c *playedChain) Assignments(context.Context, string) (work chain.Work, err error) {
	c.read(func() {
		work.Height = c.height
		if t := c.load(); !t.Ended() {
			if item, held := t.WorkItem(c.operator.String()); held {
				work.Items = append(work.Items, item)
			}
		}
	})
	return work, nil
}

func (c *playedChain) ClaimablePage(context.Context, string, []byte) (draws chain.Draws, err error) {
	c.read(func() {
		t := c.load()
		if t.Ended() {
			return
		}
		draw, open, failed := t.Claimable(c.operator)
		if err = failed; open {
			draws.Tasks = append(draws.Tasks, draw)
		}
	})
	return draws, err
}

func (c *playedChain) Receipt(context.Context, string, uint64) (receipt computetypes.Receipt, err error) {
	err = chain.ErrNotFound
	c.read(func() {
		if c.receipt != nil {
			receipt, err = *c.receipt, nil
		}
	})
	return receipt, err
}

func (c *playedChain) Task(context.Context, string, uint64) (task computetypes.Task, err error) {
	c.read(func() {
		t := c.load()
		if task = *t.Record(); t.Ended() {
			err = chain.ErrNotFound
		}
	})
	return task, err
}

// Submit applies a batch in one block, in the order in which a sender sends it.
func (c *playedChain) Submit(_ context.Context, batch chain.Batch, _ int) (done chain.Submission, err error) {
	err = c.crash.step(c.fatal, func() error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.batches = append(c.batches, batch)
		note := func(action chain.Action, ref computetypes.TaskRef, item func(*round.Task) error) {
			outcome := chain.ItemOutcome{Action: action, Ref: ref}
			if err := c.do(item); err != nil {
				outcome.Code, outcome.Log = 1, err.Error()
			}
			done.Items = append(done.Items, outcome)
		}
		for _, item := range batch.Reveals {
			note(chain.Reveal, item.Ref, func(t *round.Task) error { return t.Reveal(c.operator, item) })
		}
		for _, item := range batch.Opens {
			note(chain.Open, item.Ref, func(t *round.Task) error { return t.Open(c.operator, item) })
		}
		for _, item := range batch.Commits {
			note(chain.Commit, item.Ref, func(t *round.Task) error { return t.Commit(c.operator, item) })
		}
		for _, item := range batch.Releases {
			note(chain.Release, item.Ref, func(t *round.Task) error { return t.Release(c.operator, item) })
		}
		for _, ref := range batch.Claims {
			c.claims++
			note(chain.Claim, ref, func(t *round.Task) error { return t.Claim(c.operator, ref) })
		}
		c.block()
		done.Height = c.height
		return nil
	})
	return done, err
}

// played contains the dependencies of real rounds outside of a task. A call of a method that
// it does not implement panics.
type played struct {
	round.Nodes
	round.Records
	c *playedChain
}

// Seed returns the seed of a height from the next block on.
func (p played) Seed(_ context.Context, height int64) (beacontypes.Seed, bool, error) {
	if p.c.height <= height {
		return beacontypes.Seed{}, false, nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "seed %d", height))
	return beacontypes.Seed{Randomness: sum[:], Height: height + 1}, true, nil
}

func (p played) BurnCoins(context.Context, string, sdk.Coins) error { return nil }

func (p played) CreditReward(_ context.Context, _ sdk.AccAddress, gross sdk.Coin) (sdk.Coin, error) {
	return gross, nil
}

func (p played) CreditShare(context.Context, sdk.AccAddress, sdk.Coin) error { return nil }

func (p played) HasSpec(context.Context, computetypes.JobID) (bool, error) { return true, nil }

func (p played) SetReceipt(_ context.Context, _ computetypes.JobID, receipt computetypes.Receipt) error {
	p.c.receipt = &receipt
	return nil
}

func (p played) Epoch(context.Context) (uint64, error) { return 3, nil }

func (p played) Params(context.Context) (edgenodetypes.Params, error) {
	return edgenodetypes.Params{BondDenom: "atfuel"}, nil
}

func (p played) ClassSnapshot(context.Context, string, uint64) (edgenodetypes.ClassSnapshot, error) {
	return edgenodetypes.ClassSnapshot{Nodes: 21, Weight: math.NewInt(21)}, nil
}

func (p played) Node(_ context.Context, operator sdk.AccAddress) (edgenodetypes.Node, error) {
	return edgenodetypes.Node{
		Profile: edgenodetypes.NodeProfile{Operator: operator.String(), Class: p.c.job.Class, Executors: []string{p.c.job.Executor}},
		State: edgenodetypes.NodeState{
			Status: edgenodetypes.NODE_STATUS_ACTIVE, LeaseEnd: 1 << 30, Slots: 4, Bond: math.NewInt(1_000_000), Locked: math.ZeroInt(),
		},
	}, nil
}

// Weight returns the whole weight of the class for each node, so that its ticket always wins.
func (p played) Weight(context.Context, sdk.AccAddress, uint64) (math.Int, error) {
	return math.NewInt(21), nil
}

func (p played) Reserve(context.Context, sdk.AccAddress, math.Int) error { return nil }
func (p played) Release(context.Context, sdk.AccAddress, math.Int) error { return nil }

func (p played) GiveBack(context.Context, edgenodetypes.GiveBackRequest) (math.Int, error) {
	return math.ZeroInt(), nil
}

func (p played) Pledge(_ context.Context, _ sdk.AccAddress, _, pledged math.Int) (math.Int, error) {
	return pledged, nil
}

func (p played) Redeem(context.Context, sdk.AccAddress, math.Int) error { return nil }

func (p played) Forfeit(_ context.Context, req edgenodetypes.ForfeitRequest) (math.Int, error) {
	return req.Pledged, nil
}

func (p played) Slash(_ context.Context, req edgenodetypes.SlashRequest) (edgenodetypes.SlashOutcome, error) {
	p.c.slashed = append(p.c.slashed, req.Operator.String())
	return edgenodetypes.SlashSplit{HonestBps: 4_000, CommunityBps: 1_000}.Share(req.Liability, req.Cost, req.Honest), nil
}

func (p played) Penalize(_ context.Context, req edgenodetypes.PenaltyRequest) (math.Int, error) {
	return req.Amount, nil
}

func (p played) CountMissed(context.Context, sdk.AccAddress, int64) error { return nil }

var _ Chain = (*playedChain)(nil)
