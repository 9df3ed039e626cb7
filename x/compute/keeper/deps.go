package keeper

import (
	"context"

	"cosmossdk.io/core/address"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// deps is what the rounds of a task reach outside of the task.
type deps struct {
	Addresses address.Codec
	Bank      bank
	Beacon    types.BeaconKeeper
	Nodes     nodes
	Rewards   rewards
	Records   records
}

// bank burns what is not paid out of escrow.
type bank interface {
	BurnCoins(ctx context.Context, module string, amt sdk.Coins) error
}

// nodes knows whom a draw may find, and takes from them what they have at stake.
type nodes interface {
	Epoch(ctx context.Context) (uint64, error)
	Params(ctx context.Context) (edgenodetypes.Params, error)
	ClassSnapshot(ctx context.Context, class string, epoch uint64) (edgenodetypes.ClassSnapshot, error)
	Node(ctx context.Context, operator sdk.AccAddress) (edgenodetypes.Node, error)
	Weight(ctx context.Context, operator sdk.AccAddress, epoch uint64) (math.Int, error)
	Reserve(ctx context.Context, operator sdk.AccAddress, liability math.Int) error
	Release(ctx context.Context, operator sdk.AccAddress, liability math.Int) error
	GiveBack(ctx context.Context, req edgenodetypes.GiveBackRequest) (math.Int, error)
	Hold(ctx context.Context, operator sdk.AccAddress, liability math.Int, until int64) (int64, error)
	Settle(ctx context.Context, operator sdk.AccAddress, liability math.Int, until int64) error
	Slash(ctx context.Context, req edgenodetypes.SlashRequest) (edgenodetypes.SlashOutcome, error)
	Penalize(ctx context.Context, req edgenodetypes.PenaltyRequest) (math.Int, error)
	CountMissed(ctx context.Context, operator sdk.AccAddress, missedAt int64) error
}

// rewards credits what operators earn against the escrow.
type rewards interface {
	CreditReward(ctx context.Context, operator sdk.AccAddress, gross sdk.Coin) (sdk.Coin, error)
	CreditShare(ctx context.Context, operator sdk.AccAddress, share sdk.Coin) error
}

// records are the records beside the task's own that its rounds read and write.
type records interface {
	// Challenge returns the challenge of a job's result.
	Challenge(ctx context.Context, id types.JobID, task uint64) (types.Challenge, error)
	SetChallenge(ctx context.Context, id types.JobID, c types.Challenge) error
	RemoveChallenge(ctx context.Context, id types.JobID, task uint64) error
	// HasSpec reports whether the spec of a job is still kept.
	HasSpec(ctx context.Context, id types.JobID) (bool, error)
	// SetReceipt writes what remains of the only task of a job.
	SetReceipt(ctx context.Context, id types.JobID, receipt types.Receipt) error
}
