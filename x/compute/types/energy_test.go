package types_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestAbsurdClaimsOfEnergyAreNotBelieved(t *testing.T) {
	const blocks = 100 // at most 1,000 s
	for name, c := range map[string]struct {
		claims types.Metrics
		want   types.EnergySum
	}{
		"nothing":            {types.Metrics{EnergyMj: 5, EnergySource: "rapl"}, types.EnergySum{}},
		"not measured":       {types.Metrics{WallMs: 10}, types.EnergySum{Executions: 1, DeviceMs: 10}},
		"no source":          {types.Metrics{WallMs: 10, EnergyMj: 5}, types.EnergySum{Executions: 1, DeviceMs: 10}},
		"measured":           {types.Metrics{WallMs: 10, EnergyMj: 5, EnergySource: "rapl"}, types.EnergySum{Executions: 1, DeviceMs: 10, MeasuredMs: 10, EnergyMj: 5}},
		"measured as none":   {types.Metrics{WallMs: 10, EnergySource: "rapl"}, types.EnergySum{Executions: 1, DeviceMs: 10, MeasuredMs: 10}},
		"20 kW":              {types.Metrics{WallMs: 10, EnergyMj: 200_000, EnergySource: "nvml"}, types.EnergySum{Executions: 1, DeviceMs: 10, MeasuredMs: 10, EnergyMj: 200_000}},
		"more than 20 kW":    {types.Metrics{WallMs: 10, EnergyMj: 200_001, EnergySource: "nvml"}, types.EnergySum{Executions: 1, DeviceMs: 10}},
		"the whole time":     {types.Metrics{WallMs: 1_000_000}, types.EnergySum{Executions: 1, DeviceMs: 1_000_000}},
		"more than the time": {types.Metrics{WallMs: 1_000_001}, types.EnergySum{}},
		"for ever":           {types.Metrics{WallMs: math.MaxUint64, EnergyMj: math.MaxUint64, EnergySource: "x"}, types.EnergySum{}},
	} {
		claim, claimed := c.claims.EnergyClaim(blocks)
		require.Equal(t, c.want, claim, name)
		require.Equal(t, c.want.Executions > 0, claimed, name)
	}
}

// TestASumOfClaimsIsInItself: no measured time without device time, and no sum overflows.
func TestASumOfClaimsIsInItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sum types.EnergySum
		for range rapid.IntRange(0, 10).Draw(t, "claims") {
			before := sum
			claims := types.Metrics{WallMs: rapid.Uint64().Draw(t, "wall"), EnergyMj: rapid.Uint64().Draw(t, "energy"), EnergySource: rapid.SampledFrom([]string{"", "rapl"}).Draw(t, "source")}
			claim, _ := claims.EnergyClaim(rapid.Uint64().Draw(t, "blocks"))
			sum.Add(claim)
			require.GreaterOrEqual(t, sum.DeviceMs, before.DeviceMs)
			require.GreaterOrEqual(t, sum.EnergyMj, before.EnergyMj)
			require.LessOrEqual(t, sum.MeasuredMs, sum.DeviceMs)
		}
		require.LessOrEqual(t, sum.MeasuredBps(), uint32(types.BasisPoints))
	})
}

func TestGreenhouseGasesAreRoundedUp(t *testing.T) {
	factor := types.CarbonFactor{Region: "de", GramsPerKwh: 381}
	for millijoules, want := range map[uint64]string{0: "0", 1: "1", 3_600_000_000: "381000", 3_600_000_001: "381001"} {
		require.Equal(t, want, factor.Milligrams(millijoules).String(), "%d", millijoules)
	}
	factor.GramsPerKwh = 5_000
	require.Equal(t, "25620477880152155", factor.Milligrams(math.MaxUint64/1_000).String(), "no overflow")
}

func TestCarbonFactorsAreRefusedOutsideOfTheirBounds(t *testing.T) {
	good := types.CarbonFactor{Region: "us-west", GramsPerKwh: 250, Year: 2023, Source: "Ember"}
	require.NoError(t, types.ValidateCarbonFactors(nil))
	require.NoError(t, types.ValidateCarbonFactors([]types.CarbonFactor{good, {Region: "us", Year: 1990, Source: "x"}}))
	for name, change := range map[string]func(*types.CarbonFactor){
		"no region":        func(f *types.CarbonFactor) { f.Region = "" },
		"region of no form": func(f *types.CarbonFactor) { f.Region = "Germany" },
		"too much":         func(f *types.CarbonFactor) { f.GramsPerKwh = 5_001 },
		"no year":          func(f *types.CarbonFactor) { f.Year = 0 },
		"far year":         func(f *types.CarbonFactor) { f.Year = 2_201 },
		"no source":        func(f *types.CarbonFactor) { f.Source = "" },
		"hidden source":    func(f *types.CarbonFactor) { f.Source = "a\x00b" },
		"long source":      func(f *types.CarbonFactor) { f.Source = string(make([]byte, 65)) },
	} {
		bad := good
		change(&bad)
		require.ErrorIs(t, types.ValidateCarbonFactors([]types.CarbonFactor{bad}), types.ErrInvalidCarbon, name)
	}
	require.ErrorContains(t, types.ValidateCarbonFactors([]types.CarbonFactor{good, good}), "us-west is named twice")
	require.ErrorContains(t, types.ValidateCarbonFactors(make([]types.CarbonFactor, 257)), "at most 256")
}

func TestGenesisRefusesSumsOfEnergyThatContradictThemselves(t *testing.T) {
	good := types.EnergySum{Class: "cpu-small", Epoch: 3, Region: "de", Executions: 2, DeviceMs: 10, MeasuredMs: 10, EnergyMj: 1}
	g := goodGenesis()
	g.Energy = []types.EnergySum{good}
	require.NoError(t, g.Validate())
	for name, change := range map[string]func(*types.GenesisState){
		"twice":            func(g *types.GenesisState) { g.Energy = append(g.Energy, good) },
		"no class":         func(g *types.GenesisState) { g.Energy[0].Class = "" },
		"of nothing":       func(g *types.GenesisState) { g.Energy[0].Executions = 0 },
		"measured of none": func(g *types.GenesisState) { g.Energy[0].DeviceMs = 9 },
		"bad factor":       func(g *types.GenesisState) { g.CarbonFactors = []types.CarbonFactor{{Region: "de"}} },
	} {
		bad := goodGenesis()
		bad.Energy = []types.EnergySum{good}
		change(&bad)
		require.ErrorIs(t, bad.Validate(), types.ErrInvalidGenesis, name)
	}
}
