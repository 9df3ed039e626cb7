package types_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestAbsurdClaimsOfEnergyAreNotBelieved(t *testing.T) {
	const blocks = 100 // at most 1,000 s
	for name, c := range map[string]struct {
		claims types.Metrics
		want   types.EnergyPart
	}{
		"nothing":                  {types.Metrics{}, types.EnergyPart{}},
		"less than a millisecond":  {types.Metrics{EnergyMj: 5, EnergySource: "rapl"}, types.EnergyPart{Meter: types.ENERGY_METER_CPU, EnergyMj: 5}},
		"not measured":             {types.Metrics{WallMs: 10}, types.EnergyPart{DeviceMs: 10}},
		"no source":                {types.Metrics{WallMs: 10, EnergyMj: 5}, types.EnergyPart{DeviceMs: 10}},
		"measured":                 {types.Metrics{WallMs: 10, EnergyMj: 5, EnergySource: "rapl"}, types.EnergyPart{Meter: types.ENERGY_METER_CPU, DeviceMs: 10, EnergyMj: 5}},
		"measured as none":         {types.Metrics{WallMs: 10, EnergySource: "rapl~"}, types.EnergyPart{Meter: types.ENERGY_METER_CPU, DeviceMs: 10}},
		"card":                     {types.Metrics{WallMs: 10, EnergyMj: 5, EnergySource: "nvml/2"}, types.EnergyPart{Meter: types.ENERGY_METER_GPU, DeviceMs: 10, EnergyMj: 5}},
		"two cards":                {types.Metrics{WallMs: 10, EnergyMj: 5, EnergySource: "amdgpu+xe"}, types.EnergyPart{Meter: types.ENERGY_METER_GPU, DeviceMs: 10, EnergyMj: 5}},
		"card and processor":       {types.Metrics{WallMs: 10, EnergyMj: 5, EnergySource: "nvml+rapl/2~"}, types.EnergyPart{Meter: types.ENERGY_METER_CPU_AND_GPU, DeviceMs: 10, EnergyMj: 5}},
		"other":                    {types.Metrics{WallMs: 10, EnergyMj: 5, EnergySource: "a plug"}, types.EnergyPart{Meter: types.ENERGY_METER_OTHER, DeviceMs: 10, EnergyMj: 5}},
		"20 kW":                    {types.Metrics{WallMs: 10, EnergyMj: 220_000, EnergySource: "nvml"}, types.EnergyPart{Meter: types.ENERGY_METER_GPU, DeviceMs: 10, EnergyMj: 220_000}},
		"more than 20 kW":          {types.Metrics{WallMs: 10, EnergyMj: 220_001, EnergySource: "nvml"}, types.EnergyPart{Meter: types.ENERGY_METER_IMPLAUSIBLE}},
		"10^18 J":                  {types.Metrics{WallMs: 10, EnergyMj: math.MaxUint64, EnergySource: "nvml"}, types.EnergyPart{Meter: types.ENERGY_METER_IMPLAUSIBLE}},
		"the whole time":           {types.Metrics{WallMs: 1_000_000}, types.EnergyPart{DeviceMs: 1_000_000}},
		"more than the time":       {types.Metrics{WallMs: 1_000_001}, types.EnergyPart{Meter: types.ENERGY_METER_IMPLAUSIBLE}},
		"for ever, and everything": {types.Metrics{WallMs: math.MaxUint64, EnergyMj: math.MaxUint64, EnergySource: "x"}, types.EnergyPart{Meter: types.ENERGY_METER_IMPLAUSIBLE}},
	} {
		c.want.Executions, c.want.Tasks = 1, 7
		require.Equal(t, c.want, c.claims.EnergyClaim(7, blocks), name)
	}
}

// TestASumOfClaimsIsTheirExactSumUntilItIsFull: every claim is in one part of the sum, and no count
// overflows.
func TestASumOfClaimsIsTheirExactSumUntilItIsFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sum := types.EnergySum{Class: "cpu-small"}
		exact := map[types.EnergyMeter]*[4]big.Int{}
		for range rapid.IntRange(0, 10).Draw(t, "claims") {
			claims := types.Metrics{
				WallMs: rapid.Uint64().Draw(t, "wall"), EnergyMj: rapid.Uint64().Draw(t, "energy"),
				EnergySource: rapid.SampledFrom([]string{"", "rapl", "nvml", "x"}).Draw(t, "source"),
			}
			part := claims.EnergyClaim(rapid.Uint64Min(1).Draw(t, "tasks"), rapid.Uint64().Draw(t, "blocks"))
			sum.Add(part)
			if exact[part.Meter] == nil {
				exact[part.Meter] = new([4]big.Int)
			}
			for i, n := range []uint64{part.Executions, part.Tasks, part.DeviceMs, part.EnergyMj} {
				exact[part.Meter][i].Add(&exact[part.Meter][i], new(big.Int).SetUint64(n))
			}
		}
		require.Len(t, sum.Parts, len(exact))
		for _, part := range sum.Parts {
			for i, n := range []uint64{part.Executions, part.Tasks, part.DeviceMs, part.EnergyMj} {
				want := exact[part.Meter][i]
				if !want.IsUint64() {
					want.SetUint64(math.MaxUint64)
				}
				require.Equal(t, want.String(), new(big.Int).SetUint64(n).String(), "%s: %d", part.Meter, i)
			}
		}
		require.LessOrEqual(t, sum.MeasuredBps(), uint32(types.BasisPoints))
		if len(sum.Parts) > 0 {
			g := goodGenesis()
			g.Energy = []types.EnergySum{sum}
			require.NoError(t, g.Validate(), "whatever is summed can be imported")
		}
	})
}

