package agent

import (
	"context"
	"errors"
	"strconv"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/x/compute/round"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

func (c *fakeChain) Address() sdk.AccAddress { return c.worker }
func (c *fakeChain) SetGranter(granter sdk.AccAddress) {
	c.read(func() { c.granter = granter })
}

func (c *fakeChain) Tip(context.Context) (tip chain.Tip, err error) {
	c.read(func() { tip.Height, c.seen = c.height, c.height })
	return tip, nil
}

func (c *fakeChain) Node(context.Context, string) (node edgenodetypes.Node, err error) {
	c.read(func() { node = c.node() })
	return node, nil
}

// node returns this node. The lock of the chain is held.
func (c *fakeChain) node() edgenodetypes.Node {
	var used uint32
	for _, t := range c.tasks {
		if c.holds(t) {
			used++
		}
	}
	return edgenodetypes.Node{
		Profile: edgenodetypes.NodeProfile{
			Operator: c.operator.String(), Worker: c.worker.String(), Class: "cpu-small", Executors: []string{"wasm/1"},
		},
		State: edgenodetypes.NodeState{
			Status: c.status, LeaseEnd: c.leaseEnd, Bond: math.NewInt(10_000_000), Locked: math.NewInt(liability * int64(used)),
			Slots: c.slots, UsedSlots: used, Yields: c.yields.Yields, YieldsSince: c.yields.YieldsSince,
		},
	}
}

func (c *fakeChain) Assignments(context.Context, string) (work chain.Work, err error) {
	c.read(func() {
		work.Height = c.height
		for _, t := range c.tasks {
			loaded := c.load(t)
			if item, held := loaded.WorkItem(c.operator.String()); held && !loaded.Ended() {
				work.Items = append(work.Items, item)
			}
		}
	})
	return work, nil
}

func (c *fakeChain) ClaimablePage(_ context.Context, _ string, from []byte) (out chain.Draws, err error) {
	c.read(func() {
		at := len(c.tasks) - 1
		if from != nil {
			if at, err = strconv.Atoi(string(from)); err != nil {
				return
			}
		}
		for n := 0; at >= 0 && err == nil; at-- {
			if n++; n > c.page {
				out.Next = []byte(strconv.Itoa(at))
				break
			}
			loaded := c.load(c.tasks[at])
			if loaded.Ended() {
				continue
			}
			var draw computetypes.ClaimableChunk
			var open bool
			if draw, open, err = loaded.Claimable(c.operator); open {
				out.Tasks = append(out.Tasks, draw)
			}
		}
	})
	return out, err
}

func (c *fakeChain) Job(_ context.Context, id string) (job computetypes.Job, spec computetypes.JobSpec, err error) {
	err = chain.ErrNotFound
	c.read(func() {
		if t := c.find(id); t != nil {
			job, spec, err = c.job(t), t.spec, nil
		}
	})
	return job, spec, err
}

func (c *fakeChain) Receipt(_ context.Context, id string, task uint64) (receipt computetypes.Receipt, err error) {
	err = chain.ErrNotFound
	c.read(func() {
		if t := c.findTask(id, task); t != nil && t.receipt != nil && t.spec.Tasks == 1 {
			receipt, err = *t.receipt, nil
		}
	})
	return receipt, err
}

func (c *fakeChain) Task(_ context.Context, id string, task uint64) (record computetypes.Chunk, err error) {
	err = chain.ErrNotFound
	c.read(func() {
		t := c.findTask(id, task)
		if t == nil {
			return
		}
		if loaded := c.load(t); !loaded.Ended() {
			record, err = *loaded.Record(), nil
		}
	})
	return record, err
}

// Redeliveries returns one request per page.
func (c *fakeChain) Redeliveries(_ context.Context, from int64, page []byte) (out chain.Redeliveries, err error) {
	c.read(func() {
		var all []computetypes.JobRedelivery
		for _, t := range c.tasks {
			if t.askedAgain(c.height) && t.redelivery.Height >= from {
				all = append(all, computetypes.JobRedelivery{JobId: t.ref.JobId, Redelivery: *t.redelivery})
			}
		}
		at, _ := strconv.Atoi(string(page))
		if at < len(all) {
			out.Requests = all[at : at+1]
		}
		if at+1 < len(all) {
			out.Next = []byte(strconv.Itoa(at + 1))
		}
	})
	return out, nil
}

func (c *fakeChain) EndedAt(_ context.Context, height int64) (receipts []computetypes.Receipt, err error) {
	c.read(func() {
		if receipts = c.ended[height]; c.noResults {
			receipts, err = nil, errors.New("this node keeps no results of blocks")
		}
	})
	return receipts, err
}

func (c *fakeChain) ComputeParams(context.Context) (p computetypes.Params, err error) {
	c.read(func() { p = c.params })
	return p, nil
}

func (c *fakeChain) EdgenodeParams(context.Context) (edgenodetypes.Params, error) {
	p := c.yieldRules()
	p.LeaseBlocks, p.MinVersion = uint64(c.leaseBlocks), c.minVersion
	return p, nil
}

// yieldRules returns the rules of yields: they are counted in one window that does not end.
func (c *fakeChain) yieldRules() edgenodetypes.Params {
	return edgenodetypes.Params{MaxYields: c.maxYields, YieldWindow: ages}
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

// Submit applies a batch in the next block, in the order in which a sender sends it.
func (c *fakeChain) Submit(_ context.Context, batch chain.Batch, _ int) (done chain.Submission, err error) {
	var death *crash
	var fatal bool
	c.read(func() { death, fatal = c.crash, c.fatal })
	err = death.step(fatal, func() error {
		c.read(func() { done = c.take(batch) })
		return nil
	})
	return done, err
}

func (c *fakeChain) take(batch chain.Batch) (done chain.Submission) {
	c.batches = append(c.batches, batch)
	c.height++
	note := func(action chain.Action, ref computetypes.ChunkRef, item func(*round.Chunk) error) {
		outcome := chain.ItemOutcome{Action: action, Ref: ref}
		if err := c.takeItem(action, ref, item); err != nil {
			outcome.Codespace, outcome.Code, outcome.Log = errorsmod.ABCIInfo(err, false)
			outcome.Log = err.Error()
		}
		done.Items = append(done.Items, outcome)
	}
	for _, item := range batch.Reveals {
		note(chain.Reveal, item.Ref, func(t *round.Chunk) error { return t.Reveal(c.operator, item) })
	}
	for _, item := range batch.Opens {
		note(chain.Open, item.Ref, func(t *round.Chunk) error { return t.Open(c.operator, item) })
	}
	for _, item := range batch.Commits {
		c.findTask(item.Ref.JobId, item.Ref.Task).commitments[string(item.Commitment)] = true
		note(chain.Commit, item.Ref, func(t *round.Chunk) error { return t.Commit(c.operator, item) })
	}
	for _, item := range batch.Releases {
		note(chain.Release, item.Ref, func(t *round.Chunk) error { return t.Release(c.operator, item) })
		if done.Items[len(done.Items)-1].Code == 0 {
			c.findTask(item.Ref.JobId, item.Ref.Task).released = &item
		}
	}
	for _, ref := range batch.Yields {
		note(chain.Yield, ref, func(t *round.Chunk) error { return t.Yield(c.operator, ref) })
	}
	for _, ref := range batch.Claims {
		c.claims++
		note(chain.Claim, ref, func(t *round.Chunk) error { return t.Claim(c.operator, ref) })
	}
	if batch.Renew {
		c.renewals++
		note(chain.Renew, computetypes.ChunkRef{}, nil)
	}
	c.visitAll()
	done.Height = c.height
	return done
}

// takeItem applies one item. No honest node reveals or opens what it has not committed to.
func (c *fakeChain) takeItem(action chain.Action, ref computetypes.ChunkRef, item func(*round.Chunk) error) error {
	switch {
	case c.refuse == action:
		return errors.New("refused by the test")
	case action == chain.Renew:
		c.leaseEnd, c.status = c.height+1+c.leaseBlocks, edgenodetypes.NODE_STATUS_ACTIVE
		return nil
	}
	err := c.do(c.findTask(ref.JobId, ref.Task), item)
	if errors.Is(err, computetypes.ErrRevealMismatch) || errors.Is(err, computetypes.ErrOpenMismatch) {
		c.t.Errorf("%s of %v: %v", action, ref, err)
	}
	return err
}
