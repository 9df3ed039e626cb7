package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// The query of earnings shows what a claim would pay now, with matured pay of grants that is still
// held, and without void pay and pay that has not matured.
func TestEarningsShowMaturedPayOfGrants(t *testing.T) {
	f := newFixture(t)
	long := terms()
	long.Epochs = 1_000
	first, second := f.createGrant(long), f.createGrant(long)
	f.fundGrant(first, 1_000)
	f.fundGrant(second, 1_000)
	pay := func(id uint64) {
		f.settle(1, computetypes.JobGrant{Id: id, Price: math.NewInt(2_000), HoldEpochs: 168}, grantFuel)
		f.endBlock()
	}
	earnings := func() string {
		res, err := f.queries.Earnings(f.ctx, &types.QueryEarningsRequest{Operator: operator(1).String()})
		require.NoError(t, err)
		return res.Amount.String()
	}
	pay(first)
	f.nodes.epoch = 2
	pay(second)
	require.Empty(t, earnings(), "nothing has matured")
	f.reward(1, coin(1_000))
	f.reward(1, sdk.NewInt64Coin(other, 500))
	f.nodes.epoch = 1 + 168
	require.Equal(t, "9680atfuel,440utoken", earnings())
	f.nodes.epoch++
	_, err := f.msgs.RevokeGrant(f.ctx, &types.MsgRevokeGrant{Authority: authority(), Id: second})
	require.NoError(t, err)
	require.Equal(t, "18480atfuel,440utoken", earnings(), "what has matured is not void")
	pay(first)
	for range types.MaxReleased + 2 {
		f.nodes.epoch++
		pay(first)
	}
	f.nodes.epoch += 168
	for earnings() != "" {
		want := earnings()
		paid, err := f.claim(1)
		require.NoError(t, err)
		require.Equal(t, want, paid.String())
		f.requireBacked()
	}
	held, err := f.keeper.HeldPay(f.ctx, operator(1), 10)
	require.NoError(t, err)
	require.Empty(t, held)
}
