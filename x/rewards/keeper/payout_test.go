package keeper_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// worker is the worker key of the n-th operator's node, and elsewhere an account of a person.
func worker(n byte) sdk.AccAddress { return operator(100 + n) }

func elsewhere(n byte) sdk.AccAddress { return operator(50 + n) }

// selfBond is what each validator has bonded itself.
const selfBond = 1_000_000

// validator makes the n-th validator, with a bond of its own.
func (f *fixture) validator(n byte) string {
	f.t.Helper()
	address := sdk.ValAddress(operator(200 + n))
	v, err := stakingtypes.NewValidator(address.String(), consensusKey(n), stakingtypes.Description{Moniker: "v"})
	require.NoError(f.t, err)
	v.Status = stakingtypes.Bonded
	v, _ = v.AddTokensFromDel(math.NewInt(selfBond))
	require.NoError(f.t, f.bank.MintCoins(f.ctx, faucet, sdk.NewCoins(coin(selfBond))))
	require.NoError(f.t, f.bank.SendCoinsFromModuleToModule(f.ctx, faucet, stakingtypes.BondedPoolName, sdk.NewCoins(coin(selfBond))))
	require.NoError(f.t, f.staking.SetValidator(f.ctx, v))
	require.NoError(f.t, f.staking.SetValidatorByConsAddr(f.ctx, v))
	require.NoError(f.t, f.staking.SetValidatorByPowerIndex(f.ctx, v))
	return address.String()
}

func consensusKey(n byte) *ed25519.PubKey {
	return ed25519.GenPrivKeyFromSecret([]byte{n}).PubKey().(*ed25519.PubKey)
}

// slash takes a part of a validator's tokens, in hundredths.
func (f *fixture) slash(n byte, percent int64) {
	f.t.Helper()
	v, err := f.staking.GetValidator(f.ctx, sdk.ValAddress(operator(200+n)))
	require.NoError(f.t, err)
	power := v.GetConsensusPower(math.OneInt())
	_, err = f.staking.SlashWithInfractionReason(f.ctx, sdk.ConsAddress(consensusKey(n).Address()), f.ctx.BlockHeight(), power,
		math.LegacyNewDecWithPrec(percent, 2), stakingtypes.Infraction_INFRACTION_DOUBLE_SIGN)
	require.NoError(f.t, err)
}

func (f *fixture) setPayout(n byte, address, validator string) error {
	cached, write := f.ctx.CacheContext()
	_, err := f.msgs.SetPayout(cached, &types.MsgSetPayout{Operator: operator(n).String(), Address: address, Validator: validator})
	if err == nil {
		write()
	}
	return err
}

func (f *fixture) collect(sender sdk.AccAddress, n byte) (*types.MsgCollectResponse, error) {
	cached, write := f.ctx.CacheContext()
	res, err := f.msgs.Collect(cached, &types.MsgCollect{Sender: sender.String(), Operator: operator(n).String()})
	if err == nil {
		write()
	}
	return res, err
}

func (f *fixture) payout(n byte) *types.QueryPayoutResponse {
	f.t.Helper()
	res, err := f.queries.Payout(f.ctx, &types.QueryPayoutRequest{Operator: operator(n).String()})
	require.NoError(f.t, err)
	return res
}

