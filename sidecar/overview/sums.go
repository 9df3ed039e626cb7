package overview

import (
	"math/big"
	"time"
)

// wholeBps is the whole in basis points.
const wholeBps = 10_000

// Day contains the sums of the assignments that ended on a day of this machine's calendar. Amounts
// are decimal numbers of base units; an empty one is 0.
type Day struct {
	// Date is such as 2026-11-30.
	Date                string
	Ended, Paid, Faults uint64
	// Pay is gross, Share came from the bonds of others, and Lost was lost of the own bond.
	Pay, Share, Lost  string
	EnergyMillijoules uint64
}

// sumsOf adds up the days from the first date on. operatorBps is the part of a gross payment that
// the operator earns; 0 if it is not known.
func sumsOf(days []Day, first string, operatorBps uint32) Sums {
	out := Sums{}
	pay, share, lost := new(big.Int), new(big.Int), new(big.Int)
	for _, d := range days {
		if d.Date < first {
			continue
		}
		out.Ended, out.Paid, out.Faults = out.Ended+d.Ended, out.Paid+d.Paid, out.Faults+d.Faults
		out.EnergyMillijoules += d.EnergyMillijoules
		pay.Add(pay, whole(d.Pay))
		share.Add(share, whole(d.Share))
		lost.Add(lost, whole(d.Lost))
	}
	out.Pay, out.Lost = pay.String(), lost.String()
	if operatorBps > 0 {
		earned := new(big.Int).Mul(pay, big.NewInt(int64(operatorBps)))
		earned.Quo(earned, big.NewInt(wholeBps))
		out.Earned = earned.Add(earned, share).Sub(earned, lost).String()
	}
	return out
}

// whole returns the number that a text is, 0 for a text that is not one.
func whole(text string) *big.Int {
	if number, ok := new(big.Int).SetString(amount(text), 10); ok {
		return number
	}
	return new(big.Int)
}

// dateOf returns the date of a time in the machine's calendar, some days before.
func dateOf(now time.Time, daysBefore int) string {
	return now.Local().AddDate(0, 0, -daysBefore).Format(time.DateOnly)
}
