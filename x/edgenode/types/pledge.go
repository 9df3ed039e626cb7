package types

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// ForfeitRequest asks for the loss of the amount that a node has pledged.
type ForfeitRequest struct {
	// Operator is the operator of the node.
	Operator sdk.AccAddress
	// Pledged is the amount that Pledge has kept locked, in units of the bond denom.
	Pledged math.Int
	// JobID and Task say for which task the amount was pledged.
	JobID string
	Task  uint64
}
