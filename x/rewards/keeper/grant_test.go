package keeper_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

const (
	grantClass = "cpu-small"
	grantFuel  = 5_000_000_000
	// grantReward is the price of grantFuel.
	grantReward = 10_000
)

func program() []byte { return bytes.Repeat([]byte{7}, 32) }

// terms returns a grant for operator 0, which pays 2,000 per 10^9 of fuel.
func terms() types.GrantTerms {
	return types.GrantTerms{
		Grantee: operator(0).String(), Purpose: "folds proteins", Link: "https://example.org/folding", Programs: [][]byte{program()},
		Prices: []types.GrantPrice{{Class: grantClass, Price: math.NewInt(2_000)}},
		Budget: math.NewInt(100_000), Epochs: 3, Policy: computetypes.POLICY_KIND_QUORUM, Deposit: math.NewInt(1_000), FuelPerBlock: 1_000_000_000,
	}
}

// wanted returns what a job of one task asks of a grant.
func wanted(id uint64) computetypes.GrantRequest {
	return computetypes.GrantRequest{
		Grant: id, Requester: operator(0), Program: program(), Class: grantClass, Policy: computetypes.POLICY_KIND_QUORUM,
		Reward: coin(grantReward), Fuel: grantFuel, FuelPerBlock: 1_000_000_000, Encumbered: math.NewInt(40_000), Cost: sdk.NewCoins(coin(300)),
	}
}

func (f *fixture) createGrant(t types.GrantTerms) uint64 {
	f.t.Helper()
	created, err := f.msgs.CreateGrant(f.ctx, &types.MsgCreateGrant{Authority: authority(), Terms: t})
	require.NoError(f.t, err)
	return created.Id
}

// give gives coins to an operator.
func (f *fixture) give(n byte, c sdk.Coin) {
	f.t.Helper()
	require.NoError(f.t, f.bank.MintCoins(f.ctx, faucet, sdk.NewCoins(c)))
	require.NoError(f.t, f.bank.SendCoinsFromModuleToAccount(f.ctx, faucet, operator(n), sdk.NewCoins(c)))
}

func (f *fixture) fundGrant(id uint64, amount int64) types.GrantStatus {
	f.t.Helper()
	f.give(0, coin(amount))
	funded, err := f.msgs.FundGrant(f.ctx, &types.MsgFundGrant{Grantee: operator(0).String(), Id: id, Amount: coin(amount)})
	require.NoError(f.t, err)
	return funded.Status
}

func (f *fixture) activeGrant() uint64 {
	f.t.Helper()
	id := f.createGrant(terms())
	require.Equal(f.t, types.GRANT_STATUS_ACTIVE, f.fundGrant(id, 1_000))
	return id
}

func (f *fixture) grant(id uint64) types.Grant {
	f.t.Helper()
	found, err := f.queries.Grant(f.ctx, &types.QueryGrantRequest{Id: id})
	require.NoError(f.t, err)
	return found.Grant
}

func (f *fixture) balance(n byte) string {
	return f.bank.GetBalance(f.ctx, operator(n), denom).Amount.String()
}

// settle credits an operator with the price of fuel.
func (f *fixture) settle(n byte, job computetypes.JobGrant, fuel uint64) math.Int {
	f.t.Helper()
	gross, err := f.keeper.CreditGrant(f.ctx, computetypes.GrantCredit{
		Grant: &job, Operator: operator(n), Class: grantClass, Denom: denom, Fuel: fuel, Most: math.NewInt(grantReward), Less: math.ZeroInt(),
	})
	require.NoError(f.t, err)
	return gross
}

