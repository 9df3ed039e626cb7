// Package round is the state machine of one task: how its rounds draw nodes, take their
// results blindly, count them and settle who gets what.
//
// A Task is loaded by the keeper for one handler, advanced by everything that is due at
// the block's height, changed by what the handler asks, advanced again and saved. It
// keeps its state in the task's record (types.Task), moves it along the tables of
// types/status.go, and reaches everything else through Deps. It knows no store: what
// indexes have to say of the task, and what changes of its job, it hands over as an
// Update, which the keeper writes.
//
// A round, by its phases, with the functions that move it:
//
//	            startRound
//	                │
//	                ▼          Claim: the lowest ranks are candidates
//	┌─────────▶ COMMIT ◀──┐    assignCandidates: candidates are assigned
//	│               │     │    Commit, Release; dropMissed takes the task from the late
//	│  auditors join│     │ fillSlots: empty slots are drawn again, or given up
//	│               ├─────┘
//	│               │ finishCommits: every slot has committed
//	│               ▼
//	└─────────── AUDIT         first rounds that may be audited only
//	                │ decideAudit: no auditors
//	                ▼
//	             REVEAL        Reveal; in later rounds also Open
//	                │ concludeRound: all have spoken, or the deadline is past
//	                ▼
//	             decide ──▶ REVIEW    under TRUST only: Review, or acceptUnreviewed
//	                │          │
//	                ├──────────┴─▶ settleAccepted, settleFailed: the receipt
//	                ▼
//	             escalate: CLOSED, and a larger round of other nodes starts
//
// A task may also end without a verdict: abort, where it is cancelled, expires, lacks
// its inputs or finds no nodes; failWithoutJury, where a later round finds too few nodes.
package round
