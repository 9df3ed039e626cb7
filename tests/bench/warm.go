package bench

import (
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
)

// warmEntries is the number of entries of each tree that are read before the measurements. A
// restored state is only on disk at first, whereas a node that has run for a while has as
// much of it in memory as its cache holds.
const warmEntries = 200_000

// warm fills the caches of the trees.
func (w *world) warm() error {
	for _, key := range w.app.KVStoreKeys() {
		if err := readOn(w.store.GetKVStore(key), warmEntries); err != nil {
			return err
		}
	}
	return nil
}

func readOn(tree storetypes.KVStore, entries int) (err error) {
	iterator := tree.Iterator(nil, nil)
	defer func() {
		if closed := iterator.Close(); err == nil {
			err = closed
		}
	}()
	for ; iterator.Valid() && entries > 0; iterator.Next() {
		entries--
	}
	return iterator.Error()
}
