package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

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

func TestClaimsAreAddedUpByClassRegionAndEpoch(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	f.moveTo(1, "us-west")
	f.moveTo(2, "us-east")
	f.setCarbon(ember...)
	f.claims(0, types.Metrics{WallMs: 1_000, EnergyMj: 3_600_000, EnergySource: "rapl"})
	f.claims(1, types.Metrics{WallMs: 2_000, EnergyMj: 7_200_000, EnergySource: "nvml"})
	f.claims(2, types.Metrics{WallMs: 4_000})
	require.Empty(t, f.energy())
	epoch, err := f.nodes.Epoch(f.ctx)
	require.NoError(t, err)
	for range 2 {
		f.play(f.players(honest, honest, honest), f.post(0, spec(coin(1_000), 3)), 30)
	}
	want := []types.EnergyReport{
		{
			Sum:         types.EnergySum{Class: class, Epoch: epoch, Region: "de", Executions: 2, DeviceMs: 2_000, MeasuredMs: 2_000, EnergyMj: 7_200_000},
			MeasuredBps: 10_000, Factor: &ember[0], Co2EMg: "762",
		},
		{
			Sum:    types.EnergySum{Class: class, Epoch: epoch, Region: "us", Executions: 2, DeviceMs: 8_000},
			Factor: &ember[1], Co2EMg: "0",
		},
		{
			Sum:         types.EnergySum{Class: class, Epoch: epoch, Region: "us-west", Executions: 2, DeviceMs: 4_000, MeasuredMs: 4_000, EnergyMj: 14_400_000},
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
	require.EqualValues(t, 2, newest.Reports[0].Sum.Executions)
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
		g.Energy = append(g.Energy, types.EnergySum{Class: class, Epoch: epoch, Region: "de", Executions: 1, DeviceMs: 1})
	}
	require.NoError(t, f.keeper.InitGenesis(f.ctx, *g))
	f.claims(0, types.Metrics{WallMs: 5})
	f.play(f.players(honest, honest, honest), f.post(0, spec(coin(1_000), 3)), 30)
	left := f.energy()
	require.Len(t, left, 151, "a block removes 100 at most")
	require.EqualValues(t, 100, left[0].Sum.Epoch)
	for range 2 {
		f.play(f.players(honest, honest, honest), f.post(0, spec(coin(1_000), 3)), 30)
	}
	require.EqualValues(t, 200, f.energy()[0].Sum.Epoch, "epoch 199 is a year ago")
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
	s := audited(1, 1)
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
