package keeper_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// crowd contains nodes whose leases have run out, and an equal number of unbondings that are
// due. At each height from height 1 on, a hundred of each are due.
type crowd struct {
	*fixture
	size int
	now  int64
}

const (
	sameHeight = 100
	crowdBond  = 100
)

func crowdMember(n int) sdk.AccAddress {
	return binary.BigEndian.AppendUint64(make([]byte, 12, 20), uint64(n))
}

// crowdDue returns the height at which the n-th node's lease and unbonding are due. This order
// is the reverse of the order of addresses.
func crowdDue(size, n int) int64 { return int64((size-1-n)/sameHeight) + 1 }

// crowdUnbonding returns the amount that the n-th operator gets back.
func crowdUnbonding(n int) int64 { return int64(n%7) + 1 }

func newCrowd(t tb, size int, queueLimit uint32) *crowd {
	t.Helper()
	c := &crowd{fixture: newFixture(t), size: size, now: int64(size/sameHeight) + 1}
	genesis := types.DefaultGenesis()
	genesis.Params, genesis.Epoch = testParams(), 1
	genesis.Params.QueueLimit = queueLimit
	genesis.EpochStarts = []types.EpochStart{{Epoch: 1, Height: 1}}
	sum := types.ZeroSnapshot()
	for n := range size {
		state := types.NewNodeState(math.NewInt(crowdBond), 2)
		state.LeaseEnd = crowdDue(size, n)
		state.LeaseCheck = state.LeaseEnd
		state.Weights = []types.WeightCheckpoint{{Epoch: 1, Weight: math.NewInt(crowdBond), Class: small, Slots: 2}}
		sum = sum.Add(state.Weights[0])
		profile := registerMsg(0, crowdBond, 2).Profile(1)
		profile.Operator, profile.Worker = crowdMember(n).String(), crowdMember(size+n).String()
		genesis.Nodes = append(genesis.Nodes, types.Node{Profile: profile, State: state})
		genesis.Unbondings = append(genesis.Unbondings, types.Unbonding{
			Operator: profile.Operator, CompletionHeight: crowdDue(size, n), Amount: math.NewInt(crowdUnbonding(n)),
		})
	}
	genesis.Snapshots = []types.ClassEpochSnapshot{{Class: small, Epoch: 1, Snapshot: sum}}
	pool := sdk.NewCoins(sdk.NewCoin(denom, genesis.PoolBalance()))
	require.NoError(t, c.bank.MintCoins(c.ctx, faucet, pool))
	require.NoError(t, c.bank.SendCoinsFromModuleToModule(c.ctx, faucet, types.ModuleName, pool))
	require.NoError(t, c.keeper.InitGenesis(c.ctx, *genesis))
	c.commit()
	c.at(c.now)
	return c
}

// commit saves everything that has been written, as the end of a block does. A store that is
// never saved would sort all new keys again for each iterator.
func (c *crowd) commit() {
	c.ctx.MultiStore().(storetypes.CommitMultiStore).Commit()
}

// ended returns the lapses and payments of the last block, in the order in which they
// happened.
func (c *crowd) ended() (lapsed []string, paid []*types.EventUnbonded) {
	c.t.Helper()
	c.resetEvents()
	require.NoError(c.t, c.try(func(ctx sdk.Context) error { return c.keeper.EndBlock(ctx) }))
	c.commit()
	c.at(c.ctx.BlockHeight() + 1)
	for _, event := range c.ctx.EventManager().ABCIEvents() {
		parsed, err := sdk.ParseTypedEvent(event)
		if err != nil {
			continue // events of bank are not typed
		}
		switch e := parsed.(type) {
		case *types.EventNodeStatus:
			require.Equal(c.t, types.NODE_STATUS_LAPSED, e.To)
			lapsed = append(lapsed, e.Operator)
		case *types.EventUnbonded:
			paid = append(paid, e)
		}
	}
	return lapsed, paid
}

func TestAHundredThousandDueItemsDrainInOrderAtQueueLimitABlock(t *testing.T) {
	size, limit := 100_000, 10_000
	if testing.Short() {
		size, limit = 5_000, 500
	}
	c := newCrowd(t, size, uint32(limit))
	due := make(map[string]int, size)
	for n := range size {
		due[crowdMember(n).String()] = n
	}
	// follows takes an item off a queue and requires that it is the next one.
	follows := func(seen map[string]bool, last *int64, operator string) int {
		n, known := due[operator]
		require.True(t, known, "somebody else: %s", operator)
		require.False(t, seen[operator], "twice: %s", operator)
		seen[operator] = true
		require.LessOrEqual(t, *last, crowdDue(size, n), "what was due first ends first")
		*last = crowdDue(size, n)
		return n
	}
	lapses, payments := make(map[string]bool, size), make(map[string]bool, size)
	var lastLapse, lastPayment int64
	for block := range size / limit {
		lapsed, paid := c.ended()
		require.Len(t, lapsed, limit, "block %d", block)
		require.Len(t, paid, limit, "block %d", block)
		for i := range limit {
			follows(lapses, &lastLapse, lapsed[i])
			n := follows(payments, &lastPayment, paid[i].Operator)
			require.Equal(t, coin(crowdUnbonding(n)), paid[i].Amount)
			require.Equal(t, crowdUnbonding(n), c.balance(crowdMember(n)))
		}
		if block == 4 {
			c.requireInvariants()
		}
	}
	require.Len(t, lapses, size)
	require.Len(t, payments, size)
	require.Zero(t, c.checks())
	lapsed, paid := c.ended()
	require.Empty(t, lapsed)
	require.Empty(t, paid)
	require.Equal(t, int64(size*crowdBond), c.moduleBalance(types.ModuleName))
	c.roll()
	require.Equal(t, types.ZeroSnapshot(), c.snapshot(small, 2))
	c.requireInvariants()
}

// BenchmarkBacklog measures the end of a block that has to process a hundred thousand leases
// and an equal number of unbondings.
func BenchmarkBacklog(b *testing.B) {
	for _, limit := range []uint32{100, 1_000} {
		b.Run(fmt.Sprintf("queue_limit=%d", limit), func(b *testing.B) {
			c := newCrowd(b, 100_000, limit)
			for b.Loop() {
				c.resetEvents()
				require.NoError(b, c.try(func(ctx sdk.Context) error { return c.keeper.EndBlock(ctx) }))
				b.StopTimer()
				c.commit()
				b.StartTimer()
			}
			require.Less(b, b.N*int(limit), c.size, "the backlog has ended before the benchmark")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(2*limit), "µs/item")
		})
	}
}
