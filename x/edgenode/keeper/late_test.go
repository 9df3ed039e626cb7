package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

const lateNodes = 5

// pair contains two chains that receive the same messages. One processes its queues in every
// block; the other one has not processed its queues yet.
type pair struct {
	t            *rapid.T
	prompt, late *fixture
	liabilities  [lateNodes][]int64
	epoch        uint64
}

// both runs a step on both chains and requires that they give the same answer.
func (p *pair) both(step func(f *fixture) error) error {
	prompt := p.prompt.try(func(ctx sdk.Context) error { return step(p.prompt.within(ctx)) })
	late := p.late.try(func(ctx sdk.Context) error { return step(p.late.within(ctx)) })
	if prompt == nil || late == nil {
		require.NoError(p.t, prompt, "refused by the chain that keeps up only")
		require.NoError(p.t, late, "refused by the chain that is behind only")
		return nil
	}
	space, code, _ := errorsmod.ABCIInfo(prompt, false)
	lateSpace, lateCode, _ := errorsmod.ABCIInfo(late, false)
	require.Equal(p.t, []any{space, code}, []any{lateSpace, lateCode}, "%s, and of the chain that is behind: %s", prompt, late)
	return prompt
}

// within returns the fixture with another context.
func (f *fixture) within(ctx sdk.Context) *fixture {
	other := *f
	other.ctx = ctx
	return &other
}

func (p *pair) pick(t *rapid.T) byte { return rapid.ByteRange(0, lateNodes-1).Draw(t, "node") }

// message returns a step that sends one message for a node.
func (p *pair) message(send func(f *fixture, n byte) error) func(*rapid.T) {
	return func(t *rapid.T) {
		n := p.pick(t)
		_ = p.both(func(f *fixture) error { return send(f, n) })
	}
}

func (p *pair) reserve(t *rapid.T) {
	n, liability := p.pick(t), rapid.Int64Range(0, 60).Draw(t, "liability")
	if p.both(func(f *fixture) error { return f.keeper.Reserve(f.ctx, operator(n), math.NewInt(liability)) }) == nil {
		p.liabilities[n] = append(p.liabilities[n], liability)
	}
}

// conclude ends an assignment of a node in one of the possible ways.
func (p *pair) conclude(t *rapid.T) {
	n := p.pick(t)
	if len(p.liabilities[n]) == 0 {
		t.Skip("no work in flight")
	}
	liability := p.liabilities[n][0]
	p.liabilities[n] = p.liabilities[n][1:]
	how := rapid.SampledFrom([]string{"well", "missed", "wrong"}).Draw(t, "how")
	unlocked := rapid.SampledFrom([]int64{0, 500}).Draw(t, "unlocked")
	require.NoError(p.t, p.both(func(f *fixture) error {
		switch how {
		case "well":
			return f.keeper.Release(f.ctx, operator(n), math.NewInt(liability))
		case "missed":
			if _, err := f.keeper.Penalize(f.ctx, missed(n, liability, 3)); err != nil {
				return err
			}
			return f.keeper.CountMissed(f.ctx, operator(n), f.ctx.BlockHeight())
		default:
			req := slashRequest(n, liability, 0, false)
			req.Unlocked = math.NewInt(unlocked)
			_, err := f.keeper.Slash(f.ctx, req)
			return err
		}
	}))
}

func (p *pair) roll(*rapid.T) {
	p.prompt.roll()
	p.late.roll()
	p.epoch++
}

// blocks ends some blocks: one chain processes its queues, and the other falls behind.
func (p *pair) blocks(t *rapid.T) {
	for range rapid.IntRange(1, 10).Draw(t, "blocks") {
		p.prompt.endBlock()
		p.late.at(p.prompt.ctx.BlockHeight())
	}
}

// catchUp processes the backlog within the present block.
func (p *pair) catchUp() {
	require.NoError(p.t, p.prompt.keeper.EndBlock(p.prompt.ctx))
	for range 40 * lateNodes {
		require.NoError(p.t, p.late.keeper.EndBlock(p.late.ctx))
	}
}

// requireAlike compares everything that is visible of the two chains, except for the positions
// of leases in the queue.
func (p *pair) requireAlike() {
	p.prompt.requireInvariants()
	p.late.requireInvariants()
	a, err := p.prompt.keeper.ExportGenesis(p.prompt.ctx)
	require.NoError(p.t, err)
	b, err := p.late.keeper.ExportGenesis(p.late.ctx)
	require.NoError(p.t, err)
	require.Equal(p.t, a.Snapshots, b.Snapshots, "an epoch has forgotten who had lapsed before it")
	require.Equal(p.t, a.Unbondings, b.Unbondings)
	require.Len(p.t, b.Nodes, len(a.Nodes))
	for i := range a.Nodes {
		operator := sdk.MustAccAddressFromBech32(a.Nodes[i].Profile.Operator)
		for epoch := types.OldestKeptEpoch(p.epoch); epoch <= p.epoch+1; epoch++ {
			require.Equal(p.t, a.Nodes[i].State.CheckpointAt(epoch).Weight, b.Nodes[i].State.CheckpointAt(epoch).Weight)
		}
		require.Equal(p.t, p.prompt.balance(operator), p.late.balance(operator))
		for _, node := range []*types.Node{&a.Nodes[i], &b.Nodes[i]} {
			node.State.Weights, node.State.LeaseCheck = nil, 0
		}
		require.Equal(p.t, a.Nodes[i], b.Nodes[i])
	}
}