func TestEarningsGoWhereTheOperatorSays(t *testing.T) {
	f := newFixture(t)
	f.nodes.workers[worker(0).String()] = operator(0)
	require.Equal(t, operator(0).String(), f.payout(0).Address)
	require.NoError(t, f.setPayout(0, elsewhere(0).String(), ""))
	f.requireEvent(&types.EventPayoutSet{Operator: operator(0).String(), Address: elsewhere(0).String()})
	require.Equal(t, elsewhere(0).String(), f.payout(0).Address)

	f.reward(0, coin(10_000))
	res, err := f.collect(worker(0), 0)
	require.NoError(t, err)
	require.Equal(t, &types.MsgCollectResponse{Amount: sdk.NewCoins(coin(8800)), Recipient: elsewhere(0).String(), Delegated: coin(0)}, res)
	f.requireEvent(&types.EventCollected{
		Operator: operator(0).String(), Sender: worker(0).String(), Recipient: elsewhere(0).String(),
		Amount: sdk.NewCoins(coin(8800)), Delegated: coin(0),
	})
	f.reward(0, coin(10_000))
	_, err = f.claim(0)
	require.NoError(t, err, "a claim follows the rule too")
	f.requireEvent(&types.EventClaimed{Operator: operator(0).String(), Recipient: elsewhere(0).String(), Amount: sdk.NewCoins(coin(8800))})
	require.Equal(t, "17600"+denom, f.bank.GetAllBalances(f.ctx, elsewhere(0)).String())
	require.Empty(t, f.bank.GetAllBalances(f.ctx, operator(0)))
	require.Equal(t, "17600"+denom, f.payout(0).Paid.String())

	require.NoError(t, f.setPayout(0, "", ""), "the rule is removed")
	f.reward(0, coin(10_000))
	_, err = f.collect(operator(0), 0)
	require.NoError(t, err)
	require.Equal(t, "8800"+denom, f.bank.GetAllBalances(f.ctx, operator(0)).String())
	require.Equal(t, "26400"+denom, f.payout(0).Paid.String())
	f.requireBacked()
}

func TestOnlyTheOperatorAndItsCurrentWorkerCollect(t *testing.T) {
	f := newFixture(t)
	f.nodes.workers[worker(0).String()], f.nodes.workers[worker(1).String()] = operator(0), operator(1)
	f.reward(0, coin(10_000))
	refused := func(sender sdk.AccAddress) {
		t.Helper()
		_, err := f.collect(sender, 0)
		require.ErrorIs(t, err, types.ErrNotCollector)
	}
	refused(operator(1))
	refused(worker(1))
	refused(elsewhere(0))
	delete(f.nodes.workers, worker(0).String()) // rotated
	f.nodes.workers[worker(2).String()] = operator(0)
	refused(worker(0))
	_, err := f.collect(worker(2), 0)
	require.NoError(t, err)
	require.Equal(t, "8800"+denom, f.bank.GetAllBalances(f.ctx, operator(0)).String())
	_, err = f.collect(worker(2), 0)
	require.ErrorIs(t, err, types.ErrNothingToClaim)
	_, err = f.msgs.Collect(f.ctx, &types.MsgCollect{Sender: "x", Operator: operator(0).String()})
	require.ErrorIs(t, err, types.ErrInvalidAddress)
	_, err = f.msgs.Collect(f.ctx, &types.MsgCollect{Sender: worker(2).String(), Operator: "x"})
	require.ErrorIs(t, err, types.ErrInvalidAddress)
	f.requireBacked()
}

func TestPayoutRefusesWhatWouldLoseCoinsOrDelegateThoseOfOthers(t *testing.T) {
	f := newFixture(t)
	f.nodes.workers[worker(0).String()], f.nodes.workers[worker(1).String()] = operator(0), operator(1)
	known := f.validator(0)
	unknown := sdk.ValAddress(operator(9)).String()
	contract := sdk.AccAddress(make([]byte, 32)).String()
	for _, name := range []string{blocked, unblocked} {
		require.NotNil(t, f.accounts.GetModuleAccount(f.ctx, name))
	}
	for name, rule := range map[string][2]string{
		"an account that receives nothing":    {authtypes.NewModuleAddress(blocked).String(), ""},
		"a module account":                    {authtypes.NewModuleAddress(unblocked).String(), ""},
		"the node's own worker key":           {worker(0).String(), ""},
		"the worker key of another node":      {worker(1).String(), ""},
		"an address of 32 bytes":              {contract, ""},
		"an unknown validator":                {"", unknown},
		"an account instead of a validator":   {"", operator(9).String()},
		"coins of another account, delegated": {elsewhere(0).String(), known},
	} {
		require.ErrorIs(t, f.setPayout(0, rule[0], rule[1]), types.ErrInvalidPayout, name)
	}
	require.ErrorIs(t, f.setPayout(0, "theta1", ""), types.ErrInvalidAddress)
	_, err := f.msgs.SetPayout(f.ctx, &types.MsgSetPayout{Operator: "x"})
	require.ErrorIs(t, err, types.ErrInvalidAddress)
	require.NoError(t, f.setPayout(0, operator(0).String(), known), "the operator itself is named")
	require.Equal(t, operator(0).String(), f.payout(0).Address)
	require.Equal(t, known, f.payout(0).Validator)
	require.Empty(t, f.payout(0).Paid)
	f.requireBacked()
}

