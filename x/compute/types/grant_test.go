package types

import (
	stdmath "math"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// The example of the README of x/rewards, number by number.
func TestTheExampleOfAGrantInTheReadme(t *testing.T) {
	price, fuel := math.NewInt(2_000_000), math.NewInt(500_000_000_000)
	reward := FuelPay(price, fuel)
	require.Equal(t, "1000000000", reward.String())
	policy := Policy{Kind: POLICY_KIND_QUORUM, Replicas: 3, AuditBps: 500, Auditors: 1}
	encumbered := GrantEncumbrance(reward, policy)
	require.Equal(t, "9000000000", encumbered.String())
	minted := FuelPay(price, math.NewInt(200_000_000_000)).MulRaw(3)
	require.Equal(t, "1200000000", minted.String())
	require.Equal(t, "7800000000", encumbered.Sub(minted).String())
}

// A price that does not divide is truncated, and no amount of fuel overflows.
func TestPriceOfFuelIsTruncated(t *testing.T) {
	require.Equal(t, "0", FuelPay(math.NewInt(GrantFuel-1), math.OneInt()).String())
	require.Equal(t, "1", FuelPay(math.NewInt(GrantFuel), math.OneInt()).String())
	require.Equal(t, "1", FuelPay(math.NewInt(2*GrantFuel-1), math.OneInt()).String())
	large := math.NewIntFromBigInt(math.OneInt().BigInt().Lsh(math.OneInt().BigInt(), 140))
	require.Equal(t, 251, FuelPay(large, large).BigInt().BitLen())
}

// The fuel of a chunk per block is exact for the largest numbers, and never wraps around to a number
// that a grant allows.
func TestFuelPerBlockDoesNotWrapAround(t *testing.T) {
	for _, c := range []struct{ fuel, chunk, blocks, want uint64 }{
		{1 << 62, 4, 100, stdmath.MaxUint64/100 + 1},
		{1 << 57, 128, 1, stdmath.MaxUint64},
		{stdmath.MaxUint64, 4096, 4096, stdmath.MaxUint64},
		{stdmath.MaxUint64, 1, stdmath.MaxUint64, 1},
		{7, 3, 4, 6},
		{7, 3, 0, 21},
	} {
		s := JobSpec{Resources: Resources{Fuel: c.fuel}, ChunkTasks: c.chunk, CommitBlocks: c.blocks, Tasks: 1}
		require.Equal(t, c.want, NewGrantRequest(nil, &s, math.OneInt(), nil).FuelPerBlock, "%+v", c)
	}
}

// The products of the fuel of a task and the tasks of a chunk, which the chain computes in 64 bits,
// fit for each spec that may be posted.
func TestTheFuelOfAChunkFitsInto64Bits(t *testing.T) {
	most := uint64(1) << 50
	resources := func(fuel uint64) *Resources { return &Resources{Fuel: fuel, MemoryBytes: 1, OutputBytes: 1} }
	require.NoError(t, resources(most).validate())
	require.ErrorIs(t, resources(most+1).validate(), ErrInvalidSpec)
	high, _ := bits.Mul64(most, 2*MaxChunkTasks)
	require.Zero(t, high)
}

// Seats may be vacated as often as the encumbrance pays for them.
func TestVacanciesAreThoseThatTheEncumbrancePaysFor(t *testing.T) {
	job := Job{Policy: Policy{Replicas: 1, Auditors: 1}, Grant: &JobGrant{Encumbered: math.NewInt(50)}}
	require.False(t, job.VacatedOut(2))
	require.True(t, job.VacatedOut(3))
	require.Equal(t, "50", GrantEncumbrance(math.NewInt(10), job.Policy).String())
	require.Equal(t, "200", job.EncumbranceOf(4).String())
	job.Grant = nil
	require.False(t, job.VacatedOut(30))
	require.Equal(t, "0", job.EncumbranceOf(4).String())
}

// A job of a genesis file that a grant pays for says what it has agreed with the grant.
func TestGenesisRefusesJobsWithoutTheTermsOfTheirGrant(t *testing.T) {
	one := math.OneInt()
	job := func(change func(*JobGrant)) *Job {
		agreed := JobGrant{Id: 1, Price: one, Encumbered: one, Epoch: 3, HoldEpochs: 168}
		change(&agreed)
		return &Job{
			Id: "1-0-0", Reward: sdk.NewCoin("atfuel", one), Reserved: one, Refunded: one, TaskReserve: one, Liability: one,
			SeatFee: one, BondValue: one, ChunkTasks: 1, Tasks: 1, Grant: &agreed,
		}
	}
	require.NoError(t, job(func(*JobGrant) {}).validateMoney())
	for name, change := range map[string]func(*JobGrant){
		"number":         func(g *JobGrant) { g.Id = 0 },
		"no price":       func(g *JobGrant) { g.Price = math.Int{} },
		"price":          func(g *JobGrant) { g.Price = math.ZeroInt() },
		"no encumbrance": func(g *JobGrant) { g.Encumbered = math.Int{} },
		"encumbrance":    func(g *JobGrant) { g.Encumbered = math.NewInt(-1) },
		"no hold":        func(g *JobGrant) { g.HoldEpochs = 0 },
		"hold":           func(g *JobGrant) { g.HoldEpochs = 1 << 63 },
	} {
		require.ErrorIs(t, job(change).validateMoney(), ErrInvalidGenesis, name)
	}
	judging := job(func(*JobGrant) {})
	judging.Challenged = &ChallengedTask{}
	require.ErrorIs(t, judging.validateMoney(), ErrInvalidGenesis)
}
