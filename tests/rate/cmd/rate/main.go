// Command rate runs arrays of short and long tasks on a network of its own and prints how many
// tasks settle in a second, how busy the workers keep the processors, and how long each step of
// a chunk takes.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/thetaedge/theta/tests/devnet"
	"github.com/thetaedge/theta/tests/rate"
)

// settings are the flags.
type settings struct {
	dir, bin, out, scale, nodes, loads string
	slots                              int
	fuel                               uint64
	timeline, verbose                  bool
}

func main() {
	var s settings
	flag.StringVar(&s.dir, "dir", filepath.Join("build", "rate"), "folder for the networks; that of an earlier run is emptied")
	flag.StringVar(&s.bin, "bin", "build", "folder with the programs thetad and thetaedge")
	flag.StringVar(&s.out, "out", filepath.Join("build", "rate.json"), "file for the report")
	flag.StringVar(&s.scale, "scale", "small", "small takes three minutes, full about half an hour")
	flag.StringVar(&s.nodes, "nodes", "", "numbers of edge nodes, such as 3,9 (default: those of the scale)")
	flag.StringVar(&s.loads, "loads", "", "what is run instead of the loads of the scale: TIME:TASKS[:LOOSE[:CHUNK[:AUDIT]]], separated by commas, such as 1ms:3000:1:auto:10%")
	flag.IntVar(&s.slots, "slots", 1, "programs that a node runs at once")
	flag.Uint64Var(&s.fuel, "fuel-per-block", 0, "rate that nodes declare; 0 means half of what each program uses if all work at once")
	flag.BoolVar(&s.timeline, "timeline", false, "print a line for each chunk")
	flag.BoolVar(&s.verbose, "v", false, "print what the network does")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, s)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	turn, err := rate.Calibrate(ctx)
	if err != nil {
		return err
	}
	networks, err := networks(s, turn)
	if err != nil {
		return err
	}
	report := rate.NewReport(turn)
	for _, network := range networks {
		options := rate.Options{Options: devnet.DefaultOptions(), Loads: network.Loads, Timeline: s.timeline, Out: os.Stdout}
		options.Dir, options.Bin, options.Nodes, options.Slots, options.Log = s.dir, s.bin, network.Nodes, s.slots, io.Discard
		if options.FuelPerBlock = s.fuel; s.fuel == 0 {
			options.FuelPerBlock = rate.FuelPerBlock(turn, options.BlockPause, network.Nodes*s.slots, runtime.NumCPU())
		}
		if s.verbose {
			options.Log = os.Stdout
		}
		results, err := rate.Measure(ctx, options)
		report.Results = append(report.Results, results...)
		if err != nil {
			return errors.Join(err, write(s.out, report))
		}
	}
	fmt.Print(report)
	return write(s.out, report)
}

// networks returns what the flags ask for.
func networks(s settings, turn float64) ([]rate.Network, error) {
	networks, err := rate.Scale(s.scale, turn)
	if err != nil {
		return nil, err
	}
	if s.nodes != "" {
		loads := networks[0].Loads
		networks = nil
		for text := range strings.SplitSeq(s.nodes, ",") {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("nodes: expected numbers such as 3,9, found %q", s.nodes)
			}
			networks = append(networks, rate.Network{Nodes: n, Loads: loads})
		}
	}
	if s.loads == "" {
		return networks, nil
	}
	loads, err := rate.ParseLoads(s.loads, turn)
	for i := range networks {
		networks[i].Loads = loads
	}
	return networks, err
}

// write writes the report.
func write(path string, report *rate.Report) error {
	raw, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a report is no secret
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644) //nolint:gosec // a report is no secret
}
