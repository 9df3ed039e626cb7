package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/earnings"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/release"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const apiTimeout = 10 * time.Second

func statusCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "status",
		Short: "Show what the running node does",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return withDaemon(command, func(ctx context.Context, client sidecarv1.SidecarServiceClient) error {
				res, err := client.Status(ctx, &sidecarv1.StatusRequest{})
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(command.OutOrStdout(), res)
				}
				return printStatus(command.OutOrStdout(), res)
			})
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

func jobsCommand() *cobra.Command {
	var asJSON bool
	req := &sidecarv1.JobsRequest{}
	command := &cobra.Command{
		Use:     "jobs",
		Short:   "List the assignments of the running node, newest first",
		Example: "thetaedge jobs --phase running --limit 10",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return withDaemon(command, func(ctx context.Context, client sidecarv1.SidecarServiceClient) error {
				res, err := client.Jobs(ctx, req)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(command.OutOrStdout(), res)
				}
				return printJobs(command.OutOrStdout(), res)
			})
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	command.Flags().Uint32Var(&req.PageSize, "limit", 50, "most assignments to list")
	command.Flags().StringVar(&req.PageToken, "page", "", "token of the page, as the previous page gave it")
	command.Flags().StringVar(&req.Phase, "phase", "", "list only assignments in this phase, e.g. running")
	return command
}

// withDaemon asks the running daemon of the command's home.
func withDaemon(command *cobra.Command, ask func(context.Context, sidecarv1.SidecarServiceClient) error) error {
	home, err := homeOf(command)
	if err != nil {
		return err
	}
	running, err := runningDaemon(home)
	if err != nil {
		return err
	}
	conn, err := running.dial(home)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(command.Context(), apiTimeout)
	defer cancel()
	if err = ask(ctx, sidecarv1.NewSidecarServiceClient(conn)); err != nil {
		err = fmt.Errorf("the daemon at %s does not answer: %w; if it does not run, start it with: thetaedge start", running.GRPC, err)
	}
	return errors.Join(err, conn.Close())
}

func printJSON(out io.Writer, m proto.Message) error {
	raw, err := protojson.MarshalOptions{Indent: "  ", EmitUnpopulated: true, UseProtoNames: true}.Marshal(m)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, string(raw))
	return err
}

// slotsUsed says how many of its slots a node uses. A node with one slot has a second one for
// audits and judgements of chunks.
func slotsUsed(used, slots uint32) string {
	all := edgenodetypes.NodeState{Slots: slots}.AllSlots()
	if all > slots {
		return fmt.Sprintf("%d of %d slots used, one of which is only for audits", used, all)
	}
	return fmt.Sprintf("%d of %d slots used", used, all)
}

// shownMode says what a mode means if its name alone does not.
func shownMode(s *sidecarv1.StatusResponse) string {
	if s.Mode != string(agent.Suspended) {
		return s.Mode
	}
	after := "when its owner's rules allow it"
	if len(s.Pauses) == 0 || s.Pauses[0].Rule == string(manualRule) {
		after = "after thetaedge resume"
	}
	return s.Mode + "; programs go on " + after + ", and deadlines do not wait"
}

// printHolds says why the owner holds the machine back, and what is not seen.
func printHolds(w io.Writer, s *sidecarv1.StatusResponse) {
	for _, p := range s.Pauses {
		what := "paused"
		if p.Action == owner.Suspend.String() {
			what = "suspended"
		}
		since := ""
		if p.Since != nil {
			since = " since " + p.Since.AsTime().Local().Format(time.DateTime)
		}
		fmt.Fprintf(w, "%s\t%s%s; to go on: %s (rule %s)\n", what, oneLine(p.Sentence), since, oneLine(p.Cure), oneLine(p.Rule))
	}
	if s.PausesUntil != nil {
		fmt.Fprintf(w, "goes on\t%s, if nothing else changes\n", s.PausesUntil.AsTime().Local().Format(time.DateTime))
	}
	for _, b := range s.BlindRules {
		fmt.Fprintf(w, "not seen\towner.%s: %s\n", oneLine(b.Rule), oneLine(b.Why))
	}
}

// printVersion says which program runs, and what the chain asks of its version.
func printVersion(w io.Writer, s *sidecarv1.StatusResponse) {
	said := oneLine(s.Version)
	switch _, err := release.ParseVersion(s.Version); {
	case s.Outdated != "":
		said += "; " + oneLine(s.Outdated)
	case s.MinVersion != "" && err != nil:
		said += fmt.Sprintf(", which is not a release; the chain asks for %s or newer, which cannot be compared", oneLine(s.MinVersion))
	case s.MinVersion != "":
		said += fmt.Sprintf("; the chain asks for %s or newer", oneLine(s.MinVersion))
	}
	fmt.Fprintf(w, "version\t%s\n", said)
	if s.Update != "" {
		fmt.Fprintf(w, "update\t%s\n", oneLine(s.Update))
	}
}

// printEndpoints says which of several nodes of the chain is asked, and which are in trouble.
func printEndpoints(w io.Writer, s *sidecarv1.StatusResponse) {
	for _, e := range s.Endpoints {
		if len(s.Endpoints) == 1 && e.Trouble == "" {
			continue // the line of the chain says all
		}
		does := "can stand in"
		switch {
		case e.Used && e.Trouble == "":
			does = "is asked"
		case e.Used:
			does = "is asked although in trouble: " + oneLine(e.Trouble)
		case e.Trouble != "":
			does = "is not asked: " + oneLine(e.Trouble)
		}
		fmt.Fprintf(w, "endpoint\t%s at height %d %s\n", oneLine(e.Address), e.Height, does)
	}
}

