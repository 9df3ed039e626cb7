// Package types contains the parameters, messages and arithmetic of x/feemarket: the price of
// a unit of gas, and the division of a block's gas.
package types

import "cosmossdk.io/collections"

const (
	// ModuleName is the name of the module and of the account whose coins are burned.
	ModuleName = "feemarket"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
	// TStoreKey is the key of the module's transient store.
	TStoreKey = "transient_" + ModuleName
)

// Prefixes of the store: `prefix | key -> value`.
var (
	ParamsPrefix  = collections.NewPrefix(0) // -> Params
	BaseFeePrefix = collections.NewPrefix(1) // -> price of a unit of gas in the next block
)

// Prefixes of the transient store.
var (
	LanePrefix = collections.NewPrefix(0) // index of a tx of this block that goes through the lane
	PaidPrefix = collections.NewPrefix(1) // index of an ordinary tx of this block -> gas limit that it has paid for
	HeldPrefix = collections.NewPrefix(2) // index of a tx of this block's lane that has passed its checks
)
