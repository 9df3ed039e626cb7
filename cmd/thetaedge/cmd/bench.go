package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/sidecar/bench"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/config"
)

// benchFlags are those of the bench command.
type benchFlags struct {
	profile     string
	seconds     uint32
	blockTime   time.Duration
	json, write bool
}

// usualBlockTime is the time between two blocks of the chain.
const usualBlockTime = 1500 * time.Millisecond

func benchCommand() *cobra.Command {
	f := &benchFlags{}
	command := &cobra.Command{
		Use:     "bench",
		Short:   "Measure how much fuel of each profile this machine burns, and what it can promise",
		Example: "thetaedge bench --write\nthetaedge bench --profile tensor/1 --seconds 60 --json",
		Long: `bench runs programs of its own as programs of requesters are run, policy.max-jobs at once, and
shows how much fuel each of them burns in a second: for wasm/1 small loops, for tensor/1 every
operation in the shapes that take the most time for their fuel, and steps of a language model on the
node's device. The slowest one, less a quarter in reserve, is what the node can promise between two
blocks; --write sets policy.fuel-per-block to it.

Stop the node first. While it runs programs, the figures are lower.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			n, err := openSettings(command)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(command.Context(), stopSignals(true)...)
			defer stop()
			err = f.run(ctx, command, n)
			if ctx.Err() != nil {
				return errors.New("stopped before the end; nothing was written")
			}
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&f.profile, "profile", "", "profile to measure, e.g. tensor/1; empty means all that this machine can run")
	flags.Uint32Var(&f.seconds, "seconds", 25, "about how long to measure, in seconds; slow machines take longer")
	flags.DurationVar(&f.blockTime, "block-time", usualBlockTime, "time between two blocks of the chain")
	flags.BoolVar(&f.json, "json", false, "print JSON instead of tables")
	flags.BoolVar(&f.write, "write", false, "set policy.fuel-per-block of the measured profiles in config.toml")
	return command
}

// benchReport is what bench prints as JSON.
type benchReport struct {
	// Processor is the name of the processor.
	Processor string  `json:"processor"`
	BlockTime float64 `json:"block_seconds"`
	// NodeRuns reports whether the node of this home ran meanwhile, so that the figures may be
	// lower than they are without it.
	NodeRuns bool          `json:"node_runs"`
	Profiles []benchResult `json:"profiles"`
}

type benchResult struct {
	*bench.Speeds

	FuelPerBlock uint64 `json:"fuel_per_block"`
}

func (f *benchFlags) run(ctx context.Context, command *cobra.Command, n *node) error {
	asked := profiles.Names()
	switch {
	case f.profile != "" && !profiles.Known(f.profile):
		return fmt.Errorf("--profile: expected one of %s, found %q", strings.Join(asked, ", "), f.profile)
	case f.profile != "":
		asked = []string{f.profile}
	}
	if f.blockTime < time.Millisecond || f.blockTime > time.Hour {
		return fmt.Errorf("--block-time: expected 1ms to 1h, found %s", f.blockTime)
	}
	say := command.ErrOrStderr()
	found := &benchReport{Processor: detect().CPUModel, BlockTime: f.blockTime.Seconds()}
	if running := daemonAnswers(ctx, n.home); running != "" {
		found.NodeRuns = true
		fmt.Fprintf(say, "The node runs (%s). While it runs programs, the figures are lower: stop it first, or pause it and wait until thetaedge jobs shows that nothing runs.\n", running)
	}
	times := f.times(asked)
	for i, profile := range asked {
		fmt.Fprintf(say, "measuring %s, %d programs at once, about %s\n", profile, n.config.Policy.MaxJobs, times[i].Round(time.Second))
		speeds, err := measureSpeeds(ctx, n, profile, times[i])
		switch {
		case err != nil && f.profile == "" && profile != wasm.Profile && ctx.Err() == nil:
			fmt.Fprintf(say, "%s is left out, because this machine cannot run it: %v\n", profile, err)
			continue
		case err != nil:
			return err
		}
		rate := speeds.FuelPerBlock(f.blockTime)
		if rate == 0 {
			return fmt.Errorf("%s: this machine burns less than one unit of fuel between two blocks of %s; it cannot take jobs of the profile in time", profile, f.blockTime)
		}
		found.Profiles = append(found.Profiles, benchResult{speeds, rate})
	}
	if err := f.print(command.OutOrStdout(), found); err != nil {
		return err
	}
	return f.finish(say, n, found)
}

// times divides the time among the profiles. There are more operations of tensors than programs of
// wasm/1.
func (f *benchFlags) times(asked []string) []time.Duration {
	whole := time.Duration(f.seconds) * time.Second
	if len(asked) == 1 {
		return []time.Duration{whole}
	}
	times := make([]time.Duration, len(asked))
	for i, profile := range asked {
		times[i] = whole * 4 / 5 / time.Duration(len(asked)-1)
		if profile == wasm.Profile {
			times[i] = whole / 5
		}
	}
	return times
}

// measureSpeeds measures a profile in a folder of its own.
func measureSpeeds(ctx context.Context, n *node, profile string, about time.Duration) (speeds *bench.Speeds, err error) {
	dir, err := os.MkdirTemp(n.home, "bench-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for the programs: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	engine, err := newWorkers(n, profile, filepath.Join(dir, "workers"), n.config.Policy.MaxJobs, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	return bench.Measure(ctx, bench.Config{Executor: engine, Places: n.config.Policy.MaxJobs, Dir: dir, Time: about})
}

func (f *benchFlags) print(out io.Writer, found *benchReport) error {
	if f.json {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(found)
	}
	for _, result := range found.Profiles {
		fmt.Fprintf(out, "\n%s on %s by %s, %d programs at once, each:\n\n", result.Profile, found.Processor, result.Engine, result.Places)
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "program\tshape\tmillion fuel/s\ttimes the slowest")
		for _, speed := range result.Speeds.Speeds {
			apart := ""
			if speed.Apart {
				apart = ", does not count"
			}
			fmt.Fprintf(table, "%s\t%s\t%.0f\t%.2f%s\n", speed.Name, speed.Shape, float64(speed.FuelPerSecond)/1e6, speed.Times, apart)
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(out, "\nThe slowest, less a quarter, between two blocks of %s: %d fuel of %s\n",
			time.Duration(found.BlockTime*float64(time.Second)), result.FuelPerBlock, result.Profile)
	}
	return nil
}

// finish writes the rates, or says how they are written.
func (f *benchFlags) finish(say io.Writer, n *node, found *benchReport) error {
	settings, err := n.config.Policy.Rates()
	if err != nil {
		return err
	}
	rates := map[string]uint64{}
	for _, profile := range profiles.Names() {
		rates[profile] = settings.Rate(profile)
	}
	for _, result := range found.Profiles {
		rates[result.Profile] = result.FuelPerBlock
	}
	if !f.write {
		fmt.Fprintf(say, "\nNothing was written. The setting would be policy.fuel-per-block = %q; write it with: thetaedge bench --write --home %s\n",
			strings.Join(config.RateList(rates), ","), client.ShellQuote(n.home))
		return nil
	}
	if err := config.SetRates(n.home, rates); err != nil {
		return err
	}
	fmt.Fprintf(say, "\npolicy.fuel-per-block = %q is in %s. Restart the node, and declare the rates with: %s --home %s\n",
		strings.Join(config.RateList(rates), ","), filepath.Join(n.home, config.FileName), bid.Register, client.ShellQuote(n.home))
	return nil
}
