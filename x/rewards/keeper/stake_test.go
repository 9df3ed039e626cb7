package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

func (f *fixture) claimAndDelegate(n byte, validator string) (sdk.Coin, error) {
	cached, write := f.ctx.CacheContext()
	res, err := f.msgs.ClaimAndDelegate(cached, &types.MsgClaimAndDelegate{Operator: operator(n).String(), Validator: validator})
	if err != nil {
		return sdk.Coin{}, err
	}
	write()
	return res.Delegated, nil
}

func (f *fixture) claimAndBond(n byte) (sdk.Coin, error) {
	cached, write := f.ctx.CacheContext()
	res, err := f.msgs.ClaimAndBond(cached, &types.MsgClaimAndBond{Operator: operator(n).String()})
	if err != nil {
		return sdk.Coin{}, err
	}
	write()
	return res.Bonded, nil
}

// register opens the node of the n-th operator.
func (f *fixture) register(n byte) {
	f.t.Helper()
	bond := params.TfuelCoin(1_000)
	require.NoError(f.t, f.bank.MintCoins(f.ctx, faucet, sdk.NewCoins(bond)))
	require.NoError(f.t, f.bank.SendCoinsFromModuleToAccount(f.ctx, faucet, operator(n), sdk.NewCoins(bond)))
	_, err := edgenodekeeper.NewMsgServer(f.edge).Register(f.ctx, &edgenodetypes.MsgRegister{
		Operator: operator(n).String(), Worker: worker(n).String(), Moniker: "node", Region: "de", Class: "cpu-small",
		Hardware:  edgenodetypes.Hardware{CpuCores: 16, MemoryBytes: 64 << 30},
		Executors: []string{"wasm/1"}, Bond: bond, Slots: 1,
	})
	require.NoError(f.t, err)
}

func (f *fixture) bond(n byte) math.Int {
	f.t.Helper()
	node, err := f.edge.Node(f.ctx, operator(n))
	require.NoError(f.t, err)
	return node.State.Bond
}

func TestEarningsAreClaimedAndDelegatedInOneStep(t *testing.T) {
	f := newFixture(t)
	validator := f.validator(0)
	f.reward(0, coin(10_000))
	f.reward(0, sdk.NewInt64Coin(other, 10_000))
	delegated, err := f.claimAndDelegate(0, validator)
	require.NoError(t, err)
	require.Equal(t, coin(8800), delegated)
	f.requireEvent(&types.EventEarningsDelegated{Operator: operator(0).String(), Validator: validator, Amount: coin(8800)})
	f.requireEvent(&types.EventClaimed{Operator: operator(0).String(), Recipient: operator(0).String(), Amount: sdk.NewCoins(coin(8800))})
	stake, err := f.staking.GetDelegation(f.ctx, operator(0), sdk.ValAddress(operator(200)))
	require.NoError(t, err)
	require.Equal(t, math.LegacyNewDec(8800), stake.Shares)
	require.Empty(t, f.bank.GetAllBalances(f.ctx, operator(0)))
	earned, err := f.keeper.Earnings(f.ctx, operator(0))
	require.NoError(t, err)
	require.Equal(t, "8800"+other, earned.String(), "other denoms stay")
	require.Equal(t, "8800"+denom, f.payout(0).Paid.String())
	f.requireBacked()

	f.reward(0, coin(1)) // dust
	delegated, err = f.claimAndDelegate(0, validator)
	require.NoError(t, err)
	require.Equal(t, coin(1), delegated)
}

func TestNothingIsClaimedThatCannotBeDelegated(t *testing.T) {
	f := newFixture(t)
	validator := f.validator(0)
	_, err := f.claimAndDelegate(0, validator)
	require.ErrorIs(t, err, types.ErrNothingToClaim)
	f.reward(0, sdk.NewInt64Coin(other, 10_000))
	_, err = f.claimAndDelegate(0, validator)
	require.ErrorIs(t, err, types.ErrNothingToClaim, "nothing but other denoms")
	require.ErrorContains(t, err, "claim other denoms with MsgClaim")
	f.reward(0, coin(10_000))
	unchanged := func(err, want error) {
		t.Helper()
		require.ErrorIs(t, err, want)
		earned, err := f.keeper.Earnings(f.ctx, operator(0))
		require.NoError(t, err)
		require.Equal(t, "8800"+denom+",8800"+other, earned.String())
		f.requireBacked()
	}
	_, err = f.claimAndDelegate(0, "thetavaloper1")
	unchanged(err, types.ErrInvalidAddress)
	_, err = f.claimAndDelegate(0, sdk.ValAddress(operator(7)).String())
	unchanged(err, types.ErrNotStaked)
	require.NoError(t, f.setPayout(0, elsewhere(0).String(), ""))
	_, err = f.claimAndDelegate(0, validator)
	unchanged(err, types.ErrNotStaked)
	require.ErrorContains(t, err, "MsgSetPayout")
	require.NoError(t, f.setPayout(0, "", ""))
	v, err := f.staking.GetValidator(f.ctx, sdk.ValAddress(operator(200)))
	require.NoError(t, err)
	v.Jailed = true
	require.NoError(t, f.staking.SetValidator(f.ctx, v))
	_, err = f.claimAndDelegate(0, validator)
	unchanged(err, types.ErrNotStaked)
	v.Jailed = false
	require.NoError(t, f.staking.SetValidator(f.ctx, v))
	f.slash(0, 100)
	_, err = f.claimAndDelegate(0, validator)
	unchanged(err, types.ErrNotStaked)
}

