package web

import (
	"context"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/store"
)

const (
	// daysShown is the number of days on the page about earnings.
	daysShown = 60
	// paidShown is the number of single jobs on it.
	paidShown = 50
	// allBps is the whole in basis points.
	allBps = 10_000
)

// count adds to the ledger what has ended.
func (s *Server) count(ctx context.Context) {
	records, err := s.cfg.Node.Records()
	if err == nil {
		err = s.ledger.Count(records)
	}
	if err != nil && ctx.Err() == nil {
		s.cfg.Logger.Warn("the dashboard cannot count earnings", "error", err)
	}
}

// prices returns the price of a kilowatt-hour and the worth of one tfuel, as the settings file says
// now.
func (s *Server) prices() (electricity, coin config.Price, err error) {
	settings, err := config.Load(s.cfg.Home, nil, s.cfg.Environ)
	if err != nil {
		settings = s.cfg.Node.Running()
	}
	return settings.Dashboard.Prices()
}

// row is a day or a job on the page about earnings.
type row struct {
	Day
	// JobId, Task, Round and Outcome are set for a job.
	JobId   string
	Task    uint64
	Round   uint32
	Outcome string
	// Earned is the operator's part of the pay, and of bonds of others, less what was lost, in base units;
	// "" if the chain's split is not known.
	Earned string
	// Cost is the price of the electricity that was measured, and Net what is left; "" if not known.
	Cost, Net string
	// Loss reports whether Net is below zero.
	Loss bool
}

// earningsPage is the page about earnings.
type earningsPage struct {
	Days, Jobs []row
	Total      row
	Account    Account
	// AccountError explains why the chain's part is missing.
	AccountError       string
	Electricity, Worth string
	Claim              string
	Retention          string
}

// earnings shows what was earned on each day and with each job.
func (s *Server) earnings(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), queryPatience)
	defer cancel()
	s.count(ctx)
	electricity, coin, err := s.prices()
	if err != nil {
		s.fault(w, r, http.StatusInternalServerError, err)
		return
	}
	page := earningsPage{Retention: spanText(uint64(max(0, s.cfg.Node.Running().Work.Retention.Milliseconds())))} //nolint:gosec // not negative
	page.Electricity, page.Worth = priceText(electricity), priceText(coin)
	page.Claim = s.claimCommand(ctx)
	if page.Account, err = s.cfg.Node.Account(ctx); err != nil {
		page.AccountError = err.Error()
	}
	value := valuation{page.Account.OperatorBps, electricity, coin}
	days := s.ledger.Days()
	for _, day := range days[:min(len(days), daysShown)] {
		page.Days = append(page.Days, value.row(day))
		page.Total.Day.merge(day)
	}
	page.Total = value.row(page.Total.Day)
	records, err := s.cfg.Node.Records()
	if err != nil {
		s.fault(w, r, http.StatusInternalServerError, err)
		return
	}
	for _, record := range latest(records) {
		var day Day
		day.add(&record)
		job := value.row(day)
		job.JobId, job.Task, job.Round = record.JobID, record.Task, record.Round
		job.Outcome, job.Date = record.Verdict.Status, momentText(record.FinishedAt)
		page.Jobs = append(page.Jobs, job)
	}
	s.show(w, r, http.StatusOK, "earnings", page)
}

// claimCommand returns the command with which an operator claims its earnings.
func (s *Server) claimCommand(ctx context.Context) string {
	command := "thetad tx rewards claim --from OPERATOR --gas auto --gas-adjustment 1.5 --gas-prices 1000000000" + params.BaseDenom
	if status, err := s.cfg.Node.Status(ctx); err == nil && status.ChainId != "" {
		command += " --chain-id " + client.ShellQuote(status.ChainId)
	}
	if rpc := s.cfg.Node.Running().Chain.RPC; rpc != "" {
		command += " --node " + client.ShellQuote(rpc)
	}
	return command
}

// valuation says what sums are worth.
type valuation struct {
	operatorBps       uint32
	electricity, coin config.Price
}

// row values the sums of a day.
func (v valuation) row(d Day) row {
	out := row{Day: d}
	earned := new(big.Int)
	if v.operatorBps > 0 {
		earned.Mul(whole(d.Pay), big.NewInt(int64(v.operatorBps)))
		earned.Quo(earned, big.NewInt(allBps))
		earned.Add(earned, whole(d.Share))
		earned.Sub(earned, whole(d.Lost))
		out.Earned = earned.String()
	}
	if !v.electricity.Given() || d.Measured == 0 {
		return out
	}
	cost := costOf(d.EnergyMillijoules, v.electricity)
	out.Cost = moneyText(cost, v.electricity.Currency)
	if v.operatorBps == 0 || !v.coin.Given() || d.Measured < d.Ended {
		return out // the rest was not measured, so that the difference would be too high
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(params.DisplayExponent), nil)
	net := new(big.Int).Mul(earned, new(big.Int).SetUint64(v.coin.Micros))
	net.Quo(net, unit).Sub(net, cost)
	out.Net, out.Loss = moneyText(net, v.coin.Currency), net.Sign() < 0
	return out
}

// costOf returns the price of an energy in millionths of the currency, rounded up.
func costOf(millijoules uint64, price config.Price) *big.Int {
	const perKWh = 3_600_000_000
	cost := new(big.Int).Mul(new(big.Int).SetUint64(millijoules), new(big.Int).SetUint64(price.Micros))
	cost.Add(cost, big.NewInt(perKWh-1))
	return cost.Quo(cost, big.NewInt(perKWh))
}

// moneyText formats millionths of a currency.
func moneyText(micros *big.Int, currency string) string {
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

// priceText formats a price, "" if there is none.
func priceText(p config.Price) string {
	if !p.Given() {
		return ""
	}
	return moneyText(new(big.Int).SetUint64(p.Micros), p.Currency)
}

// merge adds the sums of another day.
func (d *Day) merge(other Day) {
	d.Ended, d.Paid, d.Faults = d.Ended+other.Ended, d.Paid+other.Paid, d.Faults+other.Faults
	d.Pay, d.Share, d.Lost = sum(d.Pay, other.Pay), sum(d.Share, other.Share), sum(d.Lost, other.Lost)
	d.Fuel, d.WallMillis = d.Fuel+other.Fuel, d.WallMillis+other.WallMillis
	d.EnergyMillijoules, d.Measured = d.EnergyMillijoules+other.EnergyMillijoules, d.Measured+other.Measured
}

// latest returns the assignments that ended with a verdict, newest first.
func latest(records []store.Assignment) []store.Assignment {
	ended := slices.DeleteFunc(slices.Clone(records), func(a store.Assignment) bool {
		return a.Phase != store.PhaseSettled || a.Verdict == nil
	})
	slices.SortStableFunc(ended, func(x, y store.Assignment) int { return y.FinishedAt.Compare(x.FinishedAt) })
	return ended[:min(len(ended), paidShown)]
}
