package bench

import (
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	snapshottypes "github.com/cosmos/cosmos-sdk/store/v2/snapshots/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
)

// restoreTrees writes a flat state into db as the trees of a height, as state sync restores a
// snapshot.
func restoreTrees(flat *flatStore, db dbm.DB, height int64) error {
	trees := rootmulti.NewStore(db, log.NewNopLogger())
	trees.SetIAVLDisableFastNode(true)
	for key := range flat.stores {
		trees.MountStoreWithDB(key, storetypes.StoreTypeIAVL, nil)
	}
	if err := trees.LoadLatestVersion(); err != nil {
		return fmt.Errorf("open the trees: %w", err)
	}
	s := &snapshot{flat: flat, height: height}
	next, stop := iter.Pull(s.items)
	defer stop()
	_, err := trees.Restore(uint64(height), snapshottypes.CurrentFormat, itemReader{next}) //nolint:gosec // a small height
	if s.err != nil {
		return fmt.Errorf("read the flat state: %w", s.err)
	}
	return err
}

// itemReader passes snapshot items on without encoding them.
type itemReader struct {
	next func() (snapshottypes.SnapshotItem, bool)
}

// ReadMsg sets into, a *SnapshotItem, to the next item. It returns io.EOF after the last.
func (r itemReader) ReadMsg(into proto.Message) error {
	item, more := r.next()
	if !more {
		return io.EOF
	}
	to, is := into.(*snapshottypes.SnapshotItem)
	if !is {
		return fmt.Errorf("expected to read a snapshot item, found %T", into)
	}
	*to = item
	return nil
}

// snapshot lists the nodes of balanced trees over a flat state. Each node follows its two
// children.
type snapshot struct {
	flat   *flatStore
	height int64
	err    error
}

// items yields the items store by store, sorted by name.
func (s *snapshot) items(yield func(snapshottypes.SnapshotItem) bool) {
	byName := func(a, b storetypes.StoreKey) int {
		switch {
		case a.Name() < b.Name():
			return -1
		case a.Name() > b.Name():
			return 1
		default:
			return 0
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(s.flat.stores), byName) {
		name := &snapshottypes.SnapshotItem_Store{Store: &snapshottypes.SnapshotStoreItem{Name: key.Name()}}
		if !yield(snapshottypes.SnapshotItem{Item: name}) || !s.tree(s.flat.stores[key], yield) {
			return
		}
	}
}

// tree yields the nodes of one store, and reports whether to continue.
func (s *snapshot) tree(store storetypes.KVStore, yield func(snapshottypes.SnapshotItem) bool) bool {
	leaves, err := count(store)
	if err != nil {
		s.err = err
		return false
	}
	if leaves == 0 {
		return true
	}
	b := &builder{iterator: store.Iterator(nil, nil), version: s.height, yield: yield}
	_, _, more := b.subtree(leaves)
	if s.err = b.iterator.Error(); s.err == nil {
		s.err = b.iterator.Close()
	}
	return more && s.err == nil
}

func count(store storetypes.KVStore) (n int, err error) {
	iterator := store.Iterator(nil, nil)
	for ; iterator.Valid(); iterator.Next() {
		n++
	}
	if err := iterator.Error(); err != nil {
		return 0, err
	}
	return n, iterator.Close()
}

// builder builds a tree from sorted leaves.
type builder struct {
	iterator storetypes.Iterator
	version  int64
	yield    func(snapshottypes.SnapshotItem) bool
}

// subtree yields the nodes over the next leaves. It returns the first key and the height of
// the highest node, and reports whether to continue.
func (b *builder) subtree(leaves int) (first []byte, height int32, more bool) {
	if leaves == 1 {
		key, value := b.iterator.Key(), b.iterator.Value()
		b.iterator.Next()
		return key, 0, b.node(&snapshottypes.SnapshotIAVLItem{Key: key, Value: value, Version: b.version})
	}
	first, left, more := b.subtree(leaves - leaves/2)
	if !more {
		return nil, 0, false
	}
	middle, right, more := b.subtree(leaves / 2)
	if !more {
		return nil, 0, false
	}
	height = max(left, right) + 1
	return first, height, b.node(&snapshottypes.SnapshotIAVLItem{Key: middle, Height: height, Version: b.version})
}

func (b *builder) node(item *snapshottypes.SnapshotIAVLItem) bool {
	return b.yield(snapshottypes.SnapshotItem{Item: &snapshottypes.SnapshotItem_IAVL{IAVL: item}})
}
