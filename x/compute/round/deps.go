package round

import (
	"context"

	"cosmossdk.io/core/address"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Deps contains what a chunk uses outside of its own record.
type Deps struct {
	Addresses address.Codec
	Bank      Bank
	Beacon    types.BeaconKeeper
	Nodes     Nodes
	Rewards   Rewards
	Records   Records
}

// Bank burns coins of the bond denom that convictions have set aside and no judge has earned.
type Bank interface {
	BurnCoins(ctx context.Context, module string, amt sdk.Coins) error
}

// Nodes reports which nodes a draw may find, and takes their stake. It is the part of
// types.EdgenodeKeeper that a chunk needs.
type Nodes interface {
	Epoch(ctx context.Context) (uint64, error)
	Params(ctx context.Context) (edgenodetypes.Params, error)
	ClassSnapshot(ctx context.Context, class string, epoch uint64) (edgenodetypes.ClassSnapshot, error)
	Node(ctx context.Context, operator sdk.AccAddress) (edgenodetypes.Node, error)
	Weight(ctx context.Context, operator sdk.AccAddress, epoch uint64) (math.Int, error)
	Reserve(ctx context.Context, operator sdk.AccAddress, liability math.Int) error
	ReserveCall(ctx context.Context, operator sdk.AccAddress, liability math.Int) error
	Release(ctx context.Context, operator sdk.AccAddress, liability math.Int) error
	Yield(ctx context.Context, req edgenodetypes.YieldRequest) (edgenodetypes.YieldOutcome, error)
	GiveBack(ctx context.Context, req edgenodetypes.GiveBackRequest) (math.Int, error)
	Hold(ctx context.Context, operator sdk.AccAddress, liability math.Int, until int64) (int64, error)
	Settle(ctx context.Context, operator sdk.AccAddress, liability math.Int, until int64) error
	Pledge(ctx context.Context, operator sdk.AccAddress, liability, pledged math.Int) (math.Int, error)
	Redeem(ctx context.Context, operator sdk.AccAddress, pledged math.Int) error
	Forfeit(ctx context.Context, req edgenodetypes.ForfeitRequest) (math.Int, error)
	Slash(ctx context.Context, req edgenodetypes.SlashRequest) (edgenodetypes.SlashOutcome, error)
	Penalize(ctx context.Context, req edgenodetypes.PenaltyRequest) (math.Int, error)
	CountMissed(ctx context.Context, operator sdk.AccAddress, missedAt int64) error
}

// Rewards credits the earnings of operators against the escrow, and takes out of it what no
// node has earned.
type Rewards interface {
	CreditReward(ctx context.Context, operator sdk.AccAddress, gross sdk.Coin, from types.CreditOrigin) (sdk.Coin, error)
	CreditShare(ctx context.Context, operator sdk.AccAddress, share sdk.Coin, from types.CreditOrigin) error
	CreditGrant(ctx context.Context, credit types.GrantCredit) (math.Int, error)
	GrantRevoked(ctx context.Context, id uint64) (bool, error)
	Discard(ctx context.Context, payer sdk.AccAddress, coin sdk.Coin) error
}

// Records are the records that a chunk reads and writes in addition to its own.
type Records interface {
	// Challenge returns the challenge of a job's result, or an error if there is none.
	Challenge(ctx context.Context, id types.JobID, task uint64) (types.Challenge, error)
	SetChallenge(ctx context.Context, id types.JobID, c types.Challenge) error
	RemoveChallenge(ctx context.Context, id types.JobID, task uint64) error
	// Carbon returns the carbon factor of a declared region, and whether there is one.
	Carbon(ctx context.Context, region string) (types.CarbonFactor, bool, error)
	// HasSpec reports whether the spec of a job is still stored.
	HasSpec(ctx context.Context, id types.JobID) (bool, error)
	// SetReceipt stores the receipt of the only task of a job.
	SetReceipt(ctx context.Context, id types.JobID, receipt types.Receipt) error
}
