package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thetaedge/theta/client/money"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/rehearsal"
)

const (
	// rehearsalFolder is the folder in the home that holds the files of the last self-test.
	rehearsalFolder = "self-test"
	// rehearsalPoll is the pause between two looks at the job.
	rehearsalPoll = 200 * time.Millisecond
)

// paidTest holds the flags of doctor --self-test.
type paidTest struct {
	signing
	wanted   bool
	relay    string
	reward   string
	patience time.Duration
}

func (p *paidTest) addFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&p.wanted, "self-test", false, "send a small paid job through this node and time each leg of its way; needs --from, --relay and the running daemon")
	flags.StringVar(&p.reward, "reward", "0.01tfuel", "pay of the self-test's task; most of it comes back to the operator")
	flags.DurationVar(&p.patience, "patience", 10*time.Minute, "how long the self-test waits for the result")
	p.signing.addFlags(flags)
}

// check finds flags that contradict each other before anything is asked.
func (p *paidTest) check() error {
	switch {
	case !p.wanted && p.from != "":
		return errors.New("--from: expected it with --self-test, found it alone")
	case !p.wanted:
		return nil
	case p.from == "":
		return errors.New("--self-test: expected the operator's key in --from, found none")
	case p.relay == "":
		return errors.New("--self-test: expected the base URL of a relay in --relay, found none")
	case p.generate:
		return errors.New("--self-test: expected it without --generate-only, because it sends several transactions")
	}
	return nil
}

// run makes the self-test. It returns nil without an error if the owner only wanted to see what it costs.
func (p *paidTest) run(command *cobra.Command, n *node, say io.Writer) (*rehearsal.Report, error) {
	ctx := command.Context()
	if _, err := runningDaemon(n.home); err != nil {
		return nil, fmt.Errorf("the self-test needs the node's daemon: %w", err)
	}
	if err := allowed(n, p.relay); err != nil {
		return nil, fmt.Errorf("--relay: %w", err)
	}
	p.once = true
	operator, err := p.operator(command, n)
	if err != nil {
		return nil, err
	}
	found, err := n.reader.NodeOf(ctx, operator.Address().String())
	if err != nil {
		return nil, fmt.Errorf("the node of --from: %w", err)
	}
	if worker := n.worker.Address().String(); found.Profile.Worker != worker {
		return nil, fmt.Errorf("--from: expected the operator of worker %s, found the operator of worker %s", worker, found.Profile.Worker)
	}
	reward, err := money.ParseAmount(p.reward)
	if err != nil {
		return nil, fmt.Errorf("--reward: %w", err)
	}
	tip, err := n.reader.Tip(ctx)
	if err != nil {
		return nil, fmt.Errorf("the newest block: %w", err)
	}
	if err := rehearsal.Earlier(filepath.Join(n.home, rehearsalFolder), tip.Height); err != nil && !p.dryRun {
		return nil, err
	}
	c, err := p.connect(ctx, n, func(line string) { fmt.Fprintln(command.ErrOrStderr(), line) })
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(n.home, rehearsalFolder, time.Now().UTC().Format("20060102-150405"))
	test, err := rehearsal.Prepare(ctx, rehearsal.Config{
		Client: c, Tasks: n.reader, Look: lookAt(n.home), Signer: operator, Operator: operator.Address().String(),
		Relay: p.relay, Class: found.Profile.Class, Reward: reward, Folder: folder,
		Patience: p.patience, Poll: rehearsalPoll, Now: time.Now,
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := p.showCost(ctx, say, n.reader, test); err != nil {
		return nil, err
	}
	if p.dryRun {
		fmt.Fprintln(say, "nothing was sent")
		return nil, os.RemoveAll(folder)
	}
	if err := p.confirm(command); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return test.Run(ctx, func(o rehearsal.Outcome) { fmt.Fprintf(command.ErrOrStderr(), "%s: %s\n", o.Leg, verdictOf(o)) }), nil
}

// tryPaid makes the self-test if it is wanted and possible. The report is nil if it was not made.
func tryPaid(command *cobra.Command, say io.Writer, n *node, test *paidTest) (*rehearsal.Report, error) {
	switch {
	case !test.wanted:
		return nil, nil
	case n.reader == nil:
		return nil, errors.New("the self-test needs the worker key and a connection to the chain; see the lines above")
	}
	tested, err := test.run(command, n, say)
	if tested == nil || err != nil {
		return nil, err
	}
	err = printRehearsal(say, tested)
	if tested.Failed != "" {
		err = errors.Join(err, fmt.Errorf("self-test: the leg %q failed: %s", tested.Failed, oneLine(errorIn(tested))))
	}
	return tested, err
}

// errorIn returns the error of the leg that failed.
func errorIn(report *rehearsal.Report) string {
	for _, o := range report.Legs {
		if o.Leg == report.Failed {
			return o.Error
		}
	}
	return ""
}

// printChecks prints the checks and the self-test for programs.
func printChecks(out io.Writer, r *report, tested *rehearsal.Report) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Checks   []checked         `json:"checks"`
		SelfTest *rehearsal.Report `json:"self_test,omitempty"`
	}{r.checks, tested})
}

