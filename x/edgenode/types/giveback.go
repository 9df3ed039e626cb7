package types

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// GiveBackBlocks is how long a node waits between two tasks that it gives back for
// nothing, in blocks.
const GiveBackBlocks = 100

// GiveBackRequest names an assignment that its node does not want after all.
type GiveBackRequest struct {
	// Operator of the node.
	Operator sdk.AccAddress
	// Liability that the assignment locked, in units of the bond denom; it is given
	// back with the slot.
	Liability math.Int
	// Fee that is burned of the bond where the node has given back another within
	// GiveBackBlocks, in units of the bond denom.
	Fee math.Int
	// JobID and Task say where it happened.
	JobID string
	Task  uint64
}

// GivenBackSince returns when a node last gave back a task in the heights of a chain whose
// height 0 is the given one: below 0, or 0 for so long ago that the next is free.
func (s NodeState) GivenBackSince(height int64) int64 {
	if s.GivenBack == 0 || height > s.GivenBack+GiveBackBlocks {
		return 0
	}
	return min(s.GivenBack-height, -1) // 0 is never
}
