package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

func sdkCoins(amount int64) sdk.Coins { return sdk.NewCoins(coin(amount)) }

// restored returns a new fixture that starts from the export of f.
func restored(f *fixture) *fixture {
	f.t.Helper()
	return restoredAs(f, func(*types.GenesisState) {})
}

// restoredAs returns a new fixture that starts from a changed export of f.
func restoredAs(f *fixture, change func(*types.GenesisState)) *fixture {
	f.t.Helper()
	g := emptyFixture(f.t)
	g.ctx = g.ctx.WithBlockHeight(f.ctx.BlockHeight())
	*g.beacon = *f.beacon
	g.minted = f.minted
	g.bank.InitGenesis(g.ctx, f.bank.ExportGenesis(f.ctx))
	nodes, err := f.nodes.ExportGenesis(f.ctx)
	require.NoError(f.t, err)
	require.NoError(f.t, g.nodes.InitGenesis(g.ctx, *nodes))
	rewards, err := f.rewards.ExportGenesis(f.ctx)
	require.NoError(f.t, err)
	require.NoError(f.t, g.rewards.InitGenesis(g.ctx, *rewards))
	compute, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(f.t, err)
	change(compute)
	require.NoError(f.t, compute.Validate())
	require.NoError(f.t, g.keeper.InitGenesis(g.ctx, *compute))
	return g
}

// A chain that starts from an export continues like the exported chain, whatever state its
// jobs were in.
func TestAnExportedRunGoesOnAsItWould(t *testing.T) {
	crowd := []behaviour{honest, liar, honest, stalls, honest, shirks, honest, silent, honest, honest, closed, honest}
	for start := 3; start < 30; start += 4 {
		f := newFixture(t)
		f.network(len(crowd))
		players := f.players(crowd...)
		turn := func(f *fixture, players []player, i int) {
			if i%3 == 0 && i < 24 {
				f.post(i%2, spec(coin(int64(100+i)), 3))
			}
			for _, p := range players {
				p.act()
			}
			f.next()
		}
		for i := range start {
			turn(f, players, i)
		}
		g := restored(f)
		require.Equal(t, f.export(), g.export())
		others := g.players(crowd...)
		for i := start; i < start+25; i++ {
			turn(f, players, i)
			turn(g, others, i)
			require.Equal(t, f.export(), g.export(), "block %d after an export at %d", i, start)
		}
	}
}

func TestAGenesisThatOwesMoreThanEscrowHoldsIsRefused(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	f.post(0, spec(coin(1_000), 3))
	g, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(t, err)
	g.Jobs[0].Reserved = g.Jobs[0].Reserved.Add(math.OneInt())
	err = f.keeper.InitGenesis(f.ctx, *g)
	require.ErrorIs(t, err, types.ErrInvalidGenesis)
	require.ErrorContains(t, err, "escrow holds")
}

// A job from before jobs bounded their fuel has the bound of its spec, so that its nodes can
// reveal.
func TestAJobOfAGenesisWithoutFuelHasThatOfItsSpec(t *testing.T) {
	f := newFixture(t)
	f.network(5)
	s := spec(coin(1_000), 3)
	id := f.post(0, s)
	f.next()
	g := restoredAs(f, func(c *types.GenesisState) { c.Jobs[0].Fuel = 0 })
	require.Equal(t, s.Resources.Fuel, g.job(id).Fuel)
	g.play(g.everyone(5, honest), id, 40)
	require.Equal(t, types.CHUNK_STATUS_ACCEPTED, g.receipt(id).Status)
}
