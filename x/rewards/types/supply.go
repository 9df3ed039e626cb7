package types

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Validate refuses causes that do not exist or are repeated, and amounts that are not positive.
func (f SupplyFlows) Validate() error {
	if err := checkFlows("minted", f.Minted); err != nil {
		return err
	}
	return checkFlows("burned", f.Burned)
}

func checkFlows(what string, flows []SupplyFlow) error {
	last := SUPPLY_CAUSE_UNSPECIFIED
	for _, flow := range flows {
		if _, known := SupplyCause_name[int32(flow.Cause)]; !known || flow.Cause <= last {
			return ErrInvalidGenesis.Wrapf("%s: expected each cause at most once and in order, found %s after %s", what, flow.Cause, last)
		}
		if flow.Amount.IsNil() || !flow.Amount.IsPositive() {
			return ErrInvalidGenesis.Wrapf("%s: %s: expected a positive amount, found %s", what, flow.Cause, flow.Amount)
		}
		last = flow.Cause
	}
	return nil
}

// Net returns what was minted less what was burned.
func (f SupplyFlows) Net() math.Int { return sum(f.Minted).Sub(sum(f.Burned)) }

// Since returns the flows after earlier ones.
func (f SupplyFlows) Since(earlier SupplyFlows) SupplyFlows {
	return SupplyFlows{Minted: since(f.Minted, earlier.Minted), Burned: since(f.Burned, earlier.Burned)}
}

// MintedBy returns what was minted for a cause.
func (f SupplyFlows) MintedBy(cause SupplyCause) math.Int { return amountBy(f.Minted, cause) }

// BurnedBy returns what was burned for a cause.
func (f SupplyFlows) BurnedBy(cause SupplyCause) math.Int { return amountBy(f.Burned, cause) }

func amountBy(flows []SupplyFlow, cause SupplyCause) math.Int {
	for _, flow := range flows {
		if flow.Cause == cause {
			return flow.Amount
		}
	}
	return math.ZeroInt()
}

func sum(flows []SupplyFlow) math.Int {
	total := math.ZeroInt()
	for _, flow := range flows {
		total = total.Add(flow.Amount)
	}
	return total
}

func since(flows, earlier []SupplyFlow) []SupplyFlow {
	var left []SupplyFlow
	for _, flow := range flows {
		if rest := flow.Amount.Sub(amountBy(earlier, flow.Cause)); rest.IsPositive() {
			left = append(left, SupplyFlow{Cause: flow.Cause, Amount: rest})
		}
	}
	return left
}

// Add returns the sum of two amounts of work.
func (w PaidWork) Add(other PaidWork) PaidWork {
	return PaidWork{
		Rewards: w.Rewards.Add(other.Rewards...), HonestShares: w.HonestShares.Add(other.HonestShares...),
		Credited: AddSources(w.Credited, other.Credited),
	}
}

// Empty reports whether nothing was credited.
func (w PaidWork) Empty() bool {
	return w.Rewards.Empty() && w.HonestShares.Empty() && len(w.Credited) == 0
}

// Validate refuses malformed coins.
func (w PaidWork) Validate() error {
	for _, coins := range []sdk.Coins{w.Rewards, w.HonestShares} {
		if err := ValidateCoins(coins); err != nil {
			return err
		}
	}
	return validateSources(w.Credited)
}

// Add returns the sum of two notes.
func (n SettlementNote) Add(other SettlementNote) SettlementNote {
	return SettlementNote{Shares: n.Shares.Add(other.Shares), Work: n.Work.Add(other.Work), Credits: n.Credits + other.Credits}
}
