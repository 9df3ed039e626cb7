package bench

import (
	"fmt"

	dbm "github.com/cosmos/cosmos-db"

	"github.com/cosmos/cosmos-sdk/store/v2/cachemulti"
	"github.com/cosmos/cosmos-sdk/store/v2/dbadapter"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/database"
)

// flatStore is a state of sorted keys without trees. A million nodes and jobs are written to
// it in minutes, whereas trees that grow key by key would take hours.
type flatStore struct {
	// MultiStore contains all stores that are not trees.
	storetypes.MultiStore
	db     dbm.DB
	stores map[storetypes.StoreKey]storetypes.KVStore
}

// newFlatStore copies the committed state of an app into a new database in dir.
func newFlatStore(a *app.App, dir string) (*flatStore, error) {
	db, err := database.OpenIn("flat", dbm.PebbleDBBackend, dir)
	if err != nil {
		return nil, fmt.Errorf("open the flat database in %s: %w", dir, err)
	}
	committed := a.CommitMultiStore()
	f := &flatStore{
		MultiStore: committed.CacheMultiStore(), db: db, stores: make(map[storetypes.StoreKey]storetypes.KVStore),
	}
	for name, key := range a.KVStoreKeys() {
		flat := dbadapter.Store{DB: dbm.NewPrefixDB(db, []byte(name+"/"))}
		f.stores[key] = flat
		if err := copyStore(committed.GetKVStore(key), flat); err != nil {
			return nil, fmt.Errorf("copy store %s: %w", name, err)
		}
	}
	return f, nil
}

func copyStore(from, to storetypes.KVStore) (err error) {
	iterator := from.Iterator(nil, nil)
	defer func() {
		if closed := iterator.Close(); err == nil {
			err = closed
		}
	}()
	for ; iterator.Valid(); iterator.Next() {
		to.Set(iterator.Key(), iterator.Value())
	}
	return iterator.Error()
}

// GetKVStore returns the flat store of a key, or a store that is not a tree.
func (f *flatStore) GetKVStore(key storetypes.StoreKey) storetypes.KVStore {
	if flat, is := f.stores[key]; is {
		return flat
	}
	return f.MultiStore.GetKVStore(key)
}

// GetStore is GetKVStore for stores of any kind.
func (f *flatStore) GetStore(key storetypes.StoreKey) storetypes.Store {
	if flat, is := f.stores[key]; is {
		return flat
	}
	return f.MultiStore.GetStore(key)
}

// CacheMultiStore branches the flat stores and the others.
func (f *flatStore) CacheMultiStore() storetypes.CacheMultiStore {
	return cachemulti.NewFromParent(func(key storetypes.StoreKey) storetypes.CacheWrapper { return f.GetStore(key) })
}

// CacheWrap is CacheMultiStore under another name.
func (f *flatStore) CacheWrap() storetypes.CacheWrap {
	return f.CacheMultiStore().(storetypes.CacheWrap)
}
