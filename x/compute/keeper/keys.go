package keeper

import (
	"context"

	"cosmossdk.io/collections"
)

// firstKeys returns the lowest keys of a queue below end, at most limit of them.
func firstKeys[K any](ctx context.Context, queue collections.KeySet[K], end K, limit int) ([]K, error) {
	iter, err := queue.Iterate(ctx, new(collections.Range[K]).EndExclusive(end))
	if err != nil {
		return nil, err
	}
	return take(iter, limit)
}

// keys iterates over the keys of a collection.
type keys[K any] interface {
	Valid() bool
	Next()
	Key() (K, error)
	Close() error
}

// take returns the next keys, at most limit of them, and closes the iterator. Callers use the
// keys after that, because a store must not be written during an iteration.
func take[K any](iter keys[K], limit int) ([]K, error) {
	defer iter.Close()
	var taken []K
	for ; iter.Valid() && len(taken) < limit; iter.Next() {
		key, err := iter.Key()
		if err != nil {
			return nil, err
		}
		taken = append(taken, key)
	}
	return taken, nil
}
