package types

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// BankKeeper moves coins into escrow and out of it.
type BankKeeper interface {
	SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error
	SendCoinsFromModuleToAccount(ctx context.Context, module string, to sdk.AccAddress, amt sdk.Coins) error
	BurnCoins(ctx context.Context, module string, amt sdk.Coins) error
	GetAllBalances(ctx context.Context, addr sdk.AccAddress) sdk.Coins
}

// BeaconKeeper provides the seeds of draws.
type BeaconKeeper interface {
	Seed(ctx context.Context, height int64) (beacontypes.Seed, bool, error)
}

// EdgenodeKeeper knows the nodes, their weights and their stakes.
type EdgenodeKeeper interface {
	Epoch(ctx context.Context) (uint64, error)
	Params(ctx context.Context) (edgenodetypes.Params, error)
	Class(ctx context.Context, id string) (edgenodetypes.HardwareClass, error)
	ClassSnapshot(ctx context.Context, class string, epoch uint64) (edgenodetypes.ClassSnapshot, error)
	Node(ctx context.Context, operator sdk.AccAddress) (edgenodetypes.Node, error)
	WalkNodes(ctx context.Context, most int, show func(edgenodetypes.Node) error) (shown int, more bool, err error)
	OperatorOf(ctx context.Context, worker sdk.AccAddress) (sdk.AccAddress, error)
	Weight(ctx context.Context, operator sdk.AccAddress, epoch uint64) (math.Int, error)
	Reserve(ctx context.Context, operator sdk.AccAddress, liability math.Int) error
	ReserveCall(ctx context.Context, operator sdk.AccAddress, liability math.Int) error
	Release(ctx context.Context, operator sdk.AccAddress, liability math.Int) error
	Yield(ctx context.Context, req edgenodetypes.YieldRequest) (edgenodetypes.YieldOutcome, error)
	GiveBack(ctx context.Context, req edgenodetypes.GiveBackRequest) (math.Int, error)
	Pledge(ctx context.Context, operator sdk.AccAddress, liability, pledged math.Int) (math.Int, error)
	Redeem(ctx context.Context, operator sdk.AccAddress, pledged math.Int) error
	Forfeit(ctx context.Context, req edgenodetypes.ForfeitRequest) (math.Int, error)
	Hold(ctx context.Context, operator sdk.AccAddress, liability math.Int, until int64) (int64, error)
	Contest(ctx context.Context, operator sdk.AccAddress, liability math.Int, until int64) (math.Int, error)
	Settle(ctx context.Context, operator sdk.AccAddress, liability math.Int, until int64) error
	Slash(ctx context.Context, req edgenodetypes.SlashRequest) (edgenodetypes.SlashOutcome, error)
	Penalize(ctx context.Context, req edgenodetypes.PenaltyRequest) (math.Int, error)
	CountMissed(ctx context.Context, operator sdk.AccAddress, missedAt int64) error
}

// RewardsKeeper credits the earnings of operators against the escrow, and takes out of it what
// no node has earned.
type RewardsKeeper interface {
	CreditReward(ctx context.Context, operator sdk.AccAddress, gross sdk.Coin, from CreditOrigin) (sdk.Coin, error)
	CreditShare(ctx context.Context, operator sdk.AccAddress, share sdk.Coin, from CreditOrigin) error
	// EncumberGrant returns what a grant pays for a job, and takes the job's cost from the
	// grant's deposit.
	EncumberGrant(ctx context.Context, req GrantRequest) (JobGrant, error)
	SpendGrant(ctx context.Context, id uint64, cost sdk.Coins) error
	RefundGrant(ctx context.Context, id uint64, coin sdk.Coin) error
	ReleaseGrant(ctx context.Context, of *JobGrant, returned, used math.Int) error
	CreditGrant(ctx context.Context, credit GrantCredit) (math.Int, error)
	// GrantRevoked reports whether a grant was revoked, so that its jobs earn nothing more.
	GrantRevoked(ctx context.Context, id uint64) (bool, error)
	GrantsTotal(ctx context.Context) (sdk.Coins, error)
	GrantsOutstanding(ctx context.Context) (map[uint64]math.Int, error)
	Discard(ctx context.Context, payer sdk.AccAddress, coin sdk.Coin) error
	EarningsTotal(ctx context.Context) (sdk.Coins, error)
	PendingTotal(ctx context.Context) (sdk.Coins, error)
}