func printStatus(out io.Writer, s *sidecarv1.StatusResponse) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	printHolds(w, s)
	fmt.Fprintf(w, "mode\t%s\n", shownMode(s))
	printVersion(w, s)
	fmt.Fprintf(w, "chain\t%s at height %d\n", s.ChainId, s.Height)
	printEndpoints(w, s)
	fmt.Fprintf(w, "worker\t%s\n", s.Worker)
	operator := s.Operator
	if operator == "" {
		operator = "none yet; run thetaedge register"
	}
	fmt.Fprintf(w, "operator\t%s\n", operator)
	fmt.Fprintf(w, "node\t%s, %s, %d running\n", s.NodeStatus, slotsUsed(s.UsedSlots, s.Slots), s.Running)
	if s.Standing != "" {
		fmt.Fprintf(w, "standing\t%s\n", s.Standing)
	}
	for _, e := range s.Executors {
		health := "healthy"
		switch {
		case !e.Healthy:
			health = "unhealthy: " + oneLine(e.Detail)
		case e.Detail != "":
			health += "; " + oneLine(e.Detail)
		}
		fmt.Fprintf(w, "executor\t%s on %s, %s\n", e.Profile, e.Engine, health)
	}
	printCards(w, s)
	phases := make([]string, 0, len(s.Assignments))
	for phase := range s.Assignments {
		phases = append(phases, phase)
	}
	slices.Sort(phases)
	for _, phase := range phases {
		fmt.Fprintf(w, "%s\t%d\n", phase, s.Assignments[phase])
	}
	if text := trafficOf(s); text != "" {
		fmt.Fprintf(w, "line\t%s\n", text)
	}
	if s.Undelivered > 0 {
		fmt.Fprintf(w, "not delivered\t%d accepted results, which are sent again until work.retention ends; see thetaedge jobs\n", s.Undelivered)
	}
	for _, p := range s.Passed {
		draws := "1 draw"
		if p.Draws > 1 {
			draws = fmt.Sprintf("%d draws", p.Draws)
		}
		fmt.Fprintf(w, "passed over\t%s of %s: %s\n", draws, p.JobId, oneLine(p.Reason))
	}
	if s.LastError != "" {
		fmt.Fprintf(w, "last error\t%s (%s)\n", oneLine(s.LastError), s.LastErrorAt.AsTime().Local().Format(time.DateTime))
	}
	return w.Flush()
}

// noteOf says what an assignment waits for, whether its outputs are delivered, what went
// wrong, and why the program failed.
func noteOf(a *sidecarv1.Assignment) string {
	var notes []string
	switch {
	case a.Tasks > 0 && a.TasksDone < a.Tasks:
		notes = append(notes, fmt.Sprintf("%d of %d tasks done", a.TasksDone, a.Tasks))
	case a.Tasks > 0:
		notes = append(notes, fmt.Sprintf("%d tasks", a.Tasks))
	}
	if a.FuelLimit > 0 {
		notes = append(notes, fmt.Sprintf("%.1f%% of its fuel used", 100*float64(a.Fuel)/float64(a.FuelLimit)))
	}
	if a.WaitsFor != "" {
		notes = append(notes, "waits for "+a.WaitsFor)
	}
	if a.Delivery != "" {
		note := a.Delivery
		if a.NextDeliveryAt != nil {
			note += ", next try at " + a.NextDeliveryAt.AsTime().Local().Format(time.TimeOnly)
		}
		notes = append(notes, note)
	}
	if a.LastError != "" {
		notes = append(notes, a.LastError)
	}
	if a.Detail != "" {
		notes = append(notes, "the program: "+a.Detail)
	}
	return oneLine(strings.Join(notes, "; "))
}

// oneLine shows a text to which other parties contributed, such as the server of a sink. It
// drops what would move a terminal's cursor or begin another line.
func oneLine(text string) string {
	return strings.Join(strings.Fields(blob.Printable(text)), " ")
}

// shownAmount formats an amount of base units for people. Text that is not an amount is
// returned unchanged.
func shownAmount(text string) string {
	amount, err := money.ParseAmount(text + params.BaseDenom)
	if err != nil {
		return text
	}
	return money.FormatAmount(amount)
}

func printJobs(out io.Writer, res *sidecarv1.JobsResponse) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "JOB\tTASK\tROUND\tPHASE\tEXIT\tOUTCOME\tPAID\tSLASHED\tWALL\tNOTE")
	for _, a := range res.Assignments {
		wall := ""
		if a.WallMs > 0 {
			wall = (time.Duration(a.WallMs) * time.Millisecond).String() //nolint:gosec // far below
		}
		exit := ""
		if a.Digest != "" {
			exit = fmt.Sprint(int32(a.ExitCode)) //nolint:gosec // the bits are meant: -1 is the code of programs that did not exit
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			a.JobId, a.Task, a.Round, a.Phase, exit, a.Outcome, earnings.PayText(a.Paid, a.Denom), shownAmount(a.Slashed), wall, noteOf(a))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if res.NextPageToken != "" {
		fmt.Fprintf(out, "\nmore: --page %s\n", res.NextPageToken)
	}
	return nil
}
