package types

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

const (
	// BasisPoints is the number of basis points of the whole.
	BasisPoints = 10_000
	// MaxFoldBlocks bounds the number of blocks for which shares may wait in escrow.
	MaxFoldBlocks = 1_000_000
	// maxGasPriceBits bounds the gas price, so that gas price times gas fits into a math.Int.
	maxGasPriceBits = 128
)

// DefaultParams returns the parameters of a new chain.
func DefaultParams() Params {
	return Params{
		FeeSplit: FeeSplit{ExecutorBps: 8800, BurnBps: 500, StakersBps: 500, CommunityBps: 200},
		// 10^9 atfuel: a bank send of 10^5 gas costs 0.0001 tfuel.
		MinGasPrice: math.NewInt(1_000_000_000),
		FeeDenom:    "atfuel",
		FoldBlocks:  100,
		Emission:    DefaultEmission(),
		// The epochs of x/edgenode, of one hour; thirty days of them.
		EpochIdentifier: "edge",
		HistoryEpochs:   720,

		GrantHoldEpochs: defaultHold,
		MaxGrantEpochs:  defaultMaxEpochs,
		MaxGrantBudget:  math.NewIntWithDecimal(100_000, tfuelDecimals),
	}
}

// Validate checks all parameters.
func (p Params) Validate() error {
	split := p.FeeSplit
	sum := uint64(split.ExecutorBps) + uint64(split.BurnBps) + uint64(split.StakersBps) + uint64(split.CommunityBps)
	if sum != BasisPoints {
		return ErrInvalidParams.Wrapf("fee_split: expected shares that sum to %d basis points, found %d", BasisPoints, sum)
	}
	if p.MinGasPrice.IsNil() || p.MinGasPrice.IsNegative() || p.MinGasPrice.BigInt().BitLen() > maxGasPriceBits {
		return ErrInvalidParams.Wrapf("min_gas_price: expected 0 to 2^%d, found %s", maxGasPriceBits, p.MinGasPrice)
	}
	if err := sdk.ValidateDenom(p.FeeDenom); err != nil {
		return ErrInvalidParams.Wrapf("fee_denom: %s", err)
	}
	if p.FoldBlocks == 0 || p.FoldBlocks > MaxFoldBlocks {
		return ErrInvalidParams.Wrapf("fold_blocks: expected 1 to %d, found %d", MaxFoldBlocks, p.FoldBlocks)
	}
	if err := p.Emission.Validate(); err != nil {
		return err
	}
	if n := len(p.EpochIdentifier); n == 0 || n > 64 {
		return ErrInvalidParams.Wrapf("epoch_identifier: expected 1 to 64 bytes, found %d", n)
	}
	if p.HistoryEpochs == 0 || p.HistoryEpochs > MaxHistoryEpochs {
		return ErrInvalidParams.Wrapf("history_epochs: expected 1 to %d, found %d", MaxHistoryEpochs, p.HistoryEpochs)
	}
	return p.validateGrants()
}

// validateGrants checks what new grants may ask for.
func (p Params) validateGrants() error {
	if p.GrantHoldEpochs == 0 || p.GrantHoldEpochs > maxHoldEpochs {
		return ErrInvalidParams.Wrapf("grant_hold_epochs: expected 1 to %d, found %d", maxHoldEpochs, p.GrantHoldEpochs)
	}
	if p.MaxGrantEpochs == 0 || p.MaxGrantEpochs > maxGrantEpochs {
		return ErrInvalidParams.Wrapf("max_grant_epochs: expected 1 to %d, found %d", maxGrantEpochs, p.MaxGrantEpochs)
	}
	if p.MaxGrantBudget.IsNil() || p.MaxGrantBudget.IsNegative() || p.MaxGrantBudget.BigInt().BitLen() > maxGrantBits {
		return ErrInvalidParams.Wrapf("max_grant_budget: expected 0 to 2^%d, found %s", maxGrantBits, p.MaxGrantBudget)
	}
	return nil
}
