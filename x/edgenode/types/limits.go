package types

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
)

const (
	// MaxLimit bounds each number of TaskLimits. A higher number would not restrict any job.
	MaxLimit = 1 << 62
	// MaxMinRewards bounds the number of minimum rewards in TaskLimits.
	MaxMinRewards = 8
)

// Validate checks the limits that an operator declares for the tasks that a node takes. It
// returns ErrInvalidProfile.
func (l TaskLimits) Validate() error {
	for _, n := range []struct {
		name  string
		value uint64
	}{
		{"memory_bytes", l.MemoryBytes},
		{"input_bytes", l.InputBytes},
		{"output_bytes", l.OutputBytes},
		{"fuel", l.Fuel},
		{"fuel_per_block", l.FuelPerBlock},
		{"challenge_blocks", l.ChallengeBlocks},
		{"device_bytes", l.DeviceBytes},
	} {
		if n.value > MaxLimit {
			return ErrInvalidProfile.Wrapf("limits: %s: expected at most %d, or 0 to leave it undeclared, found %d", n.name, uint64(MaxLimit), n.value)
		}
	}
	if err := checkRates(l.Rates); err != nil {
		return err
	}
	switch l.Trust {
	case TRUST_STANCE_UNSPECIFIED, TRUST_STANCE_OFF, TRUST_STANCE_NAMED, TRUST_STANCE_ANY:
	default:
		return ErrInvalidProfile.Wrapf("limits: trust: expected %s, %s, %s or none, found %d",
			TRUST_STANCE_OFF, TRUST_STANCE_NAMED, TRUST_STANCE_ANY, int32(l.Trust))
	}
	if n := len(l.MinRewards); n > MaxMinRewards {
		return ErrInvalidProfile.Wrapf("limits: min_rewards: expected at most %d denoms, found %d", MaxMinRewards, n)
	}
	for _, coin := range l.MinRewards {
		if coin.Amount.IsNil() {
			return ErrInvalidProfile.Wrapf("limits: min_rewards: expected an amount of %q, found none", coin.Denom)
		}
	}
	if err := sdk.Coins(l.MinRewards).Validate(); err != nil {
		return ErrInvalidProfile.Wrapf("limits: min_rewards: expected amounts above 0, sorted by denom: %s", err)
	}
	return nil
}

// Takes reports whether the reward of one replica is high enough.
func (l TaskLimits) Takes(reward sdk.Coin) bool {
	if len(l.MinRewards) == 0 {
		return true
	}
	found, least := sdk.Coins(l.MinRewards).Find(reward.Denom)
	return found && reward.Amount.GTE(least.Amount)
}
