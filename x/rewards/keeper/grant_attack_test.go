package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// Void pay of a revoked grant that comes first does not keep later pay from being claimed, however
// much of it there is: a claim that only removes void entries succeeds.
func TestVoidPayIsNotInTheWayOfLaterPay(t *testing.T) {
	for name, claim := range map[string]func(f *fixture) error{
		"claim":            func(f *fixture) error { _, err := f.claim(1); return err },
		"claim of a denom": func(f *fixture) error { _, err := f.claim(1, denom); return err },
		"collect": func(f *fixture) error {
			cached, write := f.ctx.CacheContext()
			_, err := f.msgs.Collect(cached, &types.MsgCollect{Sender: operator(1).String(), Operator: operator(1).String()})
			if err == nil {
				write()
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			long := terms()
			long.Epochs = 1_000
			first, second := f.createGrant(long), f.createGrant(long)
			f.fundGrant(first, 1_000)
			f.fundGrant(second, 1_000)
			for range 2*types.MaxReleased + 1 {
				f.settle(1, computetypes.JobGrant{Id: first, Price: math.NewInt(2_000), HoldEpochs: 168}, grantFuel)
				f.endBlock()
				f.nodes.epoch++
			}
			_, err := f.msgs.RevokeGrant(f.ctx, &types.MsgRevokeGrant{Authority: authority(), Id: first})
			require.NoError(t, err)
			f.settle(1, computetypes.JobGrant{Id: second, Price: math.NewInt(2_000), HoldEpochs: 168}, grantFuel)
			f.endBlock()
			f.requireBacked()
			f.nodes.epoch += 168
			for range 3 {
				require.NoError(t, claim(f))
				f.requireBacked()
			}
			require.Equal(t, "8800", f.balance(1))
			require.ErrorIs(t, claim(f), types.ErrNothingToClaim)
		})
	}
}

// The chain mints its own denom alone.
func TestGrantsMintTheDenomOfTheChain(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	f.settle(1, computetypes.JobGrant{Id: id, Price: math.NewInt(2_000), HoldEpochs: 168}, grantFuel)
	f.endBlock()
	require.Equal(t, sdk.NewInt64Coin(other, 0), f.bank.GetSupply(f.ctx, other))
	require.Equal(t, denom, f.grant(id).Denom)
	f.requireBacked()

	exported, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	exported.Grants[0].Denom = other
	again := newFixture(t)
	require.ErrorIs(t, again.keeper.InitGenesis(again.ctx, *exported), types.ErrInvalidGenesis)
}

// The deposit stays until the last pay can no longer be revoked, also that of a job whose lifetime
// its grantee has prolonged beyond the grant.
func TestDepositStaysWhileLateJobsMayStillBeRevoked(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	withdraw := func() error {
		_, err := f.msgs.WithdrawGrant(f.ctx, &types.MsgWithdrawGrant{Grantee: operator(0).String(), Id: id})
		return err
	}
	job, err := f.keeper.EncumberGrant(f.ctx, wanted(id))
	require.NoError(t, err)
	require.NoError(t, f.keeper.RefundGrant(f.ctx, id, coin(300)))
	f.nodes.epoch = 3 + 168 + 1
	require.ErrorIs(t, withdraw(), types.ErrGrantDeposit, "the job has not ended")
	f.settle(1, job, grantFuel)
	require.NoError(t, f.keeper.ReleaseGrant(f.ctx, &job, math.NewInt(30_000), math.NewInt(10_000)))
	f.endBlock()
	f.nodes.epoch += 167
	require.ErrorIs(t, withdraw(), types.ErrGrantDeposit, "its pay can be revoked")
	f.nodes.epoch++
	require.NoError(t, withdraw())
	require.Equal(t, "1000", f.balance(0))
	f.requireBacked()
}

// A genesis file whose sums of held pay are not those of its entries is refused: a revocation
// would burn what others have in escrow, or leave coins there that no account is owed.
func TestGenesisWithOtherSumsThanItsHeldPayIsRefused(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	f.settle(1, computetypes.JobGrant{Id: id, Price: math.NewInt(2_000), HoldEpochs: 168}, grantFuel)
	f.endBlock()
	load := func(change func(*types.GenesisState)) error {
		exported, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		change(exported)
		again := newFixture(t)
		require.NoError(t, again.bank.BaseKeeper.MintCoins(again.ctx, faucet, sdk.NewCoins(f.bank.GetSupply(f.ctx, denom))))
		return again.keeper.InitGenesis(again.ctx, *exported)
	}
	require.NoError(t, load(func(*types.GenesisState) {}))
	for name, change := range map[string]func(*types.GenesisState){
		"more":          func(g *types.GenesisState) { g.HeldTotals[0].Amount = g.HeldTotals[0].Amount.AddRaw(1) },
		"none":          func(g *types.GenesisState) { g.HeldTotals = nil },
		"another epoch": func(g *types.GenesisState) { g.HeldTotals[0].Matures++ },
		"less pay":      func(g *types.GenesisState) { g.Held[0].Amount = g.Held[0].Amount.SubRaw(1) },
	} {
		require.ErrorIs(t, load(change), types.ErrInvalidGenesis, name)
	}
}
