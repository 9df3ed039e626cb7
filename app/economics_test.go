package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// dollarDecimals are the decimals of the voucher of the page.
const dollarDecimals = 6

// flow says where the coins of a payment come to.
type flow struct{ paid, nodes, stakers, community, burned, returned math.Int }

// newFlow returns a payment of which nothing has arrived.
func newFlow(paid math.Int) flow {
	zero := math.ZeroInt()
	return flow{paid: paid, nodes: zero, stakers: zero, community: zero, burned: zero, returned: zero}
}

// reward returns the flow with rewards of so many nodes.
func (f flow) reward(rewards rewardstypes.Params, gross sdk.Coin, nodes int64) flow {
	shares := rewards.Split(gross)
	f.nodes = f.nodes.Add(shares.Executor.Amount.MulRaw(nodes))
	f.stakers = f.stakers.Add(shares.Stakers.Amount.MulRaw(nodes))
	f.community = f.community.Add(shares.Community.Amount.MulRaw(nodes))
	f.burned = f.burned.Add(shares.Burn.Amount.MulRaw(nodes))
	return f
}

// rest returns the flow with all that has not arrived returned to the payer.
func (f flow) rest() flow {
	f.returned = f.paid.Sub(f.arrived())
	return f
}

func (f flow) arrived() math.Int {
	return f.nodes.Add(f.stakers).Add(f.community).Add(f.burned).Add(f.returned)
}

func (f flow) add(o flow) flow {
	return flow{f.paid.Add(o.paid), f.nodes.Add(o.nodes), f.stakers.Add(o.stakers), f.community.Add(o.community), f.burned.Add(o.burned), f.returned.Add(o.returned)}
}

// row writes the flow as a row of the page.
func (f flow) row(decimals int64) []string {
	var cells []string
	for _, amount := range []math.Int{f.paid, f.nodes, f.stakers, f.community, f.burned, f.returned} {
		cells = append(cells, decimal(amount, decimals))
	}
	return cells
}

// exampleJob is a job of one task for three nodes, as x/compute sees it when it is posted.
type exampleJob struct {
	reward           sdk.Coin
	policy           computetypes.Policy
	worth, liability math.Int
	seatFee          math.Int
}

func newExampleJob(compute computetypes.Params, reward sdk.Coin) exampleJob {
	denom, _ := compute.PaymentDenom(reward.Denom)
	policy, slashed := compute.Effective(&computetypes.JobSpec{
		Executor: compute.DeterministicExecutors[0],
		Policy:   computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM, Replicas: computetypes.MinQuorum},
	})
	worth := denom.BondValue(reward.Amount)
	liability := compute.Liability(worth, policy, slashed, 1)
	return exampleJob{
		reward: reward, policy: policy, worth: worth, liability: liability,
		seatFee: compute.SeatFee(reward.Amount, worth, liability, 1),
	}
}

// escrowed returns a flow of what the job puts into escrow.
func (j exampleJob) escrowed() flow {
	return newFlow(computetypes.Reserve(j.reward.Amount, j.policy, j.seatFee))
}

// exampleFlows returns the rows of the page about tfuel. A grant has a price per GrantFuel.
func exampleFlows(rewards rewardstypes.Params, compute computetypes.Params, edgenode edgenodetypes.Params, granted exampleJob, usedPay math.Int) map[string]flow {
	emission := newFlow(rewardstypes.PerEpoch(rewards.Emission.Yearly, time.Hour))
	emission.stakers = emission.paid
	bytes := newFlow(compute.PostingFee(800).MulRaw(100))
	bytes.burned = bytes.paid
	slash := edgenode.SlashSplit.Share(params.Tfuel(10), params.Tfuel(3), params.Tfuel(1_000))
	lie := newFlow(slash.Total().Sub(slash.Cost))
	lie.nodes, lie.community, lie.burned = slash.Honest, slash.Community, slash.Burned
	floor := rewards.MinGasPrice.MulRaw(100_000_000)
	gas := newFlow(floor.MulRaw(3).QuoRaw(2))
	gas.stakers, gas.burned = floor, gas.paid.Sub(floor)
	failed := newExampleJob(compute, params.TfuelCoin(10))
	attempt := sdk.NewCoin(params.BaseDenom, compute.AttemptFee(failed.reward.Amount))
	deposit := newFlow(compute.GrantReserve(granted.reward.Amount, granted.policy, granted.seatFee).Add(compute.PostingFee(800)))
	deposit.burned = compute.PostingFee(800)
	return map[string]flow{
		"emission, minted":                                  emission,
		"accepted work, from escrow":                        newFlow(params.Tfuel(50)).reward(rewards, params.TfuelCoin(50), 1),
		"bytes of 100 jobs, from requesters":                bytes,
		"judges of the lie, from the bond of the liar":      newFlow(slash.Cost).reward(rewards, sdk.NewCoin(params.BaseDenom, slash.Cost), 1),
		"rest of the lie, from the same bond":               lie,
		"gas, from senders":                                 gas,
		"the task that fails, from escrow":                  failed.escrowed().reward(rewards, attempt, computetypes.MinQuorum).rest(),
		"work of the grant, minted":                         newFlow(usedPay.MulRaw(computetypes.MinQuorum)).reward(rewards, sdk.NewCoin(params.BaseDenom, usedPay), computetypes.MinQuorum),
		"attempts and bytes of the grant, from its deposit": deposit.rest(),
	}
}

