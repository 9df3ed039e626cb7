package types

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// GiveBackBlocks is the number of blocks that a node has to wait after it has given back a
// task, before it can give back another one without a fee.
const GiveBackBlocks = 100

// GiveBackRequest names an assignment that its node has decided not to execute.
type GiveBackRequest struct {
	// Operator is the operator of the node.
	Operator sdk.AccAddress
	// Liability is the amount that the assignment locked, in units of the bond denom. It is
	// given back with the slot.
	Liability math.Int
	// Fee is the amount that is burned from the bond if the node has given back another task
	// within GiveBackBlocks, in units of the bond denom.
	Fee math.Int
	// JobID and Task say which task was given back.
	JobID string
	Task  uint64
}

// GivenBackSince returns when a node last gave back a task, in the heights of a chain whose
// height 0 is the given height. The result is below 0. It is 0 if that was so long ago that
// the next one is free.
func (s NodeState) GivenBackSince(height int64) int64 {
	if s.GivenBack == 0 || height > s.GivenBack+GiveBackBlocks {
		return 0
	}
	return min(s.GivenBack-height, -1) // 0 means never
}
