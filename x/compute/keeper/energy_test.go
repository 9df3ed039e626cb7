package keeper_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodekeeper "github.com/thetaedge/theta/x/edgenode/keeper"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

var ember = []types.CarbonFactor{
	{Region: "de", GramsPerKwh: 381, Year: 2023, Source: "Ember"},
	{Region: "us", GramsPerKwh: 369, Year: 2023, Source: "Ember"},
	{Region: "us-west", GramsPerKwh: 200, Year: 2022, Source: "a grid"},
}

// setCarbon sets the carbon factors as governance does.
func (f *fixture) setCarbon(factors ...types.CarbonFactor) {
	f.t.Helper()
	_, err := f.msgs.UpdateCarbonFactors(f.ctx, &types.MsgUpdateCarbonFactors{Authority: authority(), Factors: factors})
	require.NoError(f.t, err)
}

// moveTo changes the declared region of the n-th node.
func (f *fixture) moveTo(n int, region string) {
	f.t.Helper()
	node, err := f.nodes.Node(f.ctx, operator(n))
	require.NoError(f.t, err)
	p := node.Profile
	_, err = edgenodekeeper.NewMsgServer(f.nodes).Update(f.ctx, &edgenodetypes.MsgUpdate{
		Operator: p.Operator, Moniker: p.Moniker, Region: region, Class: p.Class, Hardware: p.Hardware, Executors: p.Executors, Slots: node.State.Slots,
	})
	require.NoError(f.t, err)
}

func (f *fixture) energy() []types.EnergyReport {
	f.t.Helper()
	resp, err := f.queries.Energy(f.ctx, &types.QueryEnergyRequest{Class: class})
	require.NoError(f.t, err)
	return resp.Reports
}

// claims lets the n-th node claim a wall time and, unless source is empty, an energy.
func (f *fixture) claims(n int, metrics types.Metrics) { f.claimed[n] = metrics }

// onProcessor returns the part of a sum that processors have measured, in executions of one task.
func onProcessor(executions, ms, mj uint64) types.EnergyPart {
	return types.EnergyPart{Meter: types.ENERGY_METER_CPU, Executions: executions, Tasks: executions, DeviceMs: ms, EnergyMj: mj}
}

// drawClaims draws what a node claims, which may be absurd.
func drawClaims(t *rapid.T) types.Metrics {
	return types.Metrics{
		WallMs:       rapid.OneOf(rapid.Uint64Max(20_000), rapid.Uint64()).Draw(t, "wall"),
		EnergyMj:     rapid.OneOf(rapid.Uint64Max(1_000_000), rapid.Uint64()).Draw(t, "energy"),
		EnergySource: rapid.SampledFrom([]string{"", "rapl"}).Draw(t, "meter"),
	}
}

// moveOne lets an operator declare another region.
func (m *market) moveOne(t *rapid.T) {
	n := rapid.IntRange(0, len(m.players)-1).Draw(t, "node")
	m.moveTo(n, rapid.SampledFrom([]string{"de", "us", "us-west", "us-east", "jp"}).Draw(t, "region"))
}

// refactor changes the table of carbon factors.
func (m *market) refactor(t *rapid.T) {
	m.setCarbon(ember[:rapid.IntRange(0, len(ember)).Draw(t, "factors")]...)
}