// showCost says what the self-test costs before anything is spent.
func (p *paidTest) showCost(ctx context.Context, say io.Writer, reader *chain.Reader, test *rehearsal.Trial) error {
	quote := test.Quote
	split, err := reader.Split(ctx, quote.Reserve)
	if err != nil {
		return err
	}
	fmt.Fprintf(say, `self-test: a job for this node alone, paid by --from
reward         %s, of which %s comes back to the operator as earnings after the fee split
posting fee    %s, which is burned
transactions   %s to post the job, and about as much to accept the result
`, money.FormatAmount(quote.Reserve), money.FormatAmount(split), money.FormatAmount(quote.PostingFee), money.FormatAmount(quote.Posting.Fee))
	return nil
}

// lookAt returns what asks the daemon of a home about its part in a job.
func lookAt(home string) func(ctx context.Context, jobID string) (rehearsal.View, error) {
	return func(ctx context.Context, jobID string) (view rehearsal.View, err error) {
		running, err := runningDaemon(home)
		if err != nil {
			return view, err
		}
		conn, err := running.dial(home)
		if err != nil {
			return view, err
		}
		defer func() { err = errors.Join(err, conn.Close()) }()
		ctx, cancel := context.WithTimeout(ctx, apiTimeout)
		defer cancel()
		client := sidecarv1.NewSidecarServiceClient(conn)
		jobs, err := client.Jobs(ctx, &sidecarv1.JobsRequest{})
		if err != nil {
			return view, err
		}
		for _, a := range jobs.Assignments {
			if a.JobId == jobID {
				return viewOf(a), nil
			}
		}
		status, err := client.Status(ctx, &sidecarv1.StatusRequest{})
		if err != nil {
			return view, err
		}
		for _, passed := range status.Passed {
			if passed.JobId == jobID {
				view.Error = "the node leaves the draw: " + passed.Reason
			}
		}
		return view, nil
	}
}

func viewOf(a *sidecarv1.Assignment) rehearsal.View {
	view := rehearsal.View{
		Phase: a.Phase, Outcome: a.Outcome, Error: a.LastError, Delivered: a.Delivery == "delivered",
		Wall: time.Duration(min(a.WallMs, 1<<40)) * time.Millisecond, //nolint:gosec // bounded here
	}
	if view.Error == "" && !view.Delivered {
		view.Error = a.Delivery
	}
	return view
}

// verdictOf says how a leg went, in a line.
func verdictOf(o rehearsal.Outcome) string {
	switch {
	case o.Error != "":
		return "FAILED: " + oneLine(o.Error)
	case !o.Done:
		return "not reached"
	case o.Detail != "":
		return "ok, " + oneLine(o.Detail)
	}
	return "ok"
}

// printRehearsal prints the legs of a self-test, and the cure for the one that failed.
func printRehearsal(out io.Writer, report *rehearsal.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "LEG\tTOOK\tRESULT\tWHAT HAPPENS")
	var cure string
	for _, o := range report.Legs {
		took := ""
		if o.Done || o.Error != "" {
			took = (time.Duration(o.Millis) * time.Millisecond).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", o.Leg, took, verdictOf(o), o.Does)
		if o.Error != "" {
			if cure = o.Cure; o.Detail != "" {
				cure += "; " + oneLine(o.Detail)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if report.Failed == "" {
		_, err := fmt.Fprintln(out, "the node takes, runs, delivers and is paid for a job")
		return err
	}
	_, err := fmt.Fprintf(out, "the leg %q failed; what to do: %s\n", report.Failed, cure)
	return err
}
