package keeper_test

import (
	stdmath "math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// A genesis file with numbers that no sum can hold is refused with an error.
func TestGenesisWithNumbersThatDoNotFitIsRefused(t *testing.T) {
	f := newFixture(t)
	id := f.activeGrant()
	f.settle(1, agreed(id), grantFuel)
	f.endBlock()
	f.vault.fails = above(0)
	f.settle(1, agreed(id), grantFuel)
	f.endBlock()
	f.roll(2)
	f.roll(3)
	huge := math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(1), 255))
	coins := sdk.NewCoins(sdk.NewCoin(denom, huge))
	for name, change := range map[string]func(*types.GenesisState){
		"fuel":     func(g *types.GenesisState) { g.Unminted[0].Notes[0].Note.Fuel = huge },
		"minted":   func(g *types.GenesisState) { g.Unminted[0].Notes[0].Note.Minted = huge },
		"executor": func(g *types.GenesisState) { g.Unminted[0].Notes[0].Note.Executor = huge },
		"burn":     func(g *types.GenesisState) { g.Unminted[0].Notes[0].Note.Shares.Burn = coins },
		"stakers": func(g *types.GenesisState) {
			g.Unminted[0].Notes[0].Note.Shares = types.PendingFees{Burn: coins, Stakers: coins}
		},
		"chunk": func(g *types.GenesisState) { g.Unminted[0].Chunks[0].Amount = huge },
		"chunks": func(g *types.GenesisState) {
			g.Unminted[0].Chunks = append(g.Unminted[0].Chunks, types.UnmintedChunk{JobId: "7-0-0", Task: 1, Amount: huge}, types.UnmintedChunk{JobId: "7-0-0", Task: 2, Amount: huge})
		},
		"class's fuel": func(g *types.GenesisState) { g.Grants[0].Classes[0].Fuel = huge },
	} {
		exported, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		require.NoError(t, exported.Validate())
		change(exported)
		require.NotPanics(t, func() { err = exported.Validate() }, name)
		require.Error(t, err, name)
	}
}

// The number of the open epoch is above those of all summaries, and the epochs that it will cover have
// numbers, or else its summary would take the place of another.
func TestGenesisWhoseOpenEpochHasAnOldNumberIsRefused(t *testing.T) {
	f := newFixture(t)
	f.roll(2)
	f.missed(3)
	f.roll(4)
	f.missed(5)
	for name, change := range map[string]func(*types.OpenEpoch){
		"of a summary":        func(o *types.OpenEpoch) { o.Epoch = 2 },
		"covered":             func(o *types.OpenEpoch) { o.Epoch = 3 },
		"too many":            func(o *types.OpenEpoch) { o.Later = stdmath.MaxInt64 },
		"without a successor": func(o *types.OpenEpoch) { o.Epoch = stdmath.MaxInt64 },
	} {
		exported, err := f.keeper.ExportGenesis(f.ctx)
		require.NoError(t, err)
		require.NoError(t, exported.Validate())
		require.EqualValues(t, 3, exported.Epochs[len(exported.Epochs)-1].LastEpoch)
		require.Equal(t, [2]int64{4, 1}, [2]int64{exported.Open.Epoch, exported.Open.Later})
		change(exported.Open)
		require.ErrorIs(t, exported.Validate(), types.ErrInvalidGenesis, name)
	}
}
