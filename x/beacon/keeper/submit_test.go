package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/thetaedge/theta/x/beacon/bls"
	"github.com/thetaedge/theta/x/beacon/types"
)

func TestAHeightHasItsSeedOnceItsRoundIsVerified(t *testing.T) {
	f := newFixture(t)
	f.next(time.Second)
	_, found, err := f.keeper.RoundAt(f.ctx, 1)
	require.NoError(t, err)
	require.False(t, found, "no block follows height 1 yet")
	f.next(time.Second)
	round := f.roundAt(1)
	require.Equal(t, f.schedule().PinAt(f.ctx.BlockTime()), round)
	_, found = f.seed(1)
	require.False(t, found)

	f.until(round)
	require.NoError(t, f.submit(round, f.sign(round)))
	seed, found := f.seed(1)
	require.True(t, found)
	require.Equal(t, types.Seed{Round: round, Randomness: bls.Randomness(f.sign(round)), Height: f.ctx.BlockHeight()}, seed)
	event, err := sdk.ParseTypedEvent(f.ctx.EventManager().ABCIEvents()[0])
	require.NoError(t, err)
	require.Equal(t, &types.EventRoundVerified{Schedule: 1, Round: round, Randomness: seed.Randomness, Submitter: f.submitter.String()}, event)
}

func TestPublishedQuicknetRoundsAreAcceptedByDefaultParams(t *testing.T) {
	f := newFixture(t, func(g *types.GenesisState) { g.Params = types.DefaultParams() })
	f.ctx = f.ctx.WithBlockTime(time.Unix(f.schedule().TimeOf(1000), 0))
	f.next(time.Second)
	signature := []byte("\xb4\x46\x79\xb9\xa5\x9a\xf2\xec\x87\x6b\x1a\x6b\x1a\xd5\x2e\xa9\xb1\x61\x5f\xc3\x98\x2b\x19\x57" +
		"\x63\x50\xf9\x34\x47\xcb\x11\x25\xe3\x42\xb7\x3a\x8d\xd2\xba\xcb\xe4\x7e\x4b\x6b\x63\xed\x5e\x39")
	require.NoError(t, f.submit(1000, signature))
	require.ErrorIs(t, f.submit(999, signature), types.ErrForgedRound)
}

func TestEachRefusalHasItsReason(t *testing.T) {
	f := newFixture(t)
	f.until(20)
	newest := f.schedule().AcceptableAt(f.ctx.BlockTime())
	require.NoError(t, f.submit(newest, f.sign(newest)), "block time may lag by a period")
	require.NoError(t, f.submit(10, f.sign(10)))

	mutated := f.sign(11)
	mutated[40] ^= 1
	infinity := make([]byte, bls.SignatureSize)
	infinity[0] = 0xc0
	stranger, err := bls.GenerateKey().Sign(11)
	require.NoError(t, err)
	tests := []struct {
		name      string
		round     uint64
		signature []byte
		want      error
	}{
		{"round 0", 0, f.sign(1), types.ErrInvalidRound},
		{"to come", newest + 1, f.sign(newest + 1), types.ErrFutureRound},
		{"far to come", ^uint64(0), f.sign(1), types.ErrFutureRound},
		{"known", 10, f.sign(10), types.ErrDuplicateRound},
		{"empty", 11, nil, types.ErrInvalidSignature},
		{"short", 11, f.sign(11)[:47], types.ErrInvalidSignature},
		{"long", 11, append(f.sign(11), 0), types.ErrInvalidSignature},
		{"infinity", 11, infinity, types.ErrInvalidSignature},
		{"another round's", 11, f.sign(12), types.ErrForgedRound},
		{"another key's", 11, stranger, types.ErrForgedRound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.ErrorIs(t, f.submit(tt.round, tt.signature), tt.want)
		})
	}
	require.Error(t, f.submit(11, mutated))
	_, err = f.msgs.SubmitRound(f.ctx, &types.MsgSubmitRound{Submitter: "nobody", Round: 11, Signature: f.sign(11)})
	require.ErrorContains(t, err, "nobody")
	_, err = f.queries.Round(f.ctx, &types.QueryRoundRequest{Round: 11})
	require.ErrorContains(t, err, "not known", "a refused round leaves nothing behind")
	require.NoError(t, f.submit(11, f.sign(11)))
}

func TestThePairingIsChargedBeforeItIsComputedAndNotForCheapRefusals(t *testing.T) {
	f := newFixture(t)
	f.until(20)
	used := func(round uint64, signature []byte) uint64 {
		meter := storetypes.NewGasMeter(10_000_000)
		_, _, err := f.keeper.SubmitRound(f.ctx.WithGasMeter(meter), f.submitter, round, signature)
		require.Error(t, err)
		return meter.GasConsumed()
	}
	require.Less(t, used(1_000, f.sign(1_000)), types.DefaultPairingGas)
	require.Less(t, used(11, f.sign(11)[:47]), types.DefaultPairingGas)
	require.Greater(t, used(11, f.sign(12)), types.DefaultPairingGas)
	require.Panics(t, func() {
		_, _, _ = f.keeper.SubmitRound(f.ctx.WithGasMeter(storetypes.NewGasMeter(types.DefaultPairingGas)), f.submitter, 11, f.sign(11))
	})
}

func TestTheFirstRecentSubmissionIsReimbursed(t *testing.T) {
	f := newFixture(t)
	f.until(40)
	due := f.schedule().DueAt(f.ctx.BlockTime())
	require.NoError(t, f.submit(due, f.sign(due)))
	require.NoError(t, f.submit(due-types.DefaultReimburseWindowRounds, f.sign(due-types.DefaultReimburseWindowRounds)))
	require.NoError(t, f.submit(5, f.sign(5)), "an old round is accepted")
	require.Empty(t, f.purse.paid, "paid when the block ends")
	f.next(time.Second)
	require.Equal(t, math.NewInt(2*types.DefaultReimbursement), f.purse.paid[f.submitter.String()])
	f.next(time.Second)
	require.Equal(t, math.NewInt(2*types.DefaultReimbursement), f.purse.paid[f.submitter.String()], "paid once")
}

func TestReimbursementsReachAsFarAsTheFeesAndNeverFailABlock(t *testing.T) {
	f := newFixture(t)
	f.until(40)
	f.purse.held = math.NewInt(7)
	require.NoError(t, f.submit(40, f.sign(40)))
	require.NoError(t, f.submit(39, f.sign(39)))
	f.next(time.Second)
	require.Equal(t, math.NewInt(7), f.purse.paid[f.submitter.String()])
	require.True(t, f.purse.held.IsZero())

	f.purse.held, f.purse.refuse = math.NewInt(1_000), true
	require.NoError(t, f.submit(38, f.sign(38)))
	f.next(time.Second)
	f.purse.refuse = false
	f.next(time.Second)
	require.Equal(t, math.NewInt(1_000), f.purse.held, "who cannot be paid is not, and not later either")
}

func TestOnlyGovernanceChangesParams(t *testing.T) {
	f := newFixture(t)
	p := f.params()
	p.PairingGas = 400_000
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: f.submitter.String(), Params: p})
	require.ErrorIs(t, err, sdkerrors.ErrUnauthorized)
	_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: f.authority, Params: types.Params{}})
	require.ErrorIs(t, err, types.ErrInvalidParams)
	_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: f.authority, Params: p})
	require.NoError(t, err)
	got, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	require.Equal(t, p, got)
	require.Equal(t, uint32(1), f.schedule().Id, "the same network goes on")
}
