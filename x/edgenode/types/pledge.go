package types

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// ForfeitRequest asks for what a node has pledged.
type ForfeitRequest struct {
	// Operator of the node.
	Operator sdk.AccAddress
	// Pledged is what Pledge has kept locked, in units of the bond denom.
	Pledged math.Int
	// JobID and Task say where it happened.
	JobID string
	Task  uint64
}
