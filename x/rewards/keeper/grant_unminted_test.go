package keeper_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

var errMint = errors.New("not now")

// above returns a fault that refuses to mint more than an amount at once.
func above(amount int64) func(sdk.Coins) error {
	return func(coins sdk.Coins) error {
		if coins.AmountOf(denom).GT(math.NewInt(amount)) {
			return errMint
		}
		return nil
	}
}

// faults are ways in which minting fails: never, always, by a panic, and for all but small amounts.
func faults() []func(sdk.Coins) error {
	return []func(sdk.Coins) error{nil, above(0), func(sdk.Coins) error { panic("send restriction") }, above(grantReward), above(grantReward / 2)}
}

// agreed is what a job of a grant has agreed with it.
func agreed(id uint64) computetypes.JobGrant {
	return computetypes.JobGrant{Id: id, Price: math.NewInt(2_000), HoldEpochs: 168}
}

func (f *fixture) unminted(id uint64) types.UnmintedTotal {
	f.t.Helper()
	found, err := f.queries.Grant(f.ctx, &types.QueryGrantRequest{Id: id})
	require.NoError(f.t, err)
	return found.Unminted
}

// move ends blocks until one has tried unminted pay again.
func (f *fixture) move() {
	f.t.Helper()
	for f.endBlock(); (f.ctx.BlockHeight()-1)%3 != 0; {
		f.endBlock()
	}
}

// owedTo returns what an operator was paid, may claim, or will be able to claim of grants.
func (f *fixture) owedTo(n byte) math.Int {
	f.t.Helper()
	paid, err := f.keeper.Paid(f.ctx, operator(n))
	require.NoError(f.t, err)
	earned, err := f.keeper.Earnings(f.ctx, operator(n))
	require.NoError(f.t, err)
	sum := paid.Add(earned...).AmountOf(denom)
	state, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(f.t, err)
	for _, pay := range state.Held {
		if pay.Operator == operator(n).String() {
			sum = sum.Add(pay.Amount)
		}
	}
	for _, pay := range state.Unminted {
		for _, note := range pay.Notes {
			if pay.Operator == operator(n).String() {
				sum = sum.Add(note.Note.Executor)
			}
		}
	}
	return sum
}

// Pay that could not be minted is not paid with what others have in escrow. It is kept, and
// minted later, and matures when it would have matured.
func TestPayThatCouldNotBeMintedIsMintedLater(t *testing.T) {
	for name, fault := range map[string]func(sdk.Coins) error{"an error": above(0), "a panic": faults()[2]} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			id := f.activeGrant()
			f.reward(2, coin(100_000)) // of another node
			f.vault.fails = fault
			f.settle(1, agreed(id), grantFuel)
			f.settle(2, agreed(id), grantFuel/2)
			f.endBlock()
			require.Equal(t, types.UnmintedTotal{Records: 2, Amount: math.NewInt(15_000), Matures: 169}, f.unminted(id))
			require.Equal(t, "0", f.grant(id).Classes[0].Minted.String())
			f.requireBacked()
			_, err := f.claim(1)
			require.ErrorIs(t, err, types.ErrNothingToClaim)

			f.nodes.epoch = 2
			f.move() // fails again
			require.EqualValues(t, 2, f.unminted(id).Records)
			f.vault.fails = nil
			f.settle(1, agreed(id), grantFuel)
			f.endBlock()
			require.Equal(t, "10000", f.grant(id).Classes[0].Minted.String(), "the pay of the block alone")
			f.move()
			require.Equal(t, types.UnmintedTotal{Amount: math.ZeroInt()}, f.unminted(id))
			require.Equal(t, "25000", f.grant(id).Classes[0].Minted.String())
			require.Equal(t, "12500000000", f.grant(id).Classes[0].Fuel.String())
			f.requireBacked()
			held, err := f.keeper.HeldPay(f.ctx, operator(1), 10)
			require.NoError(t, err)
			require.Len(t, held, 2)
			require.EqualValues(t, 169, held[0].Matures)
			f.nodes.epoch = 169
			paid, err := f.claim(1)
			require.NoError(t, err)
			require.Equal(t, coin(8_800).String(), paid.String())
			f.requireBacked()
		})
	}
}

