package web

import (
	"context"
	"net/http"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/sidecar/carbon"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/earnings"
	"github.com/thetaedge/theta/sidecar/forecast"
)

const (
	// daysShown is the number of days on the page about earnings.
	daysShown = 60
	// paidShown is the number of single jobs on it.
	paidShown = 50
)

// count adds to the ledger what has ended.
func (s *Server) count(ctx context.Context) {
	if s.unread != nil {
		return
	}
	records, err := s.cfg.Node.Records()
	if err == nil {
		err = s.ledger.Count(records)
	}
	if err != nil && ctx.Err() == nil {
		s.cfg.Logger.Warn("the dashboard cannot count earnings", "error", err)
	}
}

// valuation returns what sums are worth by the settings file as it is now, without the chain's split.
func (s *Server) valuation() (earnings.Valuation, error) {
	settings, err := config.Load(s.cfg.Home, nil, s.cfg.Environ)
	if err != nil {
		settings = s.cfg.Node.Running()
	}
	return ValuationOf(settings.Dashboard)
}

// ValuationOf returns what sums are worth by the settings, without the chain's split.
func ValuationOf(d config.Dashboard) (v earnings.Valuation, err error) {
	if v.Electricity, v.Coin, err = d.Prices(); err != nil {
		return v, err
	}
	v.Carbon, err = d.CarbonFactor()
	return v, err
}

// earningsPage is the page about earnings.
type earningsPage struct {
	earnings.Report
	Account Account
	// AccountError explains why the chain's part is missing.
	AccountError       string
	Electricity, Worth string
	// Carbon is what a kilowatt-hour emits.
	Carbon carbon.Factor
	// Claim, PayTo and Delegate are commands of the operator.
	Claim, PayTo, Delegate string
	// Collects describes when the node collects by itself, "" if it does not.
	Collects  string
	Retention string
	// Forecast says what the node is expected to earn, nil if that is not known.
	Forecast *forecast.Report
}

// earnings shows what was earned on each day and with each job.
func (s *Server) earnings(w http.ResponseWriter, r *http.Request) {
	if s.unread != nil {
		s.fault(w, r, http.StatusInternalServerError, s.unread)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryPatience)
	defer cancel()
	s.count(ctx)
	value, err := s.valuation()
	if err != nil {
		s.fault(w, r, http.StatusInternalServerError, err)
		return
	}
	running := s.cfg.Node.Running()
	page := earningsPage{Retention: spanText(uint64(max(0, running.Work.Retention.Milliseconds())))} //nolint:gosec // not negative
	page.Electricity, page.Worth, page.Carbon = earnings.PriceText(value.Electricity), earnings.PriceText(value.Coin), value.Carbon
	home := " --home " + client.ShellQuote(s.cfg.Home)
	page.Claim = "thetaedge operator claim --from OPERATOR" + home
	page.PayTo = "thetaedge payout set --to ADDRESS --from OPERATOR" + home
	page.Delegate = "thetaedge payout set --delegate VALIDATOR --from OPERATOR" + home
	page.Collects = running.Payout.Collect
	if s.cfg.Forecasts != nil {
		report := s.cfg.Forecasts.Report()
		page.Forecast = &report
	}
	if page.Account, err = s.cfg.Node.Account(ctx); err != nil {
		page.AccountError = err.Error()
	}
	records, err := s.cfg.Node.Records()
	if err != nil {
		s.fault(w, r, http.StatusInternalServerError, err)
		return
	}
	value.OperatorBps = page.Account.OperatorBps
	page.Report = value.Report(s.ledger.Days(), daysShown, records, paidShown)
	s.show(w, r, http.StatusOK, "earnings", page)
}

// electricityOf returns the price of an energy in millijoules by the settings, "" if it is not known.
func (s *Server) electricityOf(millijoules uint64) string {
	value, err := s.valuation()
	if err != nil || !value.Electricity.Given() {
		return ""
	}
	return earnings.MoneyText(earnings.CostOf(millijoules, value.Electricity), value.Electricity.Currency)
}

// carbonOf returns the estimate of the greenhouse gases of an energy in millijoules, "" if it is not known.
func (s *Server) carbonOf(millijoules uint64) string {
	value, err := s.valuation()
	if err != nil || !value.Carbon.Given() {
		return ""
	}
	return carbon.Text(value.Carbon.Milligrams(millijoules))
}
