// Package round is the state machine of one chunk: it describes how the chunk's rounds draw
// nodes, collect their results blindly, count the votes and settle the payments.
//
// The keeper loads a Chunk for one handler and advances it by every transition that is due at
// the block's height. The handler changes the chunk; the keeper then advances it again and
// saves it. The Chunk keeps its state in the chunk's record (types.Chunk), changes it according
// to the tables of types/status.go, and reaches everything else through Deps. It does not
// access a store: it returns what the indexes should contain about the chunk, and what changes
// of its job, as an Update, which the keeper writes.
//
// The phases of a round, with the functions that change them:
//
//	            startRound
//	                │
//	                ▼          Claim: the lowest ranks are candidates
//	┌─────────▶ COMMIT ◀──┐    assignCandidates: candidates are assigned
//	│               │     │    Commit, Release, Yield; dropMissed takes the chunk from the late
//	│  auditors join│     │ fillSlots: empty slots are drawn again, or given up
//	│               ├─────┘
//	│               │ finishCommits: every slot has committed
//	│               ▼
//	└─────────── AUDIT         first rounds that may be audited only
//	                │ decideAudit: no auditors
//	                ▼
//	             REVEAL        Reveal; in later rounds also Open
//	               │  └─▶ LEAVES   replicas of a chunk whose roots differ show all results
//	                │ concludeRound: all have revealed, or the deadline is past
//	                ▼
//	             decide ──▶ REVIEW    under TRUST only: Review, or acceptUnreviewed
//	                │          │
//	                ├──────────┴─▶ settleAccepted, settleFailed: the receipt
//	                ▼
//	             escalate: CLOSED, and a larger round of other nodes starts
//
// A chunk may also end without a verdict: abort, if it is cancelled, expires, lacks its inputs
// or does not find nodes; failWithoutJury, if a later round finds too few nodes.
package round
