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
	timeline, verbose                  bool
}

func main() {
	var s settings
	flag.StringVar(&s.dir, "dir", filepath.Join("build", "rate"), "folder for the networks; that of an earlier run is emptied")
	flag.StringVar(&s.bin, "bin", "build", "folder with the programs thetad and thetaedge")
	flag.StringVar(&s.out, "out", filepath.Join("build", "rate.json"), "file for the report")
	flag.StringVar(&s.scale, "scale", "small", "small takes three minutes, full about half an hour")
	flag.StringVar(&s.nodes, "nodes", "", "numbers of edge nodes, such as 3,9 (default: those of the scale)")
	flag.StringVar(&s.loads, "loads", "", "what is run instead of the loads of the scale: TIME:TASKS[:LOOSE[:CHUNK]], separated by commas, such as 1ms:3000:1:auto")
	flag.IntVar(&s.slots, "slots", devnet.DefaultOptions().Slots, "programs that a node runs at once")
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
	nodes, loads, err := rate.Scale(s.scale, turn)
	if err != nil {
		return err
	}
	if s.nodes != "" {
		nodes = nil
		for text := range strings.SplitSeq(s.nodes, ",") {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return fmt.Errorf("nodes: expected numbers such as 3,9, found %q", s.nodes)
			}
			nodes = append(nodes, n)
		}
	}
	if s.loads != "" {
		if loads, err = rate.ParseLoads(s.loads, turn); err != nil {
			return err
		}
	}
	report := rate.NewReport(turn)
	for _, n := range nodes {
		options := rate.Options{Options: devnet.DefaultOptions(), Loads: loads, Timeline: s.timeline, Out: os.Stdout}
		options.Dir, options.Bin, options.Nodes, options.Slots, options.Log = s.dir, s.bin, n, s.slots, io.Discard
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
