package chain

import (
	"context"
	"fmt"

	sdkmath "cosmossdk.io/math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Action is one kind of message.
type Action string

// The actions of a worker, most urgent first.
const (
	Reveal  Action = "reveal"
	Open    Action = "open"
	Commit  Action = "commit"
	Release Action = "release"
	Claim   Action = "claim"
	Renew   Action = "renew"
)

// Batch is all that a node has to say in a block.
type Batch struct {
	Reveals  []computetypes.RevealItem
	Opens    []computetypes.OpenItem
	Commits  []computetypes.CommitItem
	Releases []computetypes.ReleaseItem
	Claims   []computetypes.TaskRef
	// Renew renews the node's lease; its outcome names no task.
	Renew bool
	// Stakes say what comes of missing an item. What is not among them is sent as dear as
	// the owner allows.
	Stakes map[Duty]Stake
}

// Duty names an item of a batch.
type Duty struct {
	Action Action
	Ref    computetypes.TaskRef
}

// Stake is what a node loses by an item that comes too late.
type Stake struct {
	// Loss in the bond denom; nil where it is not known.
	Loss sdkmath.Int
	// Deadline is the last height at which the item counts; 0 where it is not known.
	Deadline int64
}

// Len is the number of items in the batch.
func (b Batch) Len() int {
	n := len(b.Reveals) + len(b.Opens) + len(b.Commits) + len(b.Releases) + len(b.Claims)
	if b.Renew {
		n++
	}
	return n
}

// ItemOutcome is how one item of a batch went. Code 0 is success.
type ItemOutcome struct {
	Action    Action
	Ref       computetypes.TaskRef
	Code      uint32
	Codespace string
	Log       string
	// Unsent: nothing was decided, and the state says what is due still. Either it was not
	// sent, or it is not known to be in a block.
	Unsent bool
}

// codeUnsent marks an item whose whole message failed: the chain then gives a
// reason but no code for each item.
const codeUnsent = 1

// Submission is how a batch went.
type Submission struct {
	// Items of the batch in the order in which they were decided, each once.
	Items []ItemOutcome
	// Height of the last block that holds a transaction of it, 0 without one.
	Height int64
}

// Submit sends a batch and returns how each item went, each item once. It all goes in one
// transaction, unless
//
//   - blocks are full, or the node has no room: then what is due goes in one by itself,
//     which the lane takes at the least price, claims in one and the renewal in one;
//   - it does not fit into one, or costs more than one may: then in halves;
//   - a reveal is nearly late: then reveals go alone, before all else.
//
// Items that the simulation shows to be dead are left out, because they cost the others
// their place in the lane. A message fails when all its items do, and takes the
// transaction with it; it is left out then, and what is left is sent at once, after a
// failure in a block each action by itself. maxItems bounds a message (the chain's
// max_batch). It fails where an item was not decided, with the error of the first.
func (s *Sender) Submit(ctx context.Context, batch Batch, maxItems int) (Submission, error) {
	d := &dispatch{sender: s, limit: maxItems, queue: [][]piece{batch.pieces()}}
	if maxItems < 1 {
		d.stop(fmt.Errorf("expected at least 1 item a message, found %d", maxItems))
		return d.done, d.err
	}
	d.leaveOutOversized()
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
