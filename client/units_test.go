package client

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/client/money"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	usdcVoucher = "ibc/6B5A664BF0AF4F71B2F0BAA33141E2F1321242FBD5D19762F541EC971ACB0865"
	factoryCoin = "factory/theta1abc/points"
)

// paysIn returns a chain on which jobs can pay in more than tfuel.
func paysIn(t *testing.T, more ...computetypes.PaymentDenom) *chain {
	t.Helper()
	p := computetypes.DefaultParams()
	for _, d := range more {
		d.MinReward, d.BondNumerator, d.BondDenominator = math.OneInt(), 1, 1
		p.Denoms = append(p.Denoms, d)
	}
	require.NoError(t, p.Validate())
	c := newChain()
	c.params = &p
	return c
}

// described returns metadata that display a denom in a unit.
func described(denom, display string, exponent uint32) banktypes.Metadata {
	return banktypes.Metadata{Base: denom, Display: display, DenomUnits: []*banktypes.DenomUnit{{Denom: denom}, {Denom: display, Exponent: exponent}}}
}

// priced loads a job file with a reward.
func priced(t *testing.T, reward string) (jobfile.Job, error) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.wasm"), []byte(tinyProgram), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(`
executor: wasm/1
program: p.wasm
class: cpu-small
resources: {fuel: 1000, memory: 1MiB, output: 1KiB}
relay: http://127.0.0.1:1
reward: `+reward), 0o600))
	return jobfile.Load(filepath.Join(dir, "job.yaml"))
}

func TestARewardIsReadInTheUnitsOfTheChain(t *testing.T) {
	listed := paysIn(t, computetypes.PaymentDenom{Denom: usdcVoucher, Display: "usdc", Exponent: 6}, computetypes.PaymentDenom{Denom: factoryCoin})
	listed.metadata = map[string]banktypes.Metadata{
		factoryCoin: described(factoryCoin, "points", 3),
		usdcVoucher: described(usdcVoucher, "dollars", 1), // what governance says counts
		"uother":    described("uother", "other", 2),      // jobs cannot pay in it
	}
	c := testClient(t, listed)
	for reward, want := range map[string]string{
		"0.5usdc": "500000" + usdcVoucher, "2usdc": "2000000" + usdcVoucher, "7" + usdcVoucher: "7" + usdcVoucher,
		"1.5points": "1500" + factoryCoin, "1.5tfuel": "1500000000000000000atfuel", "9uother": "9uother",
	} {
		job, err := priced(t, reward)
		require.NoError(t, err, reward)
		_, err = c.ReadReward(t.Context(), &job)
		require.NoError(t, err, reward)
		packed, err := Pack(job)
		require.NoError(t, err, reward)
		require.Equal(t, want, packed.Spec.Reward.String(), reward)
	}
	for _, reward := range []string{"0.5dollars", "0.5other", "0.0000001usdc", "1.0005points"} {
		job, err := priced(t, reward)
		require.NoError(t, err, reward)
		_, err = c.ReadReward(t.Context(), &job)
		require.ErrorContains(t, err, "reward: expected at most", reward)
	}
}

func TestARewardInAUnitThatIsNotReadIsNotPosted(t *testing.T) {
	job, err := priced(t, "0.5usdc")
	require.NoError(t, err)
	_, err = Pack(job)
	require.ErrorContains(t, err, "write it in units of the denom")
	require.NoError(t, job.Validate(), "a run on this machine costs nothing")
	_, err = priced(t, "0.5atfuel")
	require.ErrorContains(t, err, "at most 0 digits")
	_, err = priced(t, "5")
	require.ErrorContains(t, err, "expected an amount")
}

// TestMetadataOfADenomCannotTakeAName: the bank's metadata of a voucher come from another chain.
func TestMetadataOfADenomCannotTakeAName(t *testing.T) {
	plain := computetypes.PaymentDenom{Denom: factoryCoin}
	usdc := computetypes.PaymentDenom{Denom: usdcVoucher, Display: "usdc", Exponent: 6}
	native := computetypes.PaymentDenom{Denom: "uother"}
	for name, metadata := range map[string]banktypes.Metadata{
		"of our own unit":      described(factoryCoin, "tfuel", 6),
		"of our own denom":     described(factoryCoin, "atfuel", 6),
		"like our own unit":    described(factoryCoin, "Tfuel", 6),
		"of another unit":      described(factoryCoin, "usdc", 2),
		"of another denom":     described(factoryCoin, "uother", 2),
		"of another base":      described("ufake", "points", 2),
		"without the unit":     {Base: factoryCoin, Display: "points", DenomUnits: []*banktypes.DenomUnit{{Denom: factoryCoin}}},
		"with a huge exponent": described(factoryCoin, "points", 1<<31),
		"of itself":            described(factoryCoin, factoryCoin, 6),
	} {
		chain := paysIn(t, plain, usdc, native)
		chain.metadata = map[string]banktypes.Metadata{factoryCoin: metadata}
		units, err := testClient(t, chain).Units(t.Context())
		require.NoError(t, err, name)
		require.Equal(t, money.Units{{Denom: usdcVoucher, Display: "usdc", Exponent: 6}}, units, name)
	}
}