func TestEarningsAreClaimedAndBondedInOneStep(t *testing.T) {
	f := newFixture(t)
	f.register(0)
	before := f.bond(0)
	f.reward(0, coin(10_000))
	bonded, err := f.claimAndBond(0)
	require.NoError(t, err)
	require.Equal(t, coin(8800), bonded)
	require.Equal(t, before.AddRaw(8800), f.bond(0))
	f.requireEvent(&types.EventEarningsBonded{Operator: operator(0).String(), Amount: coin(8800)})
	require.Empty(t, f.bank.GetAllBalances(f.ctx, operator(0)))
	f.requireBacked()
	_, err = f.claimAndBond(0)
	require.ErrorIs(t, err, types.ErrNothingToClaim)
}

func TestNothingIsClaimedThatCannotBeBonded(t *testing.T) {
	f := newFixture(t)
	f.reward(0, coin(10_000))
	_, err := f.claimAndBond(0)
	require.ErrorIs(t, err, edgenodetypes.ErrNodeNotFound)
	f.register(0)
	require.NoError(t, f.setPayout(0, elsewhere(0).String(), ""))
	_, err = f.claimAndBond(0)
	require.ErrorIs(t, err, types.ErrNotStaked)
	require.NoError(t, f.setPayout(0, "", ""))
	_, err = edgenodekeeper.NewMsgServer(f.edge).Retire(f.ctx, &edgenodetypes.MsgRetire{Operator: operator(0).String()})
	require.NoError(t, err)
	_, err = f.claimAndBond(0)
	require.Error(t, err, "a node that retires takes no bond")
	earned, err := f.keeper.Earnings(f.ctx, operator(0))
	require.NoError(t, err)
	require.Equal(t, "8800"+denom, earned.String())
	f.requireBacked()
}

// A bond that was just slashed, or is in jail, takes earnings like any other: the operator may
// need them to leave jail.
func TestEarningsAreBondedToANodeThatWasSlashedAndJailedInTheSameBlock(t *testing.T) {
	f := newFixture(t)
	f.register(0)
	before, liability := f.bond(0), params.Tfuel(10)
	rules, err := f.edge.Params(f.ctx)
	require.NoError(t, err)
	for !f.jailed(0) && f.bond(0).GT(rules.MinBond) {
		require.NoError(t, f.edge.Reserve(f.ctx, operator(0), liability))
		_, err := f.edge.Slash(f.ctx, edgenodetypes.SlashRequest{
			Operator: operator(0), Liability: liability, Cost: math.ZeroInt(), To: escrow,
			Reason: edgenodetypes.ReasonWrongResult, JobID: "1-0-0",
		})
		require.NoError(t, err)
	}
	require.True(t, f.jailed(0))
	lost := before.Sub(f.bond(0))
	f.reward(0, coin(10_000))
	bonded, err := f.claimAndBond(0)
	require.NoError(t, err)
	require.Equal(t, before.Sub(lost).Add(bonded.Amount), f.bond(0))
	require.True(t, f.jailed(0), "more bond does not end a term in jail")
	for _, result := range f.edge.CheckInvariants(f.ctx) {
		require.NoError(t, result.Err, result.Name)
	}
	require.True(t, f.ledger().Flows.BurnedBy(types.SUPPLY_CAUSE_NODE_FAULTS).IsPositive())
}

func (f *fixture) jailed(n byte) bool {
	f.t.Helper()
	node, err := f.edge.Node(f.ctx, operator(n))
	require.NoError(f.t, err)
	return node.State.Status == edgenodetypes.NODE_STATUS_JAILED
}
