package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// withoutNewFields returns an encoding without the fields from a number on.
func withoutNewFields(t *testing.T, raw []byte, from protowire.Number) []byte {
	t.Helper()
	var kept []byte
	for len(raw) > 0 {
		number, _, length := protowire.ConsumeField(raw)
		require.Positive(t, length)
		if number < from {
			kept = append(kept, raw[:length]...)
		}
		raw = raw[length:]
	}
	return kept
}

func TestAChainFromBeforeEmissionGetsTheDefaultSchedule(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.bank.MintCoins(f.ctx, faucet, sdk.NewCoins(coin(1_000_000_000))))
	f.clearLedger()
	store := f.service.OpenKVStore(f.ctx)
	before, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	raw, err := before.Marshal()
	require.NoError(t, err)
	require.NoError(t, store.Set(types.ParamsPrefix.Bytes(), withoutNewFields(t, raw, 20)))
	require.NoError(t, store.Delete(types.GenesisSupplyPrefix.Bytes()))
	require.NoError(t, f.keeper.Migrate1to2(f.ctx))
	after, err := f.keeper.Params(f.ctx)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.NoError(t, after.Validate())
	require.EqualValues(t, 1_000_000_000, f.ledger().Genesis.Int64())
	require.True(t, f.ledger().Conserved)

	f.validator(0)
	f.roll(5_000)
	require.Zero(t, f.emit(), "nothing is due for the epochs before")
	f.roll(5_001)
	require.NoError(t, f.keeper.Emit(f.ctx, f.mint))
	flows, err := f.keeper.SupplyFlows(f.ctx)
	require.NoError(t, err)
	require.Equal(t, types.PerEpoch(types.DefaultEmission().Yearly, time.Hour), flows.MintedBy(types.SUPPLY_CAUSE_EMISSION))
}
