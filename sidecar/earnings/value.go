package earnings

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/sidecar/carbon"
	"github.com/thetaedge/theta/sidecar/config"
)

const (
	// allBps is the whole in basis points.
	allBps = 10_000
	// hourMillis is an hour in milliseconds.
	hourMillis = 3_600_000
)

// Row is a day, a job or a total with what it is worth. A text is empty if it is not known.
type Row struct {
	Day
	// JobID, Task, Round and Outcome are set for a job.
	JobID   string `json:"job,omitempty"`
	Task    uint64 `json:"task,omitempty"`
	Round   uint32 `json:"round,omitempty"`
	Outcome string `json:"outcome,omitempty"`
	// Earned is the operator's part of the pay, and of bonds of others, less what was lost, in base units.
	Earned string `json:"earned,omitempty"`
	// PerHour is what was earned in an hour of work, in base units.
	PerHour string `json:"per_hour,omitempty"`
	// Cost is the price of the electricity that was measured, Net what is left of what was earned, and
	// NetPerHour what is left in an hour of work, in the owner's currency.
	Cost       string `json:"cost,omitempty"`
	Net        string `json:"net,omitempty"`
	NetPerHour string `json:"net_per_hour,omitempty"`
	// Loss reports whether Net is below zero.
	Loss bool `json:"loss,omitempty"`
	// Carbon is the estimate of the greenhouse gases of the electricity that was measured.
	Carbon string `json:"carbon,omitempty"`
}

// MeasuredPercent returns the share of the run time in which the energy was measured, rounded down. It is 0 for days
// that an earlier version has counted.
func (r Row) MeasuredPercent() uint64 {
	if r.WallMillis == 0 {
		return 0
	}
	part := new(big.Int).Mul(new(big.Int).SetUint64(min(r.MeasuredMillis, r.WallMillis)), big.NewInt(100))
	return part.Quo(part, new(big.Int).SetUint64(r.WallMillis)).Uint64()
}

// Valuation says what sums are worth.
type Valuation struct {
	// OperatorBps is the share of a gross payment that the operator earns, in basis points. It is 0 if that is not
	// known.
	OperatorBps uint32
	// Electricity is the price of a kilowatt-hour, and Coin the worth of one tfuel.
	Electricity, Coin config.Price
	// Carbon is what a kilowatt-hour emits.
	Carbon carbon.Factor
}

// Row values the sums of a day.
func (v Valuation) Row(d Day) Row {
	out := Row{Day: d}
	earned := new(big.Int)
	if v.OperatorBps > 0 {
		earned.Mul(whole(d.Pay), big.NewInt(int64(v.OperatorBps)))
		earned.Quo(earned, big.NewInt(allBps))
		earned.Add(earned, whole(d.Share))
		earned.Sub(earned, whole(d.Lost))
		out.Earned = earned.String()
		out.PerHour = perHour(earned, d.WallMillis).text()
	}
	if d.Measured == 0 {
		return out
	}
	if v.Carbon.Given() {
		out.Carbon = carbon.Text(v.Carbon.Milligrams(d.EnergyMillijoules))
	}
	if !v.Electricity.Given() {
		return out
	}
	cost := CostOf(d.EnergyMillijoules, v.Electricity)
	out.Cost = MoneyText(cost, v.Electricity.Currency)
	if v.OperatorBps == 0 || !v.Coin.Given() || d.Measured < d.Ended || d.Foreign > 0 {
		return out // the rest was not measured, or the worth of its pay is not known
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(params.DisplayExponent), nil)
	net := new(big.Int).Mul(earned, new(big.Int).SetUint64(v.Coin.Micros))
	net.Quo(net, unit).Sub(net, cost)
	out.Net, out.Loss = MoneyText(net, v.Coin.Currency), net.Sign() < 0
	if rate := perHour(net, d.WallMillis); rate.known {
		out.NetPerHour = MoneyText(rate.amount, v.Coin.Currency)
	}
	return out
}

// rate is an amount in an hour.
type rate struct {
	amount *big.Int
	known  bool
}

// perHour divides an amount by a time of work. A rate of no time is not known.
func perHour(amount *big.Int, millis uint64) rate {
	if millis == 0 {
		return rate{}
	}
	out := new(big.Int).Mul(amount, big.NewInt(hourMillis))
	return rate{out.Quo(out, new(big.Int).SetUint64(millis)), true}
}

func (r rate) text() string {
	if !r.known {
		return ""
	}
	return r.amount.String()
}

// CostOf returns the price of an energy in millionths of the currency, rounded up.
func CostOf(millijoules uint64, price config.Price) *big.Int {
	const perKWh = 3_600_000_000
	cost := new(big.Int).Mul(new(big.Int).SetUint64(millijoules), new(big.Int).SetUint64(price.Micros))
	cost.Add(cost, big.NewInt(perKWh-1))
	return cost.Quo(cost, big.NewInt(perKWh))
}

// MoneyText formats millionths of a currency.
func MoneyText(micros *big.Int, currency string) string {
	sign, digits := "", new(big.Int).Abs(micros).String()
	if micros.Sign() < 0 {
		sign = "−"
	}
	if pad := 7 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	point, shown := len(digits)-6, 4
	if new(big.Int).Abs(micros).Cmp(big.NewInt(10_000)) < 0 {
		shown = 6 // the electricity of a short job costs less than a cent
	}
	return fmt.Sprintf("%s%s.%s %s", sign, digits[:point], digits[point:point+shown], currency)
}

// AmountText formats an amount of base units, which may be negative, for people. Text that is not an amount is returned
// unchanged.
func AmountText(text string) string {
	if text == "" {
		return ""
	}
	digits, negative := strings.CutPrefix(text, "-")
	amount, err := money.ParseAmount(digits + params.BaseDenom)
	if err != nil {
		return text
	}
	if negative {
		return "−" + money.FormatAmount(amount)
	}
	return money.FormatAmount(amount)
}

// PriceText formats a price, "" if there is none.
func PriceText(p config.Price) string {
	if !p.Given() {
		return ""
	}
	return MoneyText(new(big.Int).SetUint64(p.Micros), p.Currency)
}