func TestClaimsAreAddedUpByClassRegionAndEpoch(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	f.moveTo(1, "us-west")
	f.moveTo(2, "us-east")
	f.setCarbon(ember...)
	f.claims(0, types.Metrics{WallMs: 1_000, EnergyMj: 3_600_000, EnergySource: "rapl"})
	f.claims(1, types.Metrics{WallMs: 2_000, EnergyMj: 7_200_000, EnergySource: "rapl"})
	f.claims(2, types.Metrics{WallMs: 4_000})
	require.Empty(t, f.energy())
	epoch, err := f.nodes.Epoch(f.ctx)
	require.NoError(t, err)
	for range 2 {
		f.play(f.players(honest, honest, honest), f.post(0, spec(coin(1_000), 3)), 30)
	}
	sum := func(region string, part types.EnergyPart) types.EnergySum {
		return types.EnergySum{Class: class, Epoch: epoch, Region: region, Parts: []types.EnergyPart{part}}
	}
	want := []types.EnergyReport{
		{
			Sum: sum("de", onProcessor(2, 2_000, 7_200_000)), Tasks: 2, DeviceMs: 2_000, EnergyMj: 7_200_000,
			MeasuredBps: 10_000, Factor: &ember[0], Co2EMg: "762",
		},
		{
			Sum: sum("us", types.EnergyPart{Executions: 2, Tasks: 2, DeviceMs: 8_000}), Tasks: 2, DeviceMs: 8_000,
			Factor: &ember[1], Co2EMg: "0",
		},
		{
			Sum: sum("us-west", onProcessor(2, 4_000, 14_400_000)), Tasks: 2, DeviceMs: 4_000, EnergyMj: 14_400_000,
			MeasuredBps: 10_000, Factor: &ember[2], Co2EMg: "800",
		},
	}
	require.Equal(t, want, f.energy(), "us-east has no factor of its own")

	require.NoError(t, f.nodes.RollEpoch(f.ctx))
	f.setCarbon()
	f.play(f.players(honest, honest, honest), f.post(0, spec(coin(1_000), 3)), 30)
	now := f.energy()
	require.Len(t, now, 5, "two regions of the next epoch: countries without factors")
	require.Nil(t, now[4].Factor)
	require.Empty(t, now[4].Co2EMg)
	newest, err := f.queries.Energy(f.ctx, &types.QueryEnergyRequest{Class: class, Pagination: &query.PageRequest{Reverse: true, Limit: 1}})
	require.NoError(t, err)
	require.Equal(t, now[4:], newest.Reports)
	require.Equal(t, "us", newest.Reports[0].Sum.Region)
	require.EqualValues(t, 6_000, newest.Reports[0].DeviceMs)
	require.EqualValues(t, 3_333, newest.Reports[0].MeasuredBps, "2 s of 6 s")
	of, err := f.queries.Energy(f.ctx, &types.QueryEnergyRequest{Class: class, Epoch: epoch})
	require.NoError(t, err)
	require.Equal(t, now[:3], of.Reports)
	of, err = f.queries.Energy(f.ctx, &types.QueryEnergyRequest{Class: class, Epoch: epoch + 1, Pagination: &query.PageRequest{Limit: 1}})
	require.NoError(t, err)
	require.Equal(t, now[3:4], of.Reports)
	of, err = f.queries.Energy(f.ctx, &types.QueryEnergyRequest{Class: class, Epoch: epoch + 1, Pagination: &query.PageRequest{Key: of.Pagination.NextKey}})
	require.NoError(t, err)
	require.Equal(t, now[4:], of.Reports)
}

// TestEnergyOfARevealBelongsToTheEpochInWhichItsChunkEnds: also if an epoch begins in between, and if
// the node has moved since.
func TestEnergyOfARevealBelongsToTheEpochInWhichItsChunkEnds(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	f.claims(0, types.Metrics{WallMs: 1_000})
	id := f.post(0, spec(coin(1_000), 3))
	players := f.players(honest, honest, silent) // the chunk waits for the third node
	revealed := func() uint32 {
		g, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		require.Len(t, g.Chunks, 1, "the chunk has not ended")
		return g.Chunks[0].Rounds[0].Revealed
	}
	for revealed() < 2 {
		for _, p := range players {
			p.act()
		}
		f.next()
	}
	require.Empty(t, f.energy())
	f.moveTo(0, "fr")
	require.NoError(t, f.nodes.RollEpoch(f.ctx))
	epoch, err := f.nodes.Epoch(f.ctx)
	require.NoError(t, err)
	f.play(players, id, 30)
	reports := f.energy()
	require.Len(t, reports, 2)
	for _, r := range reports {
		require.Equal(t, epoch, r.Sum.Epoch)
		require.Equal(t, map[string]uint64{"de": 0, "fr": 1_000}[r.Sum.Region], r.DeviceMs)
		require.EqualValues(t, 1, r.Tasks, "the silent node claims nothing")
	}
}

func TestNobodyEarnsByWhatTheyClaim(t *testing.T) {
	var earned []sdk.Coins
	for _, metrics := range []types.Metrics{{}, {WallMs: 9_000, EnergyMj: 5_000_000, EnergySource: "rapl"}, {WallMs: 1 << 63, EnergyMj: 1 << 63, EnergySource: "rapl"}} {
		f := newFixture(t)
		f.network(3)
		for n := range 3 {
			f.claims(n, metrics)
		}
		f.play(f.players(honest, honest, honest), f.post(0, spec(coin(1_000), 3)), 30)
		earned = append(earned, f.earned(0))
	}
	require.Equal(t, earned[0], earned[1])
	require.Equal(t, earned[0], earned[2])
}

