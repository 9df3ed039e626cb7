package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/carbon"
	"github.com/thetaedge/theta/sidecar/earnings"
	"github.com/thetaedge/theta/sidecar/forecast"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/sidecar/web"
)

const (
	// earnedJobs is the number of single jobs that the command shows.
	earnedJobs = 50
	// mostDays is the number of days that it can show: those that the ledger keeps.
	mostDays = 3 * 366
)

func earningsCommand() *cobra.Command {
	var (
		days    int
		asJSON  bool
		regions bool
	)
	command := &cobra.Command{
		Use:   "earnings",
		Short: "Show what the node has earned, its electricity, and a forecast",
		Long: `earnings shows what was earned by day and per hour of work, the electricity that was measured, and what
the node is expected to earn in the next week. Prices are those of [dashboard] in the settings.
The running daemon counts the days; the jobs are those that it still has in its journal.`,
		Example: `thetaedge earnings --days 7
thetaedge earnings --json
thetaedge earnings --regions`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if regions {
				return printRegions(command.OutOrStdout())
			}
			if days < 1 || days > mostDays {
				return fmt.Errorf("--days: expected 1 to %d, found %d", mostDays, days)
			}
			n, err := openNode(command)
			if err != nil {
				return err
			}
			shown, err := readEarnings(command, n, days)
			if err == nil && asJSON {
				encoder := json.NewEncoder(command.OutOrStdout())
				encoder.SetIndent("", "  ")
				err = encoder.Encode(shown)
			} else if err == nil {
				err = shown.print(command.OutOrStdout())
			}
			return errors.Join(err, n.close())
		},
	}
	command.Flags().IntVar(&days, "days", 14, "days to show, the newest")
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	command.Flags().BoolVar(&regions, "regions", false, "list the countries that dashboard.carbon can name, with source and year")
	return command
}

// shownEarnings is what the command shows. Amounts without a unit are in base units.
type shownEarnings struct {
	earnings.Report
	Account web.Account `json:"account"`
	// Electricity, Coin and Carbon are the settings, for people.
	Electricity string          `json:"electricity,omitempty"`
	Coin        string          `json:"coin,omitempty"`
	Carbon      string          `json:"carbon,omitempty"`
	Forecast    forecast.Report `json:"forecast"`
	// Notes say what is not known and why.
	Notes []string `json:"notes,omitempty"`
}

// readEarnings reads the books of the home, and asks the daemon and the chain.
func readEarnings(command *cobra.Command, n *node, days int) (shownEarnings, error) {
	var shown shownEarnings
	ledger, err := earnings.OpenLedger(n.home)
	if err != nil {
		return shown, err
	}
	hours, err := forecast.OpenBook(n.home)
	if err != nil {
		shown.Notes = append(shown.Notes, "the forecast: "+err.Error())
		hours = &forecast.Book{}
	}
	value, err := web.ValuationOf(n.config.Dashboard)
	if err != nil {
		return shown, err
	}
	ctx, cancel := context.WithTimeout(command.Context(), time.Minute)
	defer cancel()
	if shown.Account, err = readAccount(ctx, n); err != nil {
		shown.Notes = append(shown.Notes, "the chain: "+err.Error())
	}
	value.OperatorBps = shown.Account.OperatorBps
	records, err := settledRecords(command)
	if err != nil {
		shown.Notes = append(shown.Notes, "single jobs: "+err.Error())
	}
	shown.Report = value.Report(ledger.Days(), days, records, earnedJobs)
	shown.Electricity, shown.Coin, shown.Carbon = earnings.PriceText(value.Electricity), earnings.PriceText(value.Coin), value.Carbon.String()
	shown.Forecast = hours.Report()
	return shown, nil
}

// readAccount asks the chain for the operator's part in its ledger.
func readAccount(ctx context.Context, n *node) (web.Account, error) {
	rewards, err := n.reader.RewardsParams(ctx)
	if err != nil {
		return web.Account{}, err
	}
	account := web.Account{OperatorBps: operatorBps(rewards)}
	operator, err := n.servedOperator(ctx)
	if err != nil {
		return account, err
	}
	return n.account(ctx, account, operator)
}

