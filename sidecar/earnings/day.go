package earnings

import (
	"math"
	"math/big"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/store"
)

// Day contains the sums of the assignments that ended on a day of this machine's calendar.
type Day struct {
	// Date is such as 2026-11-30.
	Date string `json:"date"`
	// Ended is the number of assignments that ended, Paid of those that were paid, and Faults of
	// those that cost bond.
	Ended  uint64 `json:"ended"`
	Paid   uint64 `json:"paid"`
	Faults uint64 `json:"faults"`
	// Pay is the gross pay, Share what came from the bonds of others, and Lost what the node
	// lost of its own, as decimal numbers of base units.
	Pay   string `json:"pay"`
	Share string `json:"share"`
	Lost  string `json:"lost"`
	// Foreign is the number of assignments that were paid in another denom than that of Pay, in which their
	// pay is not contained. Others is their pay, sorted by denom.
	Foreign uint64  `json:"foreign,omitempty"`
	Others  []Other `json:"others,omitempty"`
	// Fuel, WallMillis and EnergyMillijoules are sums; Measured is the number of assignments whose
	// energy was measured.
	Fuel              uint64 `json:"fuel"`
	WallMillis        uint64 `json:"wall_millis"`
	EnergyMillijoules uint64 `json:"energy_millijoules"`
	Measured          uint64 `json:"measured"`
	// MeasuredMillis is the part of WallMillis in which the energy was measured. Files of earlier versions
	// do not have it.
	MeasuredMillis uint64 `json:"measured_millis,omitempty"`
}

// Add adds an assignment to the sums of a day.
func (d *Day) Add(a *store.Assignment) {
	d.Ended++
	d.Fuel += a.Metrics.Fuel
	d.WallMillis += a.Metrics.WallMillis
	if a.Metrics.EnergyMillijoules != nil {
		d.Measured++
		d.MeasuredMillis += a.Metrics.WallMillis
		d.EnergyMillijoules += *a.Metrics.EnergyMillijoules
	}
	if a.Verdict == nil {
		return
	}
	if a.Verdict.Paid != "" {
		d.Paid++
	}
	if a.Verdict.Slashed != "" {
		d.Faults++
	}
	paid := a.Verdict.Paid
	if denom := a.Verdict.Denom; paid != "" && denom != "" && denom != params.BaseDenom {
		d.Foreign++
		d.Others = mergeOthers(d.Others, []Other{{Denom: denom, Pay: paid}})
		paid = ""
	}
	d.Pay, d.Share, d.Lost = sum(d.Pay, paid), sum(d.Share, a.Verdict.Share), sum(d.Lost, a.Verdict.Slashed)
}

// Merge adds the sums of another day.
func (d *Day) Merge(other Day) {
	d.Ended, d.Paid, d.Faults = d.Ended+other.Ended, d.Paid+other.Paid, d.Faults+other.Faults
	d.Pay, d.Share, d.Lost = sum(d.Pay, other.Pay), sum(d.Share, other.Share), sum(d.Lost, other.Lost)
	d.Fuel, d.WallMillis = d.Fuel+other.Fuel, d.WallMillis+other.WallMillis
	d.EnergyMillijoules, d.Measured = d.EnergyMillijoules+other.EnergyMillijoules, d.Measured+other.Measured
	d.MeasuredMillis, d.Foreign = d.MeasuredMillis+other.MeasuredMillis, d.Foreign+other.Foreign
	d.Others = mergeOthers(d.Others, other.Others)
}

// Coins returns the gross pay, and what came from the bonds of others less what was lost, in tfuel. They are for
// estimates: a float has not enough digits for accounts.
func (d *Day) Coins() (gross, other float64) {
	inCoins := func(amount *big.Int) float64 {
		coins, _ := new(big.Float).Quo(new(big.Float).SetInt(amount), big.NewFloat(math.Pow10(params.DisplayExponent))).Float64()
		return coins
	}
	return inCoins(whole(d.Pay)), inCoins(new(big.Int).Sub(whole(d.Share), whole(d.Lost)))
}

// whole returns the number that a text is, 0 for a text that is not one.
func whole(text string) *big.Int {
	number, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return new(big.Int)
	}
	return number
}

// sum adds two decimal numbers, of which either may be empty.
func sum(x, y string) string { return new(big.Int).Add(whole(x), whole(y)).String() }