// A grant is active once its deposit is there, and only its grantee can fund it.
func TestGrantIsActiveOnceItsDepositIsThere(t *testing.T) {
	f := newFixture(t)
	id := f.createGrant(terms())
	require.EqualValues(t, 1, id)
	f.requireEvent(&types.EventGrantCreated{Id: 1, Grantee: operator(0).String(), Budget: coin(100_000)})
	_, err := f.keeper.EncumberGrant(f.ctx, wanted(id))
	require.ErrorIs(t, err, types.ErrGrantNotActive)

	require.Equal(t, types.GRANT_STATUS_PENDING, f.fundGrant(id, 999))
	f.nodes.epoch = 4
	require.Equal(t, types.GRANT_STATUS_ACTIVE, f.fundGrant(id, 1))
	f.requireEvent(&types.EventGrantFunded{Id: 1, Status: types.GRANT_STATUS_ACTIVE, Amount: coin(1)})
	require.EqualValues(t, 4, f.grant(id).FirstEpoch)
	f.requireBacked()

	fund := func(n byte, id uint64, c sdk.Coin) error {
		f.give(n, c)
		_, err := f.msgs.FundGrant(f.ctx, &types.MsgFundGrant{Grantee: operator(n).String(), Id: id, Amount: c})
		return err
	}
	require.ErrorIs(t, fund(1, id, coin(5)), types.ErrNotGrantee)
	require.ErrorIs(t, fund(0, id, sdk.NewInt64Coin(other, 5)), types.ErrInvalidCoin)
	require.ErrorIs(t, fund(0, 2, coin(5)), types.ErrGrantNotFound)
}

func TestOnlyGovernanceMakesAndRevokesGrants(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	_, err := f.msgs.CreateGrant(f.ctx, &types.MsgCreateGrant{Authority: operator(0).String(), Terms: terms()})
	require.ErrorIs(t, err, sdkerrors.ErrUnauthorized)
	_, err = f.msgs.RevokeGrant(f.ctx, &types.MsgRevokeGrant{Authority: operator(0).String(), Id: id})
	require.ErrorIs(t, err, sdkerrors.ErrUnauthorized)
	_, err = f.msgs.RevokeGrant(f.ctx, &types.MsgRevokeGrant{Authority: authority(), Id: 9})
	require.ErrorIs(t, err, types.ErrGrantNotFound)
}

func TestTermsThatAGrantCannotHaveAreRefused(t *testing.T) {
	f := newFixture(t)
	for name, change := range map[string]func(*types.GrantTerms){
		"no purpose":      func(g *types.GrantTerms) { g.Purpose = "" },
		"long purpose":    func(g *types.GrantTerms) { g.Purpose = strings.Repeat("x", 513) },
		"link":            func(g *types.GrantTerms) { g.Link = "javascript:alert(1)" },
		"no program":      func(g *types.GrantTerms) { g.Programs = nil },
		"short digest":    func(g *types.GrantTerms) { g.Programs = [][]byte{{1}} },
		"program twice":   func(g *types.GrantTerms) { g.Programs = [][]byte{program(), program()} },
		"no price":        func(g *types.GrantTerms) { g.Prices = nil },
		"class":           func(g *types.GrantTerms) { g.Prices[0].Class = "CPU" },
		"class twice":     func(g *types.GrantTerms) { g.Prices = append(g.Prices, g.Prices[0]) },
		"free":            func(g *types.GrantTerms) { g.Prices[0].Price = math.ZeroInt() },
		"trust":           func(g *types.GrantTerms) { g.Policy = computetypes.POLICY_KIND_TRUST },
		"no epochs":       func(g *types.GrantTerms) { g.Epochs = 0 },
		"too many epochs": func(g *types.GrantTerms) { g.Epochs = types.DefaultParams().MaxGrantEpochs + 1 },
		"budget":          func(g *types.GrantTerms) { g.Budget = types.DefaultParams().MaxGrantBudget.AddRaw(1) },
		"no deposit":      func(g *types.GrantTerms) { g.Deposit = math.ZeroInt() },
		"no time":         func(g *types.GrantTerms) { g.FuelPerBlock = 0 },
	} {
		bad := terms()
		change(&bad)
		_, err := f.msgs.CreateGrant(f.ctx, &types.MsgCreateGrant{Authority: authority(), Terms: bad})
		require.ErrorIs(t, err, types.ErrInvalidGrant, name)
	}
	bad := terms()
	bad.Grantee = "nobody"
	_, err := f.msgs.CreateGrant(f.ctx, &types.MsgCreateGrant{Authority: authority(), Terms: bad})
	require.ErrorIs(t, err, types.ErrInvalidAddress)
}

