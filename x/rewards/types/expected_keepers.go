package types

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// AccountKeeper finds module accounts, which are not paid earnings.
type AccountKeeper interface {
	GetAccount(ctx context.Context, addr sdk.AccAddress) sdk.AccountI
}

// BankKeeper moves earnings and shares out of escrow.
type BankKeeper interface {
	BlockedAddr(addr sdk.AccAddress) bool
	SendCoinsFromModuleToAccount(ctx context.Context, senderModule string, recipient sdk.AccAddress, amount sdk.Coins) error
	SendCoinsFromModuleToModule(ctx context.Context, senderModule, recipientModule string, amount sdk.Coins) error
	BurnCoins(ctx context.Context, module string, amount sdk.Coins) error
}

// CommunityPoolKeeper takes the community's share.
type CommunityPoolKeeper interface {
	FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error
}

// StakingKeeper delegates collected earnings.
type StakingKeeper interface {
	BondDenom(ctx context.Context) (string, error)
	GetValidator(ctx context.Context, addr sdk.ValAddress) (stakingtypes.Validator, error)
	Delegate(
		ctx context.Context, delegator sdk.AccAddress, amount math.Int, source stakingtypes.BondStatus,
		validator stakingtypes.Validator, subtractAccount bool,
	) (math.LegacyDec, error)
}

// NodeKeeper knows whose node a worker key serves.
type NodeKeeper interface {
	// OperatorOf returns the operator, or an error of x/edgenode: ErrUnknownWorker if the key
	// does not serve a node.
	OperatorOf(ctx context.Context, worker sdk.AccAddress) (sdk.AccAddress, error)
}