// An operator whose pay cannot be minted does not hold up the pay of others, neither in the block
// nor when it is tried again.
func TestPayThatCannotBeMintedDoesNotHoldUpOthers(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	f.vault.fails = above(grantReward / 2)
	f.settle(0, agreed(id), grantFuel)
	f.settle(1, agreed(id), grantFuel/2)
	f.endBlock()
	require.Equal(t, "5000", f.grant(id).Classes[0].Minted.String())
	require.EqualValues(t, 1, f.unminted(id).Records)
	const more = 150 // than a block tries again
	for range more {
		f.settle(0, agreed(id), grantFuel)
		f.endBlock()
	}
	f.vault.fails = above(0)
	f.settle(1, agreed(id), grantFuel/2)
	f.endBlock()
	require.EqualValues(t, more+2, f.unminted(id).Records)
	f.vault.fails = above(grantReward / 2)
	f.move()
	f.move()
	require.EqualValues(t, more+1, f.unminted(id).Records, "the last record had its turn")
	require.Equal(t, "10000", f.grant(id).Classes[0].Minted.String())
	f.requireBacked()
	f.vault.fails = nil
	f.move()
	require.EqualValues(t, more+1-100, f.unminted(id).Records, "a block tries a bounded number again")
	f.move()
	require.Zero(t, f.unminted(id).Records)
	f.requireBacked()
}

// Pay that was not minted when the grant was revoked is void if it would be void otherwise, and is
// owed if it would have matured before.
func TestARevocationVoidsUnmintedPayThatHasNotMatured(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	f.vault.fails = above(0)
	f.settle(1, agreed(id), grantFuel)
	f.endBlock()
	f.nodes.epoch = 100
	f.settle(1, agreed(id), grantFuel)
	f.endBlock()
	f.nodes.epoch = 170 // the first pay would have matured
	revoked, err := f.msgs.RevokeGrant(f.ctx, &types.MsgRevokeGrant{Authority: authority(), Id: id})
	require.NoError(t, err)
	require.Equal(t, coin(1_000).String(), revoked.Burned.String(), "the deposit")
	f.vault.fails = nil
	f.move()
	require.Zero(t, f.unminted(id).Records)
	require.Equal(t, "10000", f.grant(id).Classes[0].Minted.String())
	f.requireBacked()
	paid, err := f.claim(1)
	require.NoError(t, err)
	require.Equal(t, coin(8_800).String(), paid.String())
	f.nodes.epoch = 1_000
	_, err = f.claim(1)
	require.ErrorIs(t, err, types.ErrNothingToClaim)
	f.requireBacked()
}

// The deposit stays while pay that was not minted could still be revoked.
func TestDepositStaysWhileUnmintedPayMayBeRevoked(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	withdraw := func() error {
		_, err := f.msgs.WithdrawGrant(f.ctx, &types.MsgWithdrawGrant{Grantee: operator(0).String(), Id: id})
		return err
	}
	f.nodes.epoch = 3 + 168 + 1
	f.vault.fails = above(0)
	f.settle(1, agreed(id), grantFuel)
	f.endBlock()
	require.ErrorIs(t, withdraw(), types.ErrGrantDeposit)
	f.nodes.epoch += 168
	require.NoError(t, withdraw())
	f.requireBacked()
}

// While much pay of a grant is not minted, the chain buys no further work with it.
func TestAGrantWithTooMuchUnmintedPayTakesNoJobs(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	req := wanted(id)
	req.Cost, req.Encumbered = nil, math.OneInt()
	f.vault.fails = above(0)
	const operators = 100
	for n := range types.MaxUnminted {
		if n%operators == 0 {
			f.endBlock()
			_, err := f.keeper.EncumberGrant(f.ctx, req)
			require.NoError(t, err, "%d records", n)
		}
		f.settle(byte(n%operators), agreed(id), grantFuel)
	}
	f.endBlock()
	require.EqualValues(t, types.MaxUnminted, f.unminted(id).Records)
	_, err := f.keeper.EncumberGrant(f.ctx, req)
	require.ErrorIs(t, err, types.ErrGrantUnminted)
	require.ErrorContains(t, err, "10000000")
	f.vault.fails = nil
	f.move()
	_, err = f.keeper.EncumberGrant(f.ctx, req)
	require.NoError(t, err)
}

