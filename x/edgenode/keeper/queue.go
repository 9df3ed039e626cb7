package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// heightQueue lists operators by the height at which one of their items is due.
type heightQueue = collections.KeySet[collections.Pair[int64, sdk.AccAddress]]

// dueItems returns the first items of a queue whose height has come, at most limit of them.
func dueItems(ctx context.Context, queue heightQueue, limit int) ([]collections.Pair[int64, sdk.AccAddress], error) {
	iterator, err := queue.Iterate(ctx, collections.NewPrefixUntilPairRange[int64, sdk.AccAddress](height(ctx)))
	if err != nil {
		return nil, err
	}
	defer iterator.Close()
	var due []collections.Pair[int64, sdk.AccAddress]
	for ; iterator.Valid() && len(due) < limit; iterator.Next() {
		key, err := iterator.Key()
		if err != nil {
			return nil, err
		}
		due = append(due, key)
	}
	return due, nil
}
