package types

import (
	"cosmossdk.io/errors"
	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/beacon/bls"
)

// Parameters of drand's quicknet, whose chain hash is
// 52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971.
const (
	// QuicknetPublicKey verifies quicknet's rounds.
	QuicknetPublicKey = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c" +
		"8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb" +
		"5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
	// QuicknetPeriodSeconds is the time between quicknet's rounds.
	QuicknetPeriodSeconds uint64 = 3
	// QuicknetGenesisTime is the Unix time of quicknet's round 1.
	QuicknetGenesisTime int64 = 1692803367
)

const (
	// DefaultPairingGas is the gas of 300 tx signatures, although a verification takes only
	// as long as about 30 (1.5 ms). A block that contains only rounds therefore stays light.
	DefaultPairingGas uint64 = 300_000
	// DefaultReimbursement is the price of DefaultPairingGas at 10^9 atfuel per unit of gas.
	// The submitter pays for the rest of the tx's gas.
	DefaultReimbursement int64 = 300_000_000_000_000
	// DefaultReimburseWindowRounds is one minute of quicknet.
	DefaultReimburseWindowRounds uint64 = 20
	// DefaultRetentionRounds is one day of quicknet.
	DefaultRetentionRounds uint64 = 28_800
	// DefaultRetentionBlocks is twice the number of blocks for which x/compute waits for a
	// seed: however long the chain stood still, it does not lose a seed for which a task
	// waits.
	DefaultRetentionBlocks uint64 = 28_800
	// DefaultPruneLimit is far above what one block adds.
	DefaultPruneLimit uint32 = 100
)

// Bounds of the parameters. They keep all sums of times and rounds far from overflow.
const (
	minPairingGas   uint64 = 50_000
	maxPairingGas   uint64 = 50_000_000
	maxPeriod       uint64 = 86_400
	maxGenesisTime  int64  = 1 << 40
	maxRetention    uint64 = 100_000_000
	minPruneLimit   uint32 = 10
	maxPruneLimit   uint32 = 10_000
	maxReimburseLen        = 128
)

// DefaultParams returns parameters that follow drand's quicknet.
func DefaultParams() Params {
	return Params{
		PublicKey:             QuicknetPublicKey,
		PeriodSeconds:         QuicknetPeriodSeconds,
		GenesisTime:           QuicknetGenesisTime,
		PairingGas:            DefaultPairingGas,
		Reimbursement:         math.NewInt(DefaultReimbursement),
		ReimburseWindowRounds: DefaultReimburseWindowRounds,
		RetentionRounds:       DefaultRetentionRounds,
		RetentionBlocks:       DefaultRetentionBlocks,
		PruneLimit:            DefaultPruneLimit,
	}
}

// Validate returns ErrInvalidParams with the first parameter that is out of bounds.
func (p Params) Validate() error {
	if err := validateNetwork(p.PublicKey, p.PeriodSeconds, p.GenesisTime); err != nil {
		return err
	}
	switch {
	case p.PairingGas < minPairingGas || p.PairingGas > maxPairingGas:
		return errors.Wrapf(ErrInvalidParams, "pairing_gas: expected %d to %d, found %d", minPairingGas, maxPairingGas, p.PairingGas)
	case p.Reimbursement.IsNil() || p.Reimbursement.IsNegative() || p.Reimbursement.BigIntMut().BitLen() > maxReimburseLen:
		return errors.Wrapf(ErrInvalidParams, "reimbursement: expected 0 to 2^%d-1, found %s", maxReimburseLen, p.Reimbursement)
	case p.RetentionRounds == 0 || p.RetentionRounds > maxRetention:
		return errors.Wrapf(ErrInvalidParams, "retention_rounds: expected 1 to %d, found %d", maxRetention, p.RetentionRounds)
	case p.RetentionBlocks == 0 || p.RetentionBlocks > maxRetention:
		return errors.Wrapf(ErrInvalidParams, "retention_blocks: expected 1 to %d, found %d", maxRetention, p.RetentionBlocks)
	case p.ReimburseWindowRounds > p.RetentionRounds:
		return errors.Wrapf(ErrInvalidParams, "reimburse_window_rounds: expected at most retention_rounds (%d), found %d", p.RetentionRounds, p.ReimburseWindowRounds)
	case p.PruneLimit < minPruneLimit || p.PruneLimit > maxPruneLimit:
		return errors.Wrapf(ErrInvalidParams, "prune_limit: expected %d to %d, found %d", minPruneLimit, maxPruneLimit, p.PruneLimit)
	}
	return nil
}

// Schedule returns the schedule that the parameters describe.
func (p Params) Schedule(id uint32, startHeight int64) Schedule {
	return Schedule{
		Id:            id,
		PublicKey:     p.PublicKey,
		PeriodSeconds: p.PeriodSeconds,
		GenesisTime:   p.GenesisTime,
		StartHeight:   startHeight,
	}
}

func validateNetwork(publicKey string, period uint64, genesis int64) error {
	if _, err := bls.ParsePublicKey(publicKey); err != nil {
		return errors.Wrapf(ErrInvalidParams, "public_key: %s", err)
	}
	if period == 0 || period > maxPeriod {
		return errors.Wrapf(ErrInvalidParams, "period_seconds: expected 1 to %d, found %d", maxPeriod, period)
	}
	if genesis < 0 || genesis > maxGenesisTime {
		return errors.Wrapf(ErrInvalidParams, "genesis_time: expected 0 to %d Unix seconds, found %d", maxGenesisTime, genesis)
	}
	return nil
}