func TestGrantPaysOnlyForTheJobsThatItNames(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	for name, c := range map[string]struct {
		change func(*computetypes.GrantRequest)
		want   error
	}{
		"program":   {func(r *computetypes.GrantRequest) { r.Program = bytes.Repeat([]byte{8}, 32) }, types.ErrNotGranted},
		"class":     {func(r *computetypes.GrantRequest) { r.Class = "cpu-large" }, types.ErrNotGranted},
		"policy":    {func(r *computetypes.GrantRequest) { r.Policy = computetypes.POLICY_KIND_AUDIT }, types.ErrNotGranted},
		"reward":    {func(r *computetypes.GrantRequest) { r.Reward = coin(grantReward + 1) }, types.ErrNotGranted},
		"denom":     {func(r *computetypes.GrantRequest) { r.Reward = sdk.NewInt64Coin(other, grantReward) }, types.ErrNotGranted},
		"haste":     {func(r *computetypes.GrantRequest) { r.FuelPerBlock++ }, types.ErrNotGranted},
		"budget":    {func(r *computetypes.GrantRequest) { r.Encumbered = math.NewInt(100_001) }, types.ErrGrantSpent},
		"deposit":   {func(r *computetypes.GrantRequest) { r.Cost = sdk.NewCoins(coin(1_001)) }, types.ErrGrantDeposit},
		"denoms":    {func(r *computetypes.GrantRequest) { r.Cost = r.Cost.Add(sdk.NewInt64Coin(other, 1)) }, types.ErrGrantDeposit},
		"requester": {func(r *computetypes.GrantRequest) { r.Requester = operator(1) }, types.ErrNotGrantee},
		"grant":     {func(r *computetypes.GrantRequest) { r.Grant = 2 }, types.ErrGrantNotFound},
	} {
		req := wanted(id)
		c.change(&req)
		before := f.grant(id)
		_, err := f.keeper.EncumberGrant(f.ctx, req)
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, before, f.grant(id), name)
	}
	active := f.grant(id)
	f.nodes.epoch = active.LastEpoch() + 1
	_, err := f.keeper.EncumberGrant(f.ctx, wanted(id))
	require.ErrorIs(t, err, types.ErrGrantNotActive)
}

// The budget is per epoch. A job returns the part that it has not used to the budget of its epoch
// alone.
func TestEncumbranceReturnsToTheBudgetOfItsEpoch(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	available := func() string {
		found, err := f.queries.Grant(f.ctx, &types.QueryGrantRequest{Id: id})
		require.NoError(t, err)
		return found.Available.String()
	}
	first, err := f.keeper.EncumberGrant(f.ctx, wanted(id))
	require.NoError(t, err)
	require.EqualValues(t, 1, first.Epoch)
	require.Equal(t, "60000", available())
	second, err := f.keeper.EncumberGrant(f.ctx, wanted(id))
	require.NoError(t, err)
	require.NoError(t, f.keeper.ReleaseGrant(f.ctx, &second, math.NewInt(30_000), math.NewInt(10_000)))
	require.Equal(t, "50000", available())
	f.nodes.epoch = 2
	require.Equal(t, "100000", available())
	_, err = f.keeper.EncumberGrant(f.ctx, wanted(id))
	require.NoError(t, err)
	require.NoError(t, f.keeper.ReleaseGrant(f.ctx, &first, math.NewInt(40_000), math.ZeroInt()))
	require.Equal(t, "60000", available(), "the first epoch is over")
	require.Equal(t, "40000", f.grant(id).Outstanding.String())
	require.Equal(t, "100", f.grant(id).Deposit.String())
}

// Pay is minted when the block ends, and can be claimed when it has matured.
func TestPayOfAGrantIsMintedAndHeld(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	job, err := f.keeper.EncumberGrant(f.ctx, wanted(id))
	require.NoError(t, err)
	require.NoError(t, f.keeper.RefundGrant(f.ctx, id, coin(300)))
	before := f.bank.GetSupply(f.ctx, denom).Amount
	require.Equal(t, "2001", f.settle(1, job, 1_000_900_000).String(), "the price of the used fuel, truncated")
	require.Equal(t, "10000", f.settle(2, job, 9_000_000_000).String(), "at most the reward")
	require.Equal(t, "0", f.settle(2, job, 1).String())
	require.Equal(t, before, f.bank.GetSupply(f.ctx, denom).Amount)
	f.endBlock()
	f.requireEvent(&types.EventGrantMinted{Id: id, Amount: coin(12_001)})
	require.Equal(t, "12001", f.bank.GetSupply(f.ctx, denom).Amount.Sub(before).String())
	require.Equal(t, "12001", f.grant(id).Classes[0].Minted.String())
	f.requireBacked()

	held, err := f.queries.HeldPay(f.ctx, &types.QueryHeldPayRequest{Operator: operator(1).String()})
	require.NoError(t, err)
	require.Equal(t, []types.HeldPay{{Operator: operator(1).String(), Matures: 169, Grant: id, Amount: math.NewInt(1_761)}}, held.Held)
	f.nodes.epoch = 168
	_, err = f.claim(1)
	require.ErrorIs(t, err, types.ErrNothingToClaim)
	f.nodes.epoch = 169
	paid, err := f.claim(1)
	require.NoError(t, err)
	require.Equal(t, coin(1_761).String(), paid.String())
	require.Equal(t, "1761", f.balance(1))
	f.requireBacked()
}

