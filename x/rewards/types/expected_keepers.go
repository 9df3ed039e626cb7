package types

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// AccountKeeper finds module accounts, which are not paid earnings.
type AccountKeeper interface {
	GetAccount(ctx context.Context, addr sdk.AccAddress) sdk.AccountI
}

// BankKeeper moves earnings and shares out of escrow.
type BankKeeper interface {
	GetSupply(ctx context.Context, denom string) sdk.Coin
	BlockedAddr(addr sdk.AccAddress) bool
	SendCoinsFromModuleToAccount(ctx context.Context, senderModule string, recipient sdk.AccAddress, amount sdk.Coins) error
	SendCoinsFromModuleToModule(ctx context.Context, senderModule, recipientModule string, amount sdk.Coins) error
	SendCoinsFromAccountToModule(ctx context.Context, sender sdk.AccAddress, recipientModule string, amount sdk.Coins) error
	MintCoins(ctx context.Context, module string, amount sdk.Coins) error
	BurnCoins(ctx context.Context, module string, amount sdk.Coins) error
}

// CommunityPoolKeeper takes the community's share.
type CommunityPoolKeeper interface {
	FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error
}

// StakingKeeper delegates collected earnings.
type StakingKeeper interface {
	BondDenom(ctx context.Context) (string, error)
	// TotalValidatorPower returns the bonded stake, in units of the bond denom.
	TotalValidatorPower(ctx context.Context) (math.Int, error)
	GetValidator(ctx context.Context, addr sdk.ValAddress) (stakingtypes.Validator, error)
	Delegate(
		ctx context.Context, delegator sdk.AccAddress, amount math.Int, source stakingtypes.BondStatus,
		validator stakingtypes.Validator, subtractAccount bool,
	) (math.LegacyDec, error)
}

// NodeKeeper knows whose node a worker key serves and the present epoch, and takes bonds.
type NodeKeeper interface {
	Epoch(ctx context.Context) (uint64, error)
	// OperatorOf returns the operator, or an error of x/edgenode: ErrUnknownWorker if the key
	// does not serve a node.
	OperatorOf(ctx context.Context, worker sdk.AccAddress) (sdk.AccAddress, error)
	// BondDenom returns the denom of bonds.
	BondDenom(ctx context.Context) (string, error)
	// AddBond adds coins of an operator to the bond of its node.
	AddBond(ctx context.Context, operator sdk.AccAddress, amount sdk.Coin) error
}

// EpochsKeeper returns how long epochs are.
type EpochsKeeper interface {
	GetEpochInfo(ctx sdk.Context, identifier string) (epochstypes.EpochInfo, error)
}

// Minter is x/mint, as far as emission needs it.
type Minter interface {
	// Mint mints a coin for validators and their delegators.
	Mint(ctx context.Context, coin sdk.Coin) error
	// Show makes x/mint's queries return these figures.
	Show(ctx context.Context, figures MintFigures) error
}

// MintFigures are what x/mint's queries show.
type MintFigures struct {
	Denom string
	// MaxSupply is the supply above which nothing is minted.
	MaxSupply math.Int
	// AnnualProvisions is what the next year mints at most at today's rate; Inflation is its
	// ratio to the supply.
	AnnualProvisions, Inflation math.LegacyDec
}
