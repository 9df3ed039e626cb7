package keeper_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// restarted exports the fixture as it is after its present block and imports the export into a
// chain at height 1.
func (f *fixture) restarted() *fixture {
	f.t.Helper()
	require.NoError(f.t, f.keeper.RestartHeights(f.ctx))
	exported, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(f.t, err)
	require.NoError(f.t, exported.Validate())
	anew := newFixture(f.t)
	pool := sdk.NewCoins(sdk.NewCoin(denom, exported.PoolBalance()))
	require.NoError(f.t, anew.bank.MintCoins(anew.ctx, faucet, pool))
	require.NoError(f.t, anew.bank.SendCoinsFromModuleToModule(anew.ctx, faucet, types.ModuleName, pool))
	require.NoError(f.t, anew.keeper.InitGenesis(anew.ctx, *exported))
	again, err := anew.keeper.ExportGenesis(anew.ctx)
	require.NoError(f.t, err)
	require.Equal(f.t, exported, again)
	anew.requireInvariants()
	return anew
}

// giveBack makes the n-th node give back an assignment. If the node gave back another one
// shortly before, this costs it 1. giveBack returns the burned amount.
func (f *fixture) giveBack(n byte) int64 {
	f.t.Helper()
	f.hold(n, 1)
	burned, err := f.keeper.GiveBack(f.ctx, types.GiveBackRequest{Operator: operator(n), Liability: math.OneInt(), Fee: math.OneInt()})
	require.NoError(f.t, err)
	return burned.Int64()
}

// requireHeightsBelow fails if a record of a node, or a record within it, contains a height
// that this chain has not reached. Anything that is counted from such a height would have to
// wait until the chain reaches it.
func requireHeightsBelow(t *testing.T, record reflect.Value, most int64) {
	t.Helper()
	switch record.Kind() {
	case reflect.Struct:
		for i := range record.NumField() {
			if field := record.Type().Field(i); field.IsExported() {
				requireHeightsBelow(t, record.Field(i), most)
			}
		}
	case reflect.Slice:
		for i := range record.Len() {
			requireHeightsBelow(t, record.Index(i), most)
		}
	case reflect.Int64:
		require.Less(t, record.Int(), most, "%s", record.Type())
	default:
	}
}

func TestARestartedChainKnowsWhoHasJustGivenBack(t *testing.T) {
	const last = 1_000
	f := newFixture(t)
	f.at(last - types.GiveBackBlocks - 10)
	for n := range byte(3) {
		f.register(n, 400, 8)
	}
	f.roll()
	require.Zero(t, f.giveBack(0))
	f.at(last - 10)
	require.Zero(t, f.giveBack(1))
	f.at(last)

	anew := f.restarted()
	exported, err := anew.keeper.ExportGenesis(anew.ctx)
	require.NoError(t, err)
	for _, node := range exported.Nodes {
		node.State.LeaseEnd, node.State.LeaseCheck = 0, 0 // a whole lease from the first block on
		requireHeightsBelow(t, reflect.ValueOf(node), 100)
	}
	anew.at(2)
	require.Equal(t, int64(1), anew.giveBack(1), "twelve blocks after the one before")
	require.Zero(t, anew.giveBack(0), "that was long ago")
	require.Zero(t, anew.giveBack(2))
	anew.at(3 + types.GiveBackBlocks)
	require.Zero(t, anew.giveBack(1), "heights of the chain before are over")
	anew.requireInvariants()
}

func TestRestartedChainCountsInItsOwnHeights(t *testing.T) {
	const lease, last = 30, 1_000
	f := newFixture(t)
	f.leaseOf(lease)
	f.at(last - 40)
	for n := range byte(3) {
		f.register(n, 400, 8) // the leases of these nodes are over
	}
	f.roll()
	f.at(last - 20)
	require.NoError(t, f.renew(0))
	require.NoError(t, f.unbond(2, coin(3)))
	f.at(last - 3)
	f.register(3, 400, 8)
	f.hold(3, 1)
	f.miss(3)
	require.NoError(t, f.renew(1))
	f.jail(1)
	f.register(4, 400, 8)
	require.NoError(t, f.unbond(4, coin(7)))
	require.NoError(t, f.pause(4))
	f.at(last)
	require.NoError(t, f.unbond(4, coin(9)))

	anew := f.restarted()
	require.Equal(t, types.NODE_STATUS_ACTIVE, anew.state(0).Status)
	for _, live := range []byte{0, 3} {
		require.Equal(t, []int64{lease, lease}, []int64{anew.state(live).LeaseEnd, anew.state(live).LeaseCheck})
	}
	require.Equal(t, types.NODE_STATUS_LAPSED, anew.state(2).Status, "over, though the queue had not come to it")
	require.Zero(t, anew.state(2).LeaseEnd, "a height of the chain before")
	require.Equal(t, map[int64]int64{1: 3}, anew.unbondings(2), "due, though the queue had not come to it")
	require.Equal(t, map[int64]int64{2: 7, 5: 9}, anew.unbondings(4))

	require.Equal(t, int64(7), anew.state(1).Jail.Until, "seven blocks of ten are left")
	anew.at(6)
	require.ErrorIs(t, anew.unjail(1), types.ErrJailed)
	anew.at(7)
	require.NoError(t, anew.unjail(1))

	anew.hold(3, 3)
	anew.at(16) // the window of twenty blocks began three blocks before the first block
	anew.lie(3)
	require.Equal(t, uint32(3), anew.state(3).Jail.Points, "the window of before goes on")
	anew.miss(3)
	require.Equal(t, types.NODE_STATUS_JAILED, anew.state(3).Status)

	anew.endBlocks(lease + 1)
	require.Equal(t, types.NODE_STATUS_LAPSED, anew.state(0).Status)
	require.Equal(t, []int64{3, 16}, []int64{anew.balance(operator(2)), anew.balance(operator(4))})
	anew.roll()
	anew.requireInvariants()
}
