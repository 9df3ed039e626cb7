package chain

import (
	"context"
	"fmt"

	sdkmath "cosmossdk.io/math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Action is a kind of message.
type Action string

// These are the actions of a worker, most urgent first.
const (
	Reveal  Action = "reveal"
	Open    Action = "open"
	Commit  Action = "commit"
	Release Action = "release"
	Yield   Action = "yield"
	Claim   Action = "claim"
	Renew   Action = "renew"
)

// Batch contains everything that a node has to tell the chain in a block.
type Batch struct {
	Reveals  []computetypes.RevealItem
	Opens    []computetypes.OpenItem
	Commits  []computetypes.CommitItem
	Releases []computetypes.ReleaseItem
	Yields   []computetypes.ChunkRef
	Claims   []computetypes.ChunkRef
	// Renew renews the node's lease. Its outcome does not name a task.
	Renew bool
	// Stakes says what the node loses by missing an item. The fee for an item that is not in
	// Stakes is limited only by the owner's other limits.
	Stakes map[Duty]Stake
}

// Duty identifies an item of a batch.
type Duty struct {
	Action Action
	Ref    computetypes.ChunkRef
}

// Stake says what a node loses if an item comes too late.
type Stake struct {
	// Loss is the amount in the bond denom. It is nil if the amount is not known.
	Loss sdkmath.Int
	// Deadline is the last height at which the chain accepts the item. It is 0 if the height
	// is not known.
	Deadline int64
}

// Len returns the number of items in the batch.
func (b Batch) Len() int {
	n := len(b.Reveals) + len(b.Opens) + len(b.Commits) + len(b.Releases) + len(b.Yields) + len(b.Claims)
	if b.Renew {
		n++
	}
	return n
}

// ItemOutcome is the outcome of one item of a batch. Code 0 means success.
type ItemOutcome struct {
	Action    Action
	Ref       computetypes.ChunkRef
	Code      uint32
	Codespace string
	Log       string
	// Unsent reports that the item was not decided: either it was not sent, or it is not known
	// whether it is in a block. The chain's state says whether the item is still due.
	Unsent bool
}

// codeUnsent marks an item whose whole message failed. In this case the chain reports a
// reason, but not a code for each item.
const codeUnsent = 1

// Submission is the outcome of a batch.
type Submission struct {
	// Items contains the outcome of each item of the batch once, in the order in which the
	// items were decided.
	Items []ItemOutcome
	// Height is the height of the last block that contains one of the batch's transactions. It
	// is 0 if there is no such block.
	Height int64
}

// Submit sends a batch and returns the outcome of each item once. It sends the whole batch in
// one transaction, with these exceptions:
//
//   - If blocks are full or the node's mempool has no room, it uses up to three kinds of
//     transactions: one for the items that are due, which the lane accepts at the minimum price,
//     one for claims and one for the renewal.
//   - If the batch does not fit into one transaction, or costs more than one transaction may, it
//     divides the batch into halves.
//   - If a reveal is close to its deadline, it sends the reveals alone and before everything
//     else.
//
// Submit leaves out items that fail in the simulation, because the other items would lose their
// place in the lane. A message fails if all its items fail, and then the whole transaction
// fails. Submit leaves the message out and sends the rest at once; if the failure was in a
// block, it sends each action in its own transaction. maxItems bounds the items of a message
// (the chain's max_batch). If some items were not decided, Submit returns the error of the
// first.
func (s *Sender) Submit(ctx context.Context, batch Batch, maxItems int) (Submission, error) {
	d := &dispatch{sender: s, limit: maxItems, queue: [][]piece{batch.pieces()}}
	if maxItems < 1 {
		d.stop(fmt.Errorf("expected at least 1 item a message, found %d", maxItems))
		return d.done, d.err
	}
	s.keepMissed(d.queue[0])
	d.leaveOutOversized(ctx)
	d.hurry(ctx)
	for len(d.queue) > 0 {
		group := d.queue[0]
		d.queue = d.queue[1:]
		if len(group) > 0 {
			d.attempt(ctx, group)
		}
	}
	return d.done, d.err
}
