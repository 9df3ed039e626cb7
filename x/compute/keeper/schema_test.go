package keeper

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// The params, which always exist, separate keys without a value from the records, so that the
// neighbours of every absent record have values.
func TestTheAbsenceOfEveryRecordCanBeProven(t *testing.T) {
	k := NewKeeper(
		codec.NewProtoCodec(codectypes.NewInterfaceRegistry()),
		runtime.NewKVStoreService(storetypes.NewKVStoreKey(types.StoreKey)),
		runtime.NewTransientStoreService(storetypes.NewTransientStoreKey(types.TStoreKey)),
		nil, nil, nil, nil, nil, "")
	sets := 0
	for _, c := range k.schema.ListCollections() {
		side := bytes.Compare(c.GetPrefix(), types.ParamsPrefix.Bytes())
		if value, err := c.ValueCodec().Encode(collections.NoValue{}); err == nil && len(value) == 0 {
			sets++
			require.Negative(t, side, "%s has no values and lies below the params", c.GetName())
			continue
		}
		require.False(t, side < 0, "%s is of records and lies above the params", c.GetName())
	}
	require.Positive(t, sets)
}