func TestCollectedBondCoinsAreDelegatedAndOthersPaid(t *testing.T) {
	f := newFixture(t)
	f.nodes.workers[worker(0).String()] = operator(0)
	validator := f.validator(0)
	require.NoError(t, f.setPayout(0, "", validator))
	f.reward(0, coin(10_000))
	f.reward(0, sdk.NewInt64Coin(other, 10_000))
	res, err := f.collect(worker(0), 0)
	require.NoError(t, err)
	require.Equal(t, coin(8800), res.Delegated)
	require.Empty(t, res.Undelegated)
	require.Equal(t, "8800"+other, f.bank.GetAllBalances(f.ctx, operator(0)).String())
	require.Equal(t, "8800", f.delegated(0, validator).String())
	f.requireEvent(&types.EventCollected{
		Operator: operator(0).String(), Sender: worker(0).String(), Recipient: operator(0).String(), Validator: validator,
		Amount: sdk.NewCoins(coin(8800), sdk.NewInt64Coin(other, 8800)), Delegated: coin(8800),
	})

	f.reward(0, sdk.NewInt64Coin(other, 10_000))
	res, err = f.collect(worker(0), 0)
	require.NoError(t, err, "nothing to delegate")
	require.Equal(t, coin(0), res.Delegated)
	require.Empty(t, res.Undelegated)
	f.reward(0, coin(10_000))
	_, err = f.claim(0)
	require.NoError(t, err)
	require.Equal(t, "8800", f.bank.GetBalance(f.ctx, operator(0), denom).Amount.String(), "a claim delegates nothing")
	f.requireBacked()
}

// delegated returns the tokens that an operator has at a validator.
func (f *fixture) delegated(n byte, validator string) math.Int {
	f.t.Helper()
	address, err := sdk.ValAddressFromBech32(validator)
	require.NoError(f.t, err)
	delegation, err := f.staking.GetDelegation(f.ctx, operator(n), address)
	if err != nil {
		return math.ZeroInt()
	}
	v, err := f.staking.GetValidator(f.ctx, address)
	require.NoError(f.t, err)
	return v.TokensFromShares(delegation.Shares).TruncateInt()
}

func TestCoinsAreNotLostToAValidatorThatCannotTakeThem(t *testing.T) {
	for name, c := range map[string]struct {
		harm   func(f *fixture, v stakingtypes.Validator)
		reason string
	}{
		"gone": {func(f *fixture, v stakingtypes.Validator) {
			v.Tokens, v.DelegatorShares, v.Status = math.ZeroInt(), math.LegacyZeroDec(), stakingtypes.Unbonded
			require.NoError(f.t, f.staking.SetValidator(f.ctx, v))
			require.NoError(f.t, f.staking.RemoveValidator(f.ctx, sdk.ValAddress(operator(200))))
		}, "the validator is gone"},
		"jailed": {func(f *fixture, v stakingtypes.Validator) {
			v.Jailed = true
			require.NoError(f.t, f.staking.SetValidator(f.ctx, v))
		}, "the validator is jailed"},
		"without tokens": {func(f *fixture, _ stakingtypes.Validator) { f.slash(0, 100) }, "the validator has lost all its tokens"},
		"refused": {func(f *fixture, _ stakingtypes.Validator) {
			f.staking.SetHooks(refusal{})
		}, "the staking module has refused the delegation"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.nodes.workers[worker(0).String()] = operator(0)
			validator := f.validator(0)
			require.NoError(t, f.setPayout(0, "", validator))
			v, err := f.staking.GetValidator(f.ctx, sdk.ValAddress(operator(200)))
			require.NoError(t, err)
			c.harm(f, v)
			f.reward(0, coin(10_000))
			res, err := f.collect(worker(0), 0)
			require.NoError(t, err)
			require.Equal(t, &types.MsgCollectResponse{
				Amount: sdk.NewCoins(coin(8800)), Recipient: operator(0).String(), Delegated: coin(0), Undelegated: c.reason,
			}, res)
			require.Equal(t, "8800"+denom, f.bank.GetAllBalances(f.ctx, operator(0)).String())
			f.requireEvent(&types.EventCollected{
				Operator: operator(0).String(), Sender: worker(0).String(), Recipient: operator(0).String(), Validator: validator,
				Amount: sdk.NewCoins(coin(8800)), Delegated: coin(0), Undelegated: c.reason,
			})
			f.requireBacked()
		})
	}
}

