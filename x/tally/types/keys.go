// Package types contains the records of x/tally, and the arithmetic of votes: sums by option,
// and the verdict that follows from them.
package types

import (
	"time"

	"cosmossdk.io/collections"
)

const (
	// ModuleName is the name of the module.
	ModuleName = "tally"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
	// SweepLimit is the number of records of votings that have ended that a block removes at most.
	SweepLimit = 200
	// CheckLimit is the number of open votings of which a block looks at most whether they have ended.
	CheckLimit = 20
	// MaxOpenProposals is the number of optimistic proposals of one account that are voted on at most, so that
	// voters can look at each.
	MaxOpenProposals = 3
	// SlowestBlock is the mean time of blocks, four times that of this chain, above which voters had too few blocks
	// to object to an optimistic proposal.
	SlowestBlock = 6 * time.Second
	// MaxBallotsForInvariants is the number of ballots that the query Invariants walks at most.
	MaxBallotsForInvariants = 10_000
)

// Prefixes of the store: `prefix | key -> value`.
var (
	NumberPrefix    = collections.NewPrefix(0) // -> number of the last voting
	VotingsPrefix   = collections.NewPrefix(1) // proposal -> Voting
	BallotsPrefix   = collections.NewPrefix(2) // (proposal, voter) -> Ballot
	BallotsOfPrefix = collections.NewPrefix(3) // (voter, proposal): index of ballots
	SharesPrefix    = collections.NewPrefix(4) // (proposal, validator) -> Sums of its delegators that voted
	BondsPrefix     = collections.NewPrefix(5) // proposal -> Sums of bonds whose operators voted
	IncreasesPrefix = collections.NewPrefix(6) // operator -> Increases
	TalliesPrefix   = collections.NewPrefix(7) // proposal -> Tally
	OpenPrefix      = collections.NewPrefix(8) // number -> proposal, of votings that have not ended
	EndedPrefix     = collections.NewPrefix(9) // proposal, of votings that have ended
	ParamsPrefix    = collections.NewPrefix(10)
)
