package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/sidecar/api"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/sidecar/why"
)

// whyTimeout is more than the daemon needs for an explanation.
const whyTimeout = 20 * time.Second

func whyCommand() *cobra.Command {
	output := outputText
	command := &cobra.Command{
		Use:   "why",
		Short: "Say why the node earns what it earns, and what to do",
		Long: `why names first what holds the node back most, with the cure, and then everything else that
holds. It asks the running daemon, which asks the chain. If no daemon answers, it asks the chain
itself. It changes nothing.`,
		Example: "thetaedge why --output json",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			n, err := openNode(command)
			if err != nil {
				return err
			}
			answer := explain(command.Context(), n)
			if output == outputJSON {
				err = printJSON(command.OutOrStdout(), answer)
			} else {
				err = printWhy(command.OutOrStdout(), answer)
			}
			return errors.Join(err, n.close())
		},
	}
	command.Flags().StringVar(&output, "output", outputText, "text or json")
	return command
}

// The forms of an answer.
const outputText, outputJSON = "text", "json"

func checkOutput(output string) error {
	if output == outputText || output == outputJSON {
		return nil
	}
	return fmt.Errorf("--output: expected text or json, found %q", output)
}

// explain returns the daemon's explanation, or one that is made here if no daemon explains.
func explain(parent context.Context, n *node) *sidecarv1.WhyResponse {
	ctx, cancel := context.WithTimeout(parent, whyTimeout)
	defer cancel()
	answer, state, problem := askWhy(ctx, n.home)
	if answer != nil {
		return answer
	}
	from := whySources(n, n.config.Chain.ID)
	from.Endpoints = func(ctx context.Context) []why.Endpoint {
		if n.conn.Several() {
			n.conn.Examine(ctx)
		}
		return endpointsOf(n)
	}
	from.Daemon = func() (why.Daemon, error) { return state, nil }
	if state.Running && state.Waiting == "" {
		from.Machine = func(context.Context) (why.Machine, error) { return why.Machine{}, problem }
	}
	return api.WhyOf(why.NewCollector(from).Collect(ctx))
}

// askWhy asks the daemon of a home. If it gives no explanation, askWhy returns what is known about
// the daemon, and the problem with one that runs.
func askWhy(ctx context.Context, home string) (*sidecarv1.WhyResponse, why.Daemon, error) {
	running, err := runningDaemon(home)
	if err != nil {
		return nil, why.Daemon{}, err
	}
	if running.Waiting != "" {
		return nil, why.Daemon{Running: running.alive(), Waiting: running.Waiting}, nil
	}
	conn, err := running.dial(home)
	if err != nil {
		return nil, why.Daemon{Running: running.alive()}, err
	}
	answer, err := sidecarv1.NewSidecarServiceClient(conn).Why(ctx, &sidecarv1.WhyRequest{})
	if err = errors.Join(err, conn.Close()); err != nil {
		return nil, why.Daemon{Running: running.alive()}, fmt.Errorf("the daemon at %s does not explain: %w; restart it if it is older than this program", running.GRPC, err)
	}
	return answer, why.Daemon{Running: true}, nil
}

// whySources returns where facts about a node come from. chainID is the chain that the node works
// for; "" if that is not known.
func whySources(n *node, chainID string) why.Sources {
	c := n.config
	settings := why.Settings{
		Home: client.ShellQuote(n.home), Endpoint: c.Chain.GRPC, ChainID: chainID, Operator: c.Chain.Operator,
		Worker: n.worker.Address().String(), Version: buildVersion(), Verifies: chain.Verify(c.Chain.Verify) != chain.VerifyNone,
	}
	// The settings were checked when they were read, so that these are amounts.
	settings.MinRewards, _ = c.Policy.Rewards()
	settings.GasPrice, _, _, _ = c.Fees.Caps()
	return why.Sources{
		Settings: settings, Chain: n.reader,
		Endpoints: func(context.Context) []why.Endpoint { return endpointsOf(n) },
		Daemon:    func() (why.Daemon, error) { return why.Daemon{Running: true}, nil },
		Paused:    func() bool { return isPaused(n.home) },
		FreeDisk:  func() (uint64, error) { return device.FreeBytes(n.home) },
		Now:       time.Now,
	}
}

// waitingSources returns where facts about a node come from whose daemon waits for the chain.
func waitingSources(n *node) why.Sources {
	from := whySources(n, n.config.Chain.ID)
	from.Daemon = func() (why.Daemon, error) {
		state := why.Daemon{Running: true}
		if running, err := runningDaemon(n.home); err == nil {
			state.Waiting = running.Waiting
		}
		return state, nil
	}
	return from
}

// daemonSources returns where the daemon's facts about its node come from.
func daemonSources(n *node, chainID string, journal *store.Journal) why.Sources {
	from := whySources(n, chainID)
	from.FeesToday = feesToday(n, journal)
	return from
}

// feesToday returns what fees.max-day leaves for today, from the journal of the daemon.
func feesToday(n *node, journal *store.Journal) func() (math.Int, bool, error) {
	return func() (math.Int, bool, error) {
		_, _, day, err := n.config.Fees.Caps()
		if err != nil || day.Denom == "" {
			return math.ZeroInt(), false, err
		}
		const secondsPerDay = 24 * 60 * 60
		spent, err := journal.Charged(time.Now().Unix() / secondsPerDay)
		if err != nil {
			return math.ZeroInt(), true, err
		}
		return math.MaxInt(day.Amount.Sub(math.NewIntFromBigInt(spent)), math.ZeroInt()), true, nil
	}
}

// printWhy prints the first finding as a sentence with its cure, and then the others.
func printWhy(out io.Writer, answer *sidecarv1.WhyResponse) error {
	var err error
	line := func(format string, args ...any) {
		if _, failed := fmt.Fprintf(out, format+"\n", args...); err == nil {
			err = failed
		}
	}
	for i, f := range answer.Findings {
		if i == 1 {
			line("")
			line("Also:")
		}
		mark, indent := "", "  "
		if i > 0 {
			mark, indent = "- ", "    "
		}
		line("%s%s", mark, oneLine(f.Sentence))
		if f.Cure != "" {
			line("%swhat to do: %s", indent, oneLine(f.Cure))
		}
		for _, text := range f.Evidence {
			line("%s%s", indent, oneLine(text))
		}
	}
	if answer.Height > 0 {
		line("")
		line("as of block %d, %s", answer.Height, answer.At.AsTime().Local().Format(time.DateTime))
	}
	return err
}