func TestOldSumsAreRemoved(t *testing.T) {
	f := emptyFixture(t)
	f.firstEpoch = types.EnergyEpochs + 198
	f.initGenesis()
	f.network(3) // the next epoch
	g, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	for epoch := range uint64(250) {
		for _, of := range []string{class, "a class without work"} {
			g.Energy = append(g.Energy, types.EnergySum{Class: of, Epoch: epoch, Region: "de", Parts: []types.EnergyPart{{Executions: 1, Tasks: 1, DeviceMs: 1}}})
		}
	}
	require.NoError(t, f.keeper.InitGenesis(f.ctx, *g))
	left := func() []types.EnergySum {
		g, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		return g.Energy
	}
	// Otherwise a block with claims of many regions in each epoch would add more than is ever removed.
	for _, want := range []int{399, 297, 195, 101, 101} {
		f.play(f.players(honest, honest, honest), f.post(0, spec(coin(1_000), 3)), 30)
		require.Len(t, left(), want, "a block removes 100 at most, and two for each sum of the block")
	}
	for _, sum := range left() {
		require.GreaterOrEqual(t, sum.Epoch, uint64(200), "epoch 199 is a year ago")
	}
	g, err = f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	g.Energy[0].Epoch = math.MaxUint64
	require.ErrorContains(t, f.keeper.InitGenesis(f.ctx, *g), "and this is epoch 8959", "a sum of the future would stay")
}

func TestOnlyGovernanceSetsCarbonFactors(t *testing.T) {
	f := newFixture(t)
	_, err := f.msgs.UpdateCarbonFactors(f.ctx, &types.MsgUpdateCarbonFactors{Authority: requester(0).String(), Factors: ember})
	require.ErrorIs(t, err, sdkerrors.ErrUnauthorized)
	_, err = f.msgs.UpdateCarbonFactors(f.ctx, &types.MsgUpdateCarbonFactors{Authority: authority(), Factors: append(ember, ember[0])})
	require.ErrorIs(t, err, types.ErrInvalidCarbon)
	f.setCarbon(ember...)
	f.setCarbon(ember[2], ember[0])
	resp, err := f.queries.CarbonFactors(f.ctx, &types.QueryCarbonFactorsRequest{})
	require.NoError(t, err)
	require.Equal(t, []types.CarbonFactor{ember[0], ember[2]}, resp.Factors, "the table is replaced")
	g, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Equal(t, resp.Factors, g.CarbonFactors)
}

func TestAJobWithALimitTakesNodesOfCleanDeclaredRegions(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	f.moveTo(0, "us-west")
	f.moveTo(1, "us-west")
	f.moveTo(2, "jp")
	f.setCarbon(ember...)
	s := audited(10_000, 1)
	s.Placement.MaxGco2PerKwh = 200
	id := f.drawable(s)
	for n, says := range map[int]string{2: "governance has set no carbon factor of jp", 3: "the node declares de, 381 in 2023 (Ember)"} {
		err := f.claim(n, ref(id, 0))
		require.ErrorIs(t, err, types.ErrNotQualified)
		require.ErrorContains(t, err, says)
		explained, err := f.queries.Explain(f.ctx, &types.QueryExplainRequest{JobId: id, Operator: operator(n).String()})
		require.NoError(t, err)
		require.False(t, explained.Qualifies || explained.Fits)
	}
	for n := range 2 {
		explained, err := f.queries.Explain(f.ctx, &types.QueryExplainRequest{JobId: id, Operator: operator(n).String()})
		require.NoError(t, err)
		require.True(t, explained.Fits)
	}
	quote, err := f.queries.Quote(f.ctx, types.NewQuoteRequest(&s))
	require.NoError(t, err)
	require.EqualValues(t, 2, quote.Fit.Fitting)
	require.EqualValues(t, 4, quote.Fit.Live)
	s.Placement.MaxGco2PerKwh = 5_001
	require.ErrorIs(t, s.Validate(), types.ErrInvalidSpec)
}
