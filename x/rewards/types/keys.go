// Package types contains the messages, records, parameters and errors of x/rewards: what paid
// work earns and how it is divided.
package types

import "cosmossdk.io/collections"

const (
	// ModuleName is the name of the module.
	ModuleName = "rewards"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
	// TStoreKey is the key of the module's transient store.
	TStoreKey = "transient_" + ModuleName
	// MaxClaimDenoms bounds the number of denoms of one claim.
	MaxClaimDenoms = 16
	// MaxPaidDenoms bounds the number of denoms in the answer to a query of what was paid.
	MaxPaidDenoms = 64
	// MaxAmountBits bounds a single reward. Sums of such amounts stay far below the 315 bits
	// of the SDK's decimals, which x/distribution uses. Otherwise a token with an absurd
	// supply could halt the chain there.
	MaxAmountBits = 128
)

// Prefixes of the store: `prefix | key -> value`.
var (
	ParamsPrefix   = collections.NewPrefix(0) // -> Params
	EarningsPrefix = collections.NewPrefix(1) // operator | denom -> unclaimed amount
	PendingPrefix  = collections.NewPrefix(2) // -> shares that wait in escrow
	PayoutPrefix   = collections.NewPrefix(3) // operator -> Payout
	PaidPrefix     = collections.NewPrefix(4) // operator | denom -> amount paid so far
)

// NotesPrefix is in the transient store: operator | denom -> shares of this block.
var NotesPrefix = collections.NewPrefix(0)
