// Package supply contains the bank that the chain's keepers use: x/bank, with what it mints and
// burns counted by cause.
package supply

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"

	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// Ledger counts coins by cause.
type Ledger interface {
	CountMinted(ctx context.Context, cause rewardstypes.SupplyCause, coins sdk.Coins) error
	CountBurned(ctx context.Context, cause rewardstypes.SupplyCause, coins sdk.Coins) error
}

// Bank is x/bank for one user. No keeper gets x/bank itself, so that every change of the supply is
// counted, also by modules that do not know of the ledger.
type Bank struct {
	bankkeeper.BaseKeeper

	ledger         Ledger
	minted, burned rewardstypes.SupplyCause
}

// NewBank returns a bank for users without a cause of their own.
func NewBank(bank bankkeeper.BaseKeeper, ledger Ledger) Bank {
	other := rewardstypes.SUPPLY_CAUSE_OTHER
	return Bank{BaseKeeper: bank, ledger: ledger, minted: other, burned: other}
}

// Minting returns the bank of a module that mints for this cause.
func (b Bank) Minting(cause rewardstypes.SupplyCause) Bank {
	b.minted = cause
	return b
}

// Burning returns the bank of a module that burns for this cause.
func (b Bank) Burning(cause rewardstypes.SupplyCause) Bank {
	b.burned = cause
	return b
}

// MintCoins mints coins for a module account and counts them.
func (b Bank) MintCoins(ctx context.Context, module string, coins sdk.Coins) error {
	if err := b.BaseKeeper.MintCoins(ctx, module, coins); err != nil {
		return err
	}
	return b.ledger.CountMinted(ctx, b.minted, coins)
}

// BurnCoins burns coins of a module account and counts them.
func (b Bank) BurnCoins(ctx context.Context, module string, coins sdk.Coins) error {
	if err := b.BaseKeeper.BurnCoins(ctx, module, coins); err != nil {
		return err
	}
	return b.ledger.CountBurned(ctx, b.burned, coins)
}
