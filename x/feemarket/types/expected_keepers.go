package types

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// BankKeeper burns what was paid above the floor.
type BankKeeper interface {
	GetBalance(ctx context.Context, address sdk.AccAddress, denom string) sdk.Coin
	BurnCoins(ctx context.Context, module string, amount sdk.Coins) error
}

// FloorKeeper returns the lowest price of a unit of gas, and the denom in which it is paid.
type FloorKeeper interface {
	MinGasPrice(ctx context.Context) (math.Int, error)
	FeeDenom(ctx context.Context) (string, error)
}