// TestNoMessageProfitsFromABacklog sends messages to a chain whose queues are far behind, and
// to a chain that keeps up. Both must give the same answers, and after the first chain has
// caught up, their states must not differ.
func TestNoMessageProfitsFromABacklog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &pair{t: t, prompt: newFixture(t), late: newFixture(t)}
		for f, limit := range map[*fixture]uint32{p.prompt: 100, p.late: 1} {
			params := modelParams()
			params.QueueLimit = limit
			_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: authority(), Params: params})
			require.NoError(t, err)
			for n := range byte(lateNodes) {
				f.fund(operator(n), 100_000)
				_, err := f.msgs.Register(f.ctx, registerMsg(n, 400, 5))
				require.NoError(t, err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"renew":    p.message((*fixture).renew),
			"pause":    p.message((*fixture).pause),
			"resume":   p.message((*fixture).resume),
			"unjail":   p.message((*fixture).unjail),
			"retire":   p.message(func(f *fixture, n byte) error { _, err := f.retire(n); return err }),
			"bond":     p.message(func(f *fixture, n byte) error { return f.bond(n, coin(70)) }),
			"unbond":   p.message(func(f *fixture, n byte) error { return f.unbond(n, coin(60)) }),
			"register": p.message(func(f *fixture, n byte) error { _, err := f.msgs.Register(f.ctx, registerMsg(n, 300, 4)); return err }),
			"update": p.message(func(f *fixture, n byte) error {
				class := []string{small, large}[f.ctx.BlockHeight()%2]
				_, err := f.msgs.Update(f.ctx, updateMsg(n, class, 6))
				return err
			}),
			"reserve":  p.reserve,
			"conclude": p.conclude,
			"roll":     p.roll,
			"blocks":   p.blocks,
			"blocks 2": p.blocks,
			"":         func(*rapid.T) { p.late.requireInvariants() },
		})
		p.catchUp()
		p.requireAlike()
	})
}

// TestALeaseRenewedLateDoesNotWeighInTheEpochItSleptInto checks that the height at which an
// epoch began is used. Without this height, a node that renews its lease late would have
// weight in an epoch in which its lease had already run out.
func TestALeaseRenewedLateDoesNotWeighInTheEpochItSleptInto(t *testing.T) {
	for name, swept := range map[string]bool{"swept": true, "not swept": false} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.leaseOf(10)
			f.register(0, 400, 8)
			f.register(1, 400, 8)
			f.roll()
			f.at(5)
			require.NoError(t, f.renew(1))
			if swept {
				f.endBlocks(12)
			}
			f.at(13)
			f.roll()
			require.NoError(t, f.renew(0))
			require.Equal(t, []int64{400, 0}, []int64{f.weight(0, 1), f.weight(0, 2)})
			require.Equal(t, types.ClassSnapshot{Weight: math.NewInt(400), Nodes: 1, Slots: 8}, f.snapshot(small, 2))
			f.requireInvariants()
			f.roll()
			require.Equal(t, int64(400), f.weight(0, 3))
			f.requireInvariants()
		})
	}
}

// TestDeadlinesOfDifferentWindowsDoNotAddUp checks missed deadlines of different windows.
// x/compute reports late whether a missed deadline counts. Deadlines of different windows must
// not lead to a term only because they are reported within one window.
func TestDeadlinesOfDifferentWindowsDoNotAddUp(t *testing.T) {
	f := newFixture(t)
	f.at(100)
	f.register(0, 400, 8)
	params, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	rules := params.Jail
	var missedAt []int64
	for range rules.FaultsToJail {
		f.hold(0, 1)
		_, err := f.keeper.Penalize(f.ctx, missed(0, 1, 0))
		require.NoError(t, err)
		missedAt = append(missedAt, f.ctx.BlockHeight())
		f.at(f.ctx.BlockHeight() + int64(rules.FaultWindow))
	}
	for _, height := range missedAt { // their rounds end in one block
		require.NoError(t, f.keeper.CountMissed(f.ctx, operator(0), height))
	}
	require.NotEqual(t, types.NODE_STATUS_JAILED, f.state(0).Status, "no window has seen more than one")
}
