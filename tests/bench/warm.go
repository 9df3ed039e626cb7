package bench

import (
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
)

// warmEntries of each tree are read before anything is measured: what was just
// restored is on disk only, and a node that has run for a while has in memory
// whatever its cache holds.
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