func TestGreenhouseGasesAreRoundedUp(t *testing.T) {
	factor := types.CarbonFactor{Region: "de", GramsPerKwh: 381}
	for millijoules, want := range map[uint64]string{0: "0", 1: "1", 3_600_000_000: "381000", 3_600_000_001: "381001"} {
		require.Equal(t, want, factor.Milligrams(millijoules).String(), "%d", millijoules)
	}
	factor.GramsPerKwh = 5_000
	require.Equal(t, "25620477880152156", factor.Milligrams(math.MaxUint64).String(), "no overflow")
}

func TestCarbonFactorsAreRefusedOutsideOfTheirBounds(t *testing.T) {
	good := types.CarbonFactor{Region: "us-west", GramsPerKwh: 250, Year: 2023, Source: "Ember"}
	require.NoError(t, types.ValidateCarbonFactors(nil))
	require.NoError(t, types.ValidateCarbonFactors([]types.CarbonFactor{good, {Region: "us", Year: 1990, Source: "x"}}))
	for name, change := range map[string]func(*types.CarbonFactor){
		"no region":         func(f *types.CarbonFactor) { f.Region = "" },
		"region of no form": func(f *types.CarbonFactor) { f.Region = "Germany" },
		"too much":          func(f *types.CarbonFactor) { f.GramsPerKwh = 5_001 },
		"no year":           func(f *types.CarbonFactor) { f.Year = 0 },
		"far year":          func(f *types.CarbonFactor) { f.Year = 2_201 },
		"no source":         func(f *types.CarbonFactor) { f.Source = " " },
		"hidden source":     func(f *types.CarbonFactor) { f.Source = "a\x00b" },
		"long source":       func(f *types.CarbonFactor) { f.Source = string(make([]byte, 65)) },
	} {
		bad := good
		change(&bad)
		require.ErrorIs(t, types.ValidateCarbonFactors([]types.CarbonFactor{bad}), types.ErrInvalidCarbon, name)
	}
	require.ErrorContains(t, types.ValidateCarbonFactors([]types.CarbonFactor{good, good}), "found us-west twice")
	require.ErrorContains(t, types.ValidateCarbonFactors(make([]types.CarbonFactor, 100_000)), "expected at most 256 regions, found 100000")
}

func TestGenesisRefusesSumsOfEnergyThatContradictThemselves(t *testing.T) {
	good := func() *types.GenesisState {
		g := goodGenesis()
		g.Energy = []types.EnergySum{{Class: "cpu-small", Epoch: 3, Region: "de", Parts: []types.EnergyPart{
			{Executions: 1, Tasks: 1, DeviceMs: 3}, {Meter: types.ENERGY_METER_CPU, Executions: 2, Tasks: 9, DeviceMs: 10, EnergyMj: 1},
		}}}
		return &g
	}
	require.NoError(t, good().Validate())
	for name, change := range map[string]func(*types.GenesisState){
		"twice":               func(g *types.GenesisState) { g.Energy = append(g.Energy, g.Energy[0]) },
		"no class":            func(g *types.GenesisState) { g.Energy[0].Class = "" },
		"no region":           func(g *types.GenesisState) { g.Energy[0].Region = "Germany" },
		"no part":             func(g *types.GenesisState) { g.Energy[0].Parts = nil },
		"part twice":          func(g *types.GenesisState) { g.Energy[0].Parts[0].Meter = types.ENERGY_METER_CPU },
		"unknown meter":       func(g *types.GenesisState) { g.Energy[0].Parts[1].Meter = 9 },
		"of nothing":          func(g *types.GenesisState) { g.Energy[0].Parts[0].Executions = 0 },
		"fewer tasks":         func(g *types.GenesisState) { g.Energy[0].Parts[1].Tasks = 1 },
		"not measured energy": func(g *types.GenesisState) { g.Energy[0].Parts[0].EnergyMj = 1 },
		"too much power":      func(g *types.GenesisState) { g.Energy[0].Parts[1].EnergyMj = 12*20_000 + 1 },
		"implausible time":    func(g *types.GenesisState) { g.Energy[0].Parts[1].Meter = types.ENERGY_METER_IMPLAUSIBLE },
		"bad factor":          func(g *types.GenesisState) { g.CarbonFactors = []types.CarbonFactor{{Region: "de"}} },
	} {
		bad := good()
		change(bad)
		require.ErrorIs(t, bad.Validate(), types.ErrInvalidGenesis, name)
	}
}

func TestARegionHasTheCarbonFactorOfItsCountry(t *testing.T) {
	table := []types.CarbonFactor{{Region: "de", GramsPerKwh: 1}, {Region: "us", GramsPerKwh: 2}, {Region: "us-west", GramsPerKwh: 3}}
	for region, want := range map[string]uint32{"de": 1, "de-south": 1, "us-west": 3, "us-east": 2} {
		factor, known := types.FactorOf(table, region)
		require.True(t, known, region)
		require.Equal(t, want, factor.GramsPerKwh, region)
	}
	for _, region := range []string{"", "fr", "d", "deu"} {
		_, known := types.FactorOf(table, region)
		require.False(t, known, region)
	}
}