// The example of the page follows from the default parameters by the functions of the modules.
func TestTheExampleOfTheEconomyIsWhatTheModulesCompute(t *testing.T) {
	rewards, compute, edgenode := rewardstypes.DefaultParams(), computetypes.DefaultParams(), edgenodetypes.DefaultParams()
	price := params.Tfuel(2).QuoRaw(100)
	fuelPay := func(fuel int64) math.Int { return computetypes.FuelPay(price, math.NewInt(fuel)) }
	granted := newExampleJob(compute, sdk.NewCoin(params.BaseDenom, fuelPay(500_000_000_000)))
	flows := exampleFlows(rewards, compute, edgenode, granted, fuelPay(200_000_000_000))
	want, all := map[string][]string{}, newFlow(math.ZeroInt())
	for name, f := range flows {
		want[name], all = f.row(params.DisplayExponent), all.add(f)
		require.Equal(t, f.paid, f.arrived(), name)
	}
	want["all of these"] = all.row(params.DisplayExponent)
	for name, amount := range exampleAmounts(rewards, granted, flows, all) {
		want[name] = []string{decimal(amount, params.DisplayExponent)}
	}

	compute.Denoms = append(compute.Denoms, computetypes.PaymentDenom{
		Denom: "ibc/dollar", BondNumerator: 2_500_000_000_000, BondDenominator: 1, HaircutBps: 3_000, Display: "usdc", Exponent: dollarDecimals,
	})
	dollars := newExampleJob(compute, sdk.NewInt64Coin("ibc/dollar", 1_400_000))
	f := dollars.escrowed().reward(rewards, dollars.reward, computetypes.MinQuorum).rest()
	require.Equal(t, f.paid, f.arrived())
	want["a job in dollars, from escrow"] = f.row(dollarDecimals)
	want["worth of 1.4 dollars, for liabilities"] = []string{decimal(dollars.worth, params.DisplayExponent)}
	want["bond that each node of this job locks"] = []string{decimal(dollars.liability, params.DisplayExponent)}

	found := figures(t)
	require.Len(t, found, len(want), "every row of the page is computed")
	for name, row := range want {
		require.Equal(t, row, found[name], name)
	}
}

// exampleAmounts returns the single amounts of the page in tfuel.
func exampleAmounts(rewards rewardstypes.Params, granted exampleJob, flows map[string]flow, all flow) map[string]math.Int {
	work, emission := flows["work of the grant, minted"].paid, rewards.Emission
	encumbered := computetypes.GrantEncumbrance(granted.reward.Amount, granted.policy)
	amounts := map[string]math.Int{
		"supply afterwards":                          params.Tfuel(100_000_000).Add(flows["emission, minted"].paid).Add(work).Sub(all.burned),
		"budget that the job of the grant encumbers": encumbered,
		"minted of it":                               work,
		"returns to the budget":                      encumbered.Sub(work),
		"more is never minted by this schedule":      rewardstypes.PerEpoch(emission.Yearly.MulRaw(rewardstypes.DecayUnits).QuoRaw(int64(emission.Decay)), time.Hour),
	}
	yearly, minted := emission.Yearly, math.ZeroInt()
	for hour := range 4 * 365 * 24 {
		if hour == 365*24 {
			amounts["minted for stakers in the first year"] = minted
		}
		minted = minted.Add(rewardstypes.PerEpoch(yearly, time.Hour))
		yearly = emission.Decayed(yearly)
	}
	amounts["yearly amount after four years"] = yearly
	return amounts
}
