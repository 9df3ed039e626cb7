// Package types holds the messages, records, parameters and errors of
// x/rewards: what paid work earns and how it is shared.
package types

import "cosmossdk.io/collections"

const (
	// ModuleName names the module.
	ModuleName = "rewards"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
	// TStoreKey is the key of the module's transient store.
	TStoreKey = "transient_" + ModuleName
	// MaxClaimDenoms bounds the denoms of one claim.
	MaxClaimDenoms = 16
	// MaxAmountBits bounds a single reward. Sums of such amounts stay far below
	// the 315 bits of the SDK's decimals, in which x/distribution counts what it
	// is given; a token with an absurd supply must not halt the chain there.
	MaxAmountBits = 128
)

// Prefixes of the store: `prefix | key -> value`.
var (
	ParamsPrefix   = collections.NewPrefix(0) // -> Params
	EarningsPrefix = collections.NewPrefix(1) // operator | denom -> unclaimed amount
	PendingPrefix  = collections.NewPrefix(2) // -> shares that wait in escrow
)

// NotesPrefix is of the transient store: operator | denom -> shares of this block.
var NotesPrefix = collections.NewPrefix(0)