// A revocation burns the deposit and all pay that has not matured, also that of its block. Nothing is
// paid later.
func TestRevocationBurnsTheDepositAndHeldPay(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	job, err := f.keeper.EncumberGrant(f.ctx, wanted(id))
	require.NoError(t, err)
	require.NoError(t, f.keeper.RefundGrant(f.ctx, id, coin(300)))
	f.settle(1, job, grantFuel)
	f.endBlock()
	f.nodes.epoch = 100
	f.settle(1, job, grantFuel)
	f.endBlock()
	f.nodes.epoch = 170 // the first pay has matured
	f.settle(1, job, grantFuel)
	revoked, err := f.msgs.RevokeGrant(f.ctx, &types.MsgRevokeGrant{Authority: authority(), Id: id})
	require.NoError(t, err)
	require.Equal(t, coin(1_000+2*8_800).String(), revoked.Burned.String())
	f.requireEvent(&types.EventGrantRevoked{Id: id, Deposit: coin(1_000), Held: coin(2 * 8_800)})
	f.endBlock()
	f.requireBacked()
	f.settle(1, job, grantFuel)
	f.endBlock()
	f.requireBacked()
	require.Equal(t, "30000", f.grant(id).Classes[0].Minted.String(), "nothing is minted after the revocation")

	f.nodes.epoch = 1_000
	paid, err := f.claim(1)
	require.NoError(t, err)
	require.Equal(t, coin(8_800).String(), paid.String())
	held, err := f.keeper.HeldPay(f.ctx, operator(1), 10)
	require.NoError(t, err)
	require.Empty(t, held)
	f.requireBacked()

	f.escrowed(coin(50))
	require.NoError(t, f.keeper.RefundGrant(f.ctx, id, coin(50)), "a job that ends later")
	f.requireBacked()
	_, err = f.msgs.RevokeGrant(f.ctx, &types.MsgRevokeGrant{Authority: authority(), Id: id})
	require.ErrorIs(t, err, types.ErrGrantNotActive)
	_, err = f.msgs.FundGrant(f.ctx, &types.MsgFundGrant{Grantee: operator(0).String(), Id: id, Amount: coin(1)})
	require.ErrorIs(t, err, types.ErrGrantNotActive)
	_, err = f.msgs.WithdrawGrant(f.ctx, &types.MsgWithdrawGrant{Grantee: operator(0).String(), Id: id})
	require.ErrorIs(t, err, types.ErrGrantNotActive)
}

// Receipts of the block in which a grant is revoked state its pay: it is minted, and void. From then
// on the grant pays nothing, and says so.
func TestRevokedGrantStatesWhatItPays(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	job := computetypes.JobGrant{Id: id, Price: math.NewInt(2_000), HoldEpochs: 168}
	require.Equal(t, "10000", f.settle(1, job, grantFuel).String())
	second := f.createGrant(terms())
	f.fundGrant(second, 1_000)
	f.settle(1, computetypes.JobGrant{Id: second, Price: math.NewInt(2_000), HoldEpochs: 168}, grantFuel/2)
	revoked, err := f.keeper.GrantRevoked(f.ctx, id)
	require.NoError(t, err)
	require.False(t, revoked)
	res, err := f.msgs.RevokeGrant(f.ctx, &types.MsgRevokeGrant{Authority: authority(), Id: id})
	require.NoError(t, err)
	require.Equal(t, coin(1_000+8_800).String(), res.Burned.String())
	revoked, err = f.keeper.GrantRevoked(f.ctx, id)
	require.NoError(t, err)
	require.True(t, revoked)
	require.Equal(t, "0", f.settle(1, job, grantFuel).String())
	f.endBlock()
	require.Equal(t, "10000", f.grant(id).Classes[0].Minted.String())
	require.Equal(t, "5000", f.grant(second).Classes[0].Minted.String(), "another grant pays as before")
	f.requireBacked()
	_, err = f.keeper.GrantRevoked(f.ctx, 9)
	require.ErrorIs(t, err, types.ErrGrantNotFound)
}

