package sim

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Difference is a key that has different values in two states. A nil value means that the key
// is absent.
type Difference struct {
	Store       string
	Key         []byte
	Left, Right []byte
}

func (d Difference) String() string {
	return fmt.Sprintf("%s %x: %x and %x", d.Store, d.Key, d.Left, d.Right)
}

// State contains what a context of an app reads.
type State struct {
	Ctx    sdk.Context
	Stores map[string]*storetypes.KVStoreKey
}

// Compare returns the differences between two states of apps with the same stores, key by
// key, and the number of keys that it has compared. It omits keys for which except returns
// true.
func Compare(left, right State, except func(store string, key []byte) bool) (differences []Difference, compared int) {
	for _, name := range slices.Sorted(maps.Keys(left.Stores)) {
		held, other := pairs(left.Ctx, left.Stores[name]), pairs(right.Ctx, right.Stores[name])
		for _, key := range slices.Sorted(maps.Keys(union(held, other))) {
			if except(name, []byte(key)) {
				continue
			}
			compared++
			_, left := held[key]
			_, right := other[key]
			if left != right || !bytes.Equal(held[key], other[key]) {
				differences = append(differences, Difference{
					Store: name, Key: []byte(key), Left: held[key], Right: other[key],
				})
			}
		}
	}
	return differences, compared
}

func union(a, b map[string][]byte) map[string][]byte {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func pairs(ctx sdk.Context, key *storetypes.KVStoreKey) map[string][]byte {
	all := map[string][]byte{}
	iterator := ctx.MultiStore().GetKVStore(key).Iterator(nil, nil)
	defer func() {
		if err := iterator.Close(); err != nil {
			panic(err)
		}
	}()
	for ; iterator.Valid(); iterator.Next() {
		// The value of an existing key is not nil, even if it is empty.
		all[string(iterator.Key())] = append([]byte{}, iterator.Value()...)
	}
	return all
}
