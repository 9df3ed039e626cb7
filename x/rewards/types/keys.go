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
	// MaxReleased bounds the entries of held pay that one claim moves to the earnings.
	MaxReleased = 64
	// MaxHeldPay bounds the answer to a query of held pay.
	MaxHeldPay = 256
	// MaxUnminted is the number of records of unminted pay from which on no jobs can be posted
	// against a grant: the chain buys no further work while it does not pay for the last.
	MaxUnminted = 1_000
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

	GenesisSupplyPrefix = collections.NewPrefix(20) // -> supply at genesis
	MintedPrefix        = collections.NewPrefix(21) // cause -> amount minted so far
	BurnedPrefix        = collections.NewPrefix(22) // cause -> amount burned so far
	EmissionPrefix      = collections.NewPrefix(23) // -> EmissionState
	SummariesPrefix     = collections.NewPrefix(24) // epoch -> EpochSummary
	OpenEpochPrefix     = collections.NewPrefix(25) // -> OpenEpoch
	WorkPrefix          = collections.NewPrefix(26) // -> PaidWork of the open epoch

	GrantsPrefix     = collections.NewPrefix(30) // grant -> Grant
	GrantNextPrefix  = collections.NewPrefix(31) // -> number of grants that were created
	HeldPrefix       = collections.NewPrefix(32) // operator | epoch | grant -> pay that matures in the epoch
	HeldTotalsPrefix = collections.NewPrefix(33) // grant | epoch -> all pay that matures in the epoch

	UnmintedPrefix       = collections.NewPrefix(34) // place in the queue -> UnmintedPay
	UnmintedNextPrefix   = collections.NewPrefix(35) // -> next place in the queue
	UnmintedTotalsPrefix = collections.NewPrefix(36) // grant -> UnmintedTotal
)

// Prefixes of what operators have earned.
var (
	EarnedPrefix   = collections.NewPrefix(40) // epoch | operator -> what the operator was credited with, by source
	CreditsPrefix  = collections.NewPrefix(41) // epoch | operator | job | task -> what the chunk has brought, by source
	CompletePrefix = collections.NewPrefix(42) // -> first epoch of which no record of the two was removed
)

// Prefixes of the transient store.
var (
	NotesPrefix        = collections.NewPrefix(0)  // operator | denom -> SettlementNote of this block
	GrantNotesPrefix   = collections.NewPrefix(30) // grant | operator | class -> GrantNote of this block
	GrantCreditsPrefix = collections.NewPrefix(40) // grant | operator | job | task -> what the chunk has brought in this block
)