// Whatever fails and whenever it does, each grant has minted or still owes what verified tasks have
// earned, each operator is owed its part, and once nothing fails any more all of it is minted.
func TestFailuresOfMintLoseNoPay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		ids := []uint64{f.activeGrant(), f.activeGrant()}
		params, err := f.keeper.Params(f.ctx)
		require.NoError(t, err)
		gross, earned := map[uint64]math.Int{}, map[byte]math.Int{}
		for _, id := range ids {
			gross[id] = math.ZeroInt()
		}
		for n := range byte(3) {
			earned[n] = math.ZeroInt()
		}
		check := func() {
			f.requireBacked()
			for _, id := range ids {
				minted := f.grant(id).Classes[0].Minted
				require.Equal(t, gross[id].String(), minted.Add(f.unminted(id).Amount).String(), "grant %d", id)
			}
			for n, want := range earned {
				require.Equal(t, want.String(), f.owedTo(n).String(), "operator %d", n)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"settle": func(t *rapid.T) {
				id, n := rapid.SampledFrom(ids).Draw(t, "grant"), rapid.ByteRange(0, 2).Draw(t, "operator")
				pays := f.settle(n, agreed(id), rapid.Uint64Range(0, grantFuel).Draw(t, "fuel"))
				gross[id] = gross[id].Add(pays)
				earned[n] = earned[n].Add(params.Split(sdk.NewCoin(denom, pays)).Executor.Amount)
			},
			"fail":  func(t *rapid.T) { f.vault.fails = rapid.SampledFrom(faults()).Draw(t, "fault") },
			"epoch": func(t *rapid.T) { f.nodes.epoch += rapid.Uint64Range(1, 100).Draw(t, "epochs") },
			"claim": func(t *rapid.T) { _, _ = f.claim(rapid.ByteRange(0, 2).Draw(t, "operator")) },
			"roll":  func(t *rapid.T) { f.roll(rapid.Int64Range(1, 9).Draw(t, "number")) },
			"block": func(*rapid.T) {},
			"": func(*rapid.T) {
				f.endBlock()
				check()
			},
		})
		f.vault.fails = nil
		for f.unminted(ids[0]).Records+f.unminted(ids[1]).Records > 0 {
			before := f.unminted(ids[0]).Records + f.unminted(ids[1]).Records
			f.move()
			require.Less(t, f.unminted(ids[0]).Records+f.unminted(ids[1]).Records, before)
		}
		check()
	})
}

// A genesis file whose unminted pay is more than the price of its fuel, or does not add up, is
// refused.
func TestGenesisWithUnmintedPayThatIsNotEarnedIsRefused(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	f.vault.fails = above(0)
	f.settle(1, agreed(id), grantFuel)
	f.endBlock()
	load := func(change func(*types.UnmintedPay)) error {
		exported, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		require.Len(t, exported.Unminted, 1)
		change(&exported.Unminted[0])
		again := newFixture(t)
		require.NoError(t, again.bank.BaseKeeper.MintCoins(again.ctx, faucet, sdk.NewCoins(f.bank.GetSupply(f.ctx, denom))))
		return again.keeper.InitGenesis(again.ctx, *exported)
	}
	require.NoError(t, load(func(*types.UnmintedPay) {}))
	for name, change := range map[string]func(*types.UnmintedPay){
		"another grant": func(p *types.UnmintedPay) { p.Grant = 2 },
		"no notes":      func(p *types.UnmintedPay) { p.Notes = nil },
		"another class": func(p *types.UnmintedPay) { p.Notes[0].Class = "cpu-large" },
		"less fuel":     func(p *types.UnmintedPay) { p.Notes[0].Note.Fuel = math.OneInt() },
		"more coins":    func(p *types.UnmintedPay) { p.Notes[0].Note.Minted = p.Notes[0].Note.Minted.AddRaw(1) },
		"fewer shares":  func(p *types.UnmintedPay) { p.Notes[0].Note.Shares.Burn = nil },
		"other chunks":  func(p *types.UnmintedPay) { p.Chunks[0].Amount = math.OneInt() },
		"a class twice": func(p *types.UnmintedPay) { p.Notes = append(p.Notes, p.Notes[0]) },
		"a chunk twice": func(p *types.UnmintedPay) { p.Chunks = append(p.Chunks, p.Chunks[0]) },
	} {
		require.ErrorIs(t, load(change), types.ErrInvalidGenesis, name)
	}
	require.Error(t, load(func(p *types.UnmintedPay) { p.Operator = "theta1" }))
	require.Error(t, load(func(p *types.UnmintedPay) { p.Chunks[0].JobId = "seven" }))
}
