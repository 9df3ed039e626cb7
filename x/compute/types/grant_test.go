package types

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"
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