// The deposit stays until the last pay of the grant can no longer be revoked.
func TestDepositIsPaidBackWhenTheGrantIsOver(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	withdraw := func(n byte) error {
		_, err := f.msgs.WithdrawGrant(f.ctx, &types.MsgWithdrawGrant{Grantee: operator(n).String(), Id: id})
		return err
	}
	f.nodes.epoch = 3 + 168
	require.ErrorIs(t, withdraw(0), types.ErrGrantDeposit)
	f.nodes.epoch++
	require.ErrorIs(t, withdraw(1), types.ErrNotGrantee)
	require.NoError(t, withdraw(0))
	f.requireEvent(&types.EventGrantWithdrawn{Id: id, Amount: coin(1_000)})
	require.Equal(t, "1000", f.balance(0))
	require.ErrorIs(t, withdraw(0), types.ErrGrantDeposit, "nothing is left")
	f.requireBacked()

	pending := f.createGrant(terms())
	f.fundGrant(pending, 10)
	id = pending
	require.NoError(t, withdraw(0), "a grant that was never active")
	f.requireBacked()
}

// A sequence of random messages and settlements never mints more than price * fuel, and the state
// survives an export.
func TestGrantsMintAtMostThePriceOfTheFuel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		ids := []uint64{f.activeGrant(), f.activeGrant()}
		var jobs []computetypes.JobGrant
		fuel := map[uint64]uint64{}
		t.Repeat(map[string]func(*rapid.T){
			"post": func(t *rapid.T) {
				req := wanted(rapid.SampledFrom(ids).Draw(t, "grant"))
				req.Cost = nil
				if job, err := f.keeper.EncumberGrant(f.ctx, req); err == nil {
					jobs = append(jobs, job)
				}
			},
			"settle": func(t *rapid.T) {
				if len(jobs) == 0 {
					return
				}
				job, used := rapid.SampledFrom(jobs).Draw(t, "job"), rapid.Uint64Range(0, grantFuel).Draw(t, "fuel")
				if before := f.grant(job.Id); before.Status == types.GRANT_STATUS_ACTIVE {
					fuel[job.Id] += used
				}
				f.settle(byte(rapid.IntRange(0, 2).Draw(t, "operator")), job, used)
			},
			"epoch": func(t *rapid.T) { f.nodes.epoch += rapid.Uint64Range(1, 100).Draw(t, "epochs") },
			"fail":  func(t *rapid.T) { f.vault.fails = rapid.SampledFrom(faults()).Draw(t, "fault") },
			"claim": func(t *rapid.T) { _, _ = f.claim(byte(rapid.IntRange(0, 2).Draw(t, "operator"))) },
			"revoke": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "rarely") > 0 {
					return
				}
				f.endBlock() // pay of this block counts as verified above
				_, _ = f.msgs.RevokeGrant(f.ctx, &types.MsgRevokeGrant{Authority: authority(), Id: rapid.SampledFrom(ids).Draw(t, "grant")})
			},
			"": func(t *rapid.T) {
				f.endBlock()
				f.requireBacked()
				for _, id := range ids {
					minted := f.grant(id).Classes[0].Minted
					require.True(t, minted.LTE(computetypes.FuelPay(math.NewInt(2_000), math.NewIntFromUint64(fuel[id]))))
				}
				exported, err := f.keeper.ExportGenesis(f.ctx)
				require.NoError(t, err)
				require.NoError(t, exported.Validate())
				require.Equal(t, f.held(escrow).String(), exported.EscrowBalance().String())
				again := newFixture(t)
				again.nodes.epoch = f.nodes.epoch
				require.NoError(t, again.bank.BaseKeeper.MintCoins(again.ctx, faucet, sdk.NewCoins(f.bank.GetSupply(f.ctx, denom))))
				require.NoError(t, again.keeper.InitGenesis(again.ctx, *exported))
				reexported, err := again.keeper.ExportGenesis(again.ctx)
				require.NoError(t, err)
				require.Equal(t, exported, reexported)
			},
		})
	})
}
