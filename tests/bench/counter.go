package bench

import (
	"maps"
	"sync/atomic"

	dbm "github.com/cosmos/cosmos-db"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/store/v2/cachekv"
	"github.com/cosmos/cosmos-sdk/store/v2/cachemulti"
	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
)

// Ops counts the operations that reach the trees on disk. A block's cache answers repeated
// reads, and a key that is written often is written once.
type Ops struct {
	// Reads of single keys, and of entries over which iterators pass.
	Reads float64 `json:"reads"`
	// Writes and removals of keys.
	Writes float64 `json:"writes"`
}

func (o Ops) total() float64 { return o.Reads + o.Writes }

// countingStore is the app's multistore with a counter in front of every tree.
type countingStore struct {
	*rootmulti.Store
	stores map[storetypes.StoreKey]*counter
	others []storetypes.StoreKey
}

func newCountingStore(db dbm.DB) *countingStore {
	return &countingStore{
		Store:  rootmulti.NewStore(db, log.NewNopLogger()),
		stores: make(map[storetypes.StoreKey]*counter),
	}
}

// MountStoreWithDB notes which stores are trees.
func (s *countingStore) MountStoreWithDB(key storetypes.StoreKey, typ storetypes.StoreType, db dbm.DB) {
	s.Store.MountStoreWithDB(key, typ, db)
	if typ == storetypes.StoreTypeIAVL {
		s.stores[key] = &counter{}
		return
	}
	s.others = append(s.others, key)
}

// CacheMultiStore branches the store as rootmulti does, with counters in between.
func (s *countingStore) CacheMultiStore() storetypes.CacheMultiStore {
	branches := make(map[storetypes.StoreKey]storetypes.CacheWrapper, len(s.stores)+len(s.others))
	for key, c := range s.stores {
		branches[key] = &counted{KVStore: s.GetKVStore(key), counter: c}
	}
	for _, key := range s.others {
		branches[key] = s.GetStore(key)
	}
	return cachemulti.NewStore(branches)
}

// ops returns the counts so far, by store.
func (s *countingStore) ops() map[string]Ops {
	out := make(map[string]Ops, len(s.stores))
	for key, c := range s.stores {
		out[key.Name()] = Ops{Reads: float64(c.reads.Load()), Writes: float64(c.writes.Load())}
	}
	return out
}

// opsSince returns the operations since before, by store, without unused stores.
func opsSince(before, now map[string]Ops) map[string]Ops {
	out := maps.Clone(now)
	for name, o := range before {
		out[name] = Ops{Reads: out[name].Reads - o.Reads, Writes: out[name].Writes - o.Writes}
	}
	maps.DeleteFunc(out, func(_ string, o Ops) bool { return o == Ops{} })
	return out
}

type counter struct{ reads, writes atomic.Int64 }

// counted is a tree that counts its operations.
type counted struct {
	storetypes.KVStore
	*counter
}

// CacheWrap branches the counted store, not the tree below it.
func (c *counted) CacheWrap() storetypes.CacheWrap { return cachekv.NewStore(c) }

// Get returns the value of a key.
func (c *counted) Get(key []byte) []byte {
	c.reads.Add(1)
	return c.KVStore.Get(key)
}

// Has reports whether a key exists.
func (c *counted) Has(key []byte) bool {
	c.reads.Add(1)
	return c.KVStore.Has(key)
}

// Set writes a key.
func (c *counted) Set(key, value []byte) {
	c.writes.Add(1)
	c.KVStore.Set(key, value)
}

// Delete removes a key.
func (c *counted) Delete(key []byte) {
	c.writes.Add(1)
	c.KVStore.Delete(key)
}

// Iterator iterates upwards over a range of keys.
func (c *counted) Iterator(start, end []byte) storetypes.Iterator {
	c.reads.Add(1)
	return &countedIterator{Iterator: c.KVStore.Iterator(start, end), counter: c.counter}
}

// ReverseIterator iterates downwards over a range of keys.
func (c *counted) ReverseIterator(start, end []byte) storetypes.Iterator {
	c.reads.Add(1)
	return &countedIterator{Iterator: c.KVStore.ReverseIterator(start, end), counter: c.counter}
}

type countedIterator struct {
	storetypes.Iterator
	*counter
}

// Next moves to the next key.
func (i *countedIterator) Next() {
	i.reads.Add(1)
	i.Iterator.Next()
}