// refusal is a hook of x/staking that refuses delegations.
type refusal struct{ stakingtypes.StakingHooks }

// BeforeDelegationCreated refuses.
func (refusal) BeforeDelegationCreated(context.Context, sdk.AccAddress, sdk.ValAddress) error {
	return fmt.Errorf("no delegations today")
}

func TestCollectTakesABoundedNumberOfDenoms(t *testing.T) {
	f := newFixture(t)
	for i := range types.MaxClaimDenoms + 3 {
		f.reward(0, sdk.NewInt64Coin(fmt.Sprintf("token%02d", i), 100))
	}
	res, err := f.collect(operator(0), 0)
	require.NoError(t, err)
	require.Len(t, res.Amount, types.MaxClaimDenoms)
	res, err = f.collect(operator(0), 0)
	require.NoError(t, err)
	require.Len(t, res.Amount, 3)
	f.requireBacked()
}

func TestPayoutsSurviveAnExport(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.setPayout(0, elsewhere(0).String(), ""))
	require.NoError(t, f.setPayout(1, "", f.validator(0)))
	f.reward(0, coin(10_000))
	f.reward(1, sdk.NewInt64Coin(other, 10_000))
	_, err := f.claim(0)
	require.NoError(t, err)
	f.endBlock()
	exported, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.NoError(t, exported.Validate())
	require.Len(t, exported.Payouts, 2)
	require.Equal(t, "8800"+denom, exported.Paid[0].Amount.String())
	fresh := newFixture(t)
	fresh.takeSupplyOf(f)
	require.NoError(t, fresh.keeper.InitGenesis(fresh.ctx, *exported))
	again, err := fresh.keeper.ExportGenesis(fresh.ctx)
	require.NoError(t, err)
	require.Equal(t, exported, again)

	for name, spoil := range map[string]func(*types.GenesisState){
		"twice":           func(g *types.GenesisState) { g.Payouts = append(g.Payouts, g.Payouts[0]) },
		"an empty rule":   func(g *types.GenesisState) { g.Payouts[0].Payout = types.Payout{} },
		"both":            func(g *types.GenesisState) { g.Payouts[0].Payout.Validator = g.Payouts[1].Payout.Validator },
		"paid twice":      func(g *types.GenesisState) { g.Paid = append(g.Paid, g.Paid[0]) },
		"paid a bad coin": func(g *types.GenesisState) { g.Paid[0].Amount = sdk.Coins{{Denom: denom}} },
	} {
		spoilt, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		spoil(spoilt)
		require.ErrorIs(t, spoilt.Validate(), types.ErrInvalidGenesis, name)
	}
	bad := *exported
	bad.Payouts = []types.OperatorPayout{{Operator: operator(0).String(), Payout: types.Payout{Validator: "thetavaloper1"}}}
	fresh = newFixture(t)
	require.ErrorIs(t, fresh.keeper.InitGenesis(fresh.ctx, bad), types.ErrInvalidGenesis)
}
