package types

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

const (
	// MaxClasses bounds the loop of an epoch roll.
	MaxClasses = 64
	// MaxClassIDBytes bounds the name of a class.
	MaxClassIDBytes = 32
	// MaxSlotsLimit bounds max_slots.
	MaxSlotsLimit = 4096
	// MaxQueueLimit bounds the number of items of a queue that are handled in one block.
	MaxQueueLimit = 10_000
	// maxParamBits bounds amounts in the parameters, so that products of them fit into
	// math.Int.
	maxParamBits = 128
)

// DefaultParams returns the parameters with which a new chain starts. Amounts are in atfuel,
// 10^18 to the tfuel.
func DefaultParams() Params {
	hundred := math.NewIntWithDecimal(100, 18)
	return Params{
		BondDenom:   "atfuel",
		MinBond:     hundred,
		BondPerSlot: hundred,
		MaxSlots:    64,
		// With 1.5 s per block this is about 10.5 days. This is longer than any job lives,
		// including its challenge window and verdict.
		UnbondingBlocks: 604_800,
		EpochIdentifier: "edge",
		Classes:         defaultClasses(),
		SlashSplit:      SlashSplit{HonestBps: 4000, BurnBps: 5000, CommunityBps: 1000},
		QueueLimit:      100,
		// The third wrong result within a day, or the twelfth missed deadline, jails a node. A
		// home machine that crashes once while all its slots are taken should therefore get no
		// more than a warning.
		Jail: JailRules{
			FaultsToJail: 12, FaultWindow: 57_600,
			MissedPoints: 1, WrongPoints: 4, SilentPoints: 4,
			JailBlocks: 2_400, MaxJailBlocks: 403_200, // an hour, a week
			CleanBlocks: 403_200,
		},
		LeaseBlocks: 57_600,
		HoldBlocks:  3_600, // an hour and a half
		// The owner of a home machine may need it four times a day.
		MaxYields: 4, YieldWindow: 57_600,
	}
}

// Validate checks every parameter.
func (p Params) Validate() error {
	if err := sdk.ValidateDenom(p.BondDenom); err != nil {
		return ErrInvalidParams.Wrapf("bond_denom: %s", err)
	}
	if err := checkParamAmount("min_bond", p.MinBond); err != nil {
		return err
	}
	if err := checkParamAmount("bond_per_slot", p.BondPerSlot); err != nil {
		return err
	}
	if p.MaxSlots == 0 || p.MaxSlots > MaxSlotsLimit {
		return ErrInvalidParams.Wrapf("max_slots: expected 1 to %d, found %d", MaxSlotsLimit, p.MaxSlots)
	}
	if err := checkPeriod("unbonding_blocks", p.UnbondingBlocks); err != nil {
		return err
	}
	if err := checkPeriod("lease_blocks", p.LeaseBlocks); err != nil {
		return err
	}
	if err := checkPeriod("hold_blocks", p.HoldBlocks); err != nil {
		return err
	}
	if err := checkPeriod("yield_window", p.YieldWindow); err != nil {
		return err
	}
	if p.MaxYields > MaxYieldsLimit {
		return ErrInvalidParams.Wrapf("max_yields: expected 0 to %d, found %d", MaxYieldsLimit, p.MaxYields)
	}
	if err := CheckMinVersion(p.MinVersion); err != nil {
		return err
	}
	if n := len(p.EpochIdentifier); n == 0 || n > 64 {
		return ErrInvalidParams.Wrapf("epoch_identifier: expected 1 to 64 bytes, found %d", n)
	}
	if p.QueueLimit == 0 || p.QueueLimit > MaxQueueLimit {
		return ErrInvalidParams.Wrapf("queue_limit: expected 1 to %d, found %d", MaxQueueLimit, p.QueueLimit)
	}
	if err := p.SlashSplit.validate(); err != nil {
		return err
	}
	if err := p.Jail.validate(); err != nil {
		return err
	}
	return validateClasses(p.Classes)
}

// Class returns the hardware class with that name.
func (p Params) Class(id string) (HardwareClass, error) {
	for _, class := range p.Classes {
		if class.Id == id {
			return class, nil
		}
	}
	return HardwareClass{}, ErrUnknownClass.Wrapf("expected a class of the module's params, found %q; list them with: thetad query edgenode params", id)
}

func (s SlashSplit) validate() error {
	sum := uint64(s.HonestBps) + uint64(s.BurnBps) + uint64(s.CommunityBps)
	if sum != BasisPoints {
		return ErrInvalidParams.Wrapf("slash_split: expected shares that sum to %d basis points, found %d", BasisPoints, sum)
	}
	return nil
}

func checkParamAmount(name string, amount math.Int) error {
	if amount.IsNil() || !amount.IsPositive() || amount.BigInt().BitLen() > maxParamBits {
		return ErrInvalidParams.Wrapf("%s: expected a positive amount below 2^%d, found %s", name, maxParamBits, amount)
	}
	return nil
}

// maxPeriod is the largest number of blocks that a parameter may contain. Sums of it and a height
// fit into an int64.
const maxPeriod = 1 << 48

// checkPeriod accepts a number of blocks that cannot overflow a height.
func checkPeriod(name string, blocks uint64) error {
	if blocks == 0 || blocks > maxPeriod {
		return ErrInvalidParams.Wrapf("%s: expected 1 to 2^48 blocks, found %d", name, blocks)
	}
	return nil
}

func validateClasses(classes []HardwareClass) error {
	if len(classes) == 0 || len(classes) > MaxClasses {
		return ErrInvalidParams.Wrapf("classes: expected 1 to %d, found %d", MaxClasses, len(classes))
	}
	seen := make(map[string]bool, len(classes))
	for _, class := range classes {
		if !isName(class.Id, MaxClassIDBytes) {
			return ErrInvalidParams.Wrapf(
				"classes: expected names of 1 to %d lower case letters, digits and dashes, found %q", MaxClassIDBytes, class.Id)
		}
		if seen[class.Id] {
			return ErrInvalidParams.Wrapf("classes: expected each once, found %q twice", class.Id)
		}
		seen[class.Id] = true
		if err := class.Minimum.Validate(); err != nil {
			return ErrInvalidParams.Wrapf("class %q: %s", class.Id, err)
		}
		if most := class.Minimum.tensorBytes(); class.DeviceBytes > most {
			return ErrInvalidParams.Wrapf(
				"class %q: device_bytes: expected at most %d, which is the least memory of a device in this class, found %d", class.Id, most, class.DeviceBytes)
		}
	}
	return nil
}

// tensorBytes returns the memory of the device on which a machine has its tensors: that of a graphics
// card, or its own.
func (h Hardware) tensorBytes() uint64 {
	if h.Gpus > 0 {
		return h.GpuMemoryBytes
	}
	return h.MemoryBytes
}