// settledRecords asks the running daemon for the assignments that ended with a verdict.
func settledRecords(command *cobra.Command) ([]store.Assignment, error) {
	var records []store.Assignment
	req := &sidecarv1.JobsRequest{PageSize: exportPage, Phase: store.PhaseSettled.String()}
	for len(records) < earnedJobs {
		var page *sidecarv1.JobsResponse
		err := withDaemon(command, func(ctx context.Context, client sidecarv1.SidecarServiceClient) (err error) {
			page, err = client.Jobs(ctx, req)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, shown := range page.Assignments {
			records = append(records, recordOf(shown))
		}
		if page.NextPageToken == "" || page.NextPageToken == req.PageToken {
			break
		}
		req.PageToken = page.NextPageToken
	}
	return records, nil
}

// recordOf returns what earnings need to know about an assignment.
func recordOf(a *sidecarv1.Assignment) store.Assignment {
	record := store.Assignment{Key: store.Key{JobID: a.JobId, Task: a.Task, Round: a.Round}, Phase: store.PhaseSettled}
	if a.FinishedAt != nil {
		record.FinishedAt = a.FinishedAt.AsTime()
	}
	if a.Outcome != "" {
		record.Verdict = &store.Verdict{Status: a.Outcome, Paid: a.Paid, Denom: a.Denom, Share: a.Share, Slashed: a.Slashed}
	}
	record.Metrics = store.Metrics{Fuel: a.Fuel, WallMillis: a.WallMs}
	if a.EnergySource != "" {
		record.Metrics.EnergyMillijoules, record.Metrics.EnergySource = &a.EnergyMj, a.EnergySource
	}
	return record
}

// printRegions lists the table of greenhouse gases.
func printRegions(out io.Writer) error {
	table, err := carbon.Table()
	if err != nil {
		return err
	}
	text := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(text, "code\tcountry\tg CO2e/kWh\tyear\tsource")
	for _, f := range table {
		fmt.Fprintf(text, "%s\t%s\t%d\t%d\t%s\n", f.Region, f.Name, f.Grams, f.Year, f.Source)
	}
	fmt.Fprintln(text)
	if err := text.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "Approximate: averages over a year of the electricity that was generated in the country, over the life cycle\nof the power stations, by Ember's Yearly Electricity Data (CC BY 4.0) as processed by Our World in Data.")
	return err
}

// print writes what is known for a person.
func (s shownEarnings) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "day\tended\tpaid\tearned\twork\tper hour\tenergy\tCO2e\telectricity\tnet")
	for _, row := range s.Days {
		fmt.Fprintln(table, rowText(row.Date, row))
	}
	fmt.Fprintln(table, rowText("total", s.Total))
	if err := table.Flush(); err != nil {
		return err
	}
	lines := []string{""}
	if len(s.Days) == 0 {
		lines = append(lines, "no assignment has ended yet")
	}
	if len(s.Total.Others) > 0 {
		lines = append(lines, "amounts in other coins than tfuel are gross; net and per hour leave them out")
	}
	if s.Total.NetPerHour != "" {
		lines = append(lines, "net of electricity: "+s.Total.NetPerHour+" per hour of work")
	}
	if s.Account.Operator != "" {
		lines = append(lines, fmt.Sprintf("unclaimed %s, paid so far %s, delegated %s; thetaedge payout says where earnings go",
			orNone(s.Account.Unclaimed), orNone(s.Account.Paid), s.Account.Staked))
	}
	lines = append(lines, forecastLines(s.Forecast)...)
	if s.Electricity == "" {
		lines = append(lines, "no price of electricity is set: dashboard.electricity in config.toml, such as \"0.32 EUR\"")
	}
	if s.Carbon != "" {
		lines = append(lines, "greenhouse gases are approximate: "+s.Carbon)
	}
	for _, note := range s.Notes {
		lines = append(lines, "note: "+note)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

// rowText is a line of the table.
func rowText(name string, r earnings.Row) string {
	energy := "not measured"
	if r.Measured > 0 {
		energy = fmt.Sprintf("%.0f kJ", float64(r.EnergyMillijoules)/1e6)
		if r.Measured < r.Ended {
			energy += fmt.Sprintf(" (%d of %d)", r.Measured, r.Ended)
		}
	}
	work := time.Duration(min(r.WallMillis, uint64(1)<<50)) * time.Millisecond //nolint:gosec // bounded
	return fmt.Sprintf("%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s", name, r.Ended, r.Paid, orDash(r.EarnedText()), work.Round(time.Second),
		orDash(earnings.AmountText(r.PerHour)), energy, orDash(r.Carbon), orDash(r.Cost), orDash(r.Net))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func orNone(texts []string) string {
	if len(texts) == 0 {
		return "nothing"
	}
	return strings.Join(texts, ", ")
}

// forecastLines say what the node is expected to earn, and how wrong earlier forecasts were.
func forecastLines(r forecast.Report) []string {
	var lines []string
	switch r.Next.Kind {
	case forecast.Known:
		lines = append(lines, fmt.Sprintf("next week: about %s tfuel, in four of five weeks %s to %s", forecast.Amount(r.Next.Median), forecast.Amount(r.Next.Low), forecast.Amount(r.Next.High)))
	case forecast.TooUnsteady:
		lines = append(lines, "next week: what the node earned changed too much from week to week for a forecast")
	case forecast.TooShort:
		lines = append(lines, fmt.Sprintf("next week: not enough history for a forecast; it needs a week in which the node works, and has %.1f", r.Next.Weeks))
		if r.Next.ClassHour > 0 {
			lines = append(lines, fmt.Sprintf("its class was paid about %s tfuel an hour in the last day, before the chain's split; this node's part by weight, if it works all the time: %s tfuel a week",
				forecast.Amount(r.Next.ClassHour), forecast.Amount(r.Next.ClassShare)))
		}
	}
	if r.Ended > 0 {
		lines = append(lines, fmt.Sprintf("earlier forecasts: %d of %d were right (four of five should be); half of the medians were wrong by %.0f%% or less", r.Inside, r.Ended, r.ErrorPercent))
	}
	return lines
}
