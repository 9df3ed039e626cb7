// Command bench measures the cost of verified tasks relative to bank sends, prints a table
// and writes a report.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"

	"github.com/thetaedge/theta/tests/bench"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const (
	// memoryLimit is the amount of memory, in bytes, from which on the collector works harder
	// instead of taking more.
	memoryLimit = 8 << 30
	// garbagePercent lets the heap grow to four times the memory in use. With gigabytes of
	// cache, the collector would otherwise take more time than the blocks.
	garbagePercent = 300
)

func run() (err error) {
	name := flag.String("scale", "full", "how much to do: tiny, small, normal or full")
	out := flag.String("out", "build/bench/report.json", "file of the report")
	dir := flag.String("dir", "build/bench", "folder for databases while they are measured")
	cycles := flag.Int("cycles", 0, "measurements of each flow, in place of the scale's")
	nodes := flag.String("nodes", "", "numbers of nodes, comma-separated, in place of the scale's")
	parts := flag.String("parts", "", "what to measure of "+strings.Join(bench.Parts(), ",")+"; without it all")
	flows := flag.String("flows", "", "flows to measure, comma-separated; without it all")
	profile := flag.String("cpuprofile", "", "file of a CPU profile; pprof -tagfocus=block=NAME shows one flow")
	flag.Parse()
	debug.SetMemoryLimit(memoryLimit)
	debug.SetGCPercent(garbagePercent)
	scale, err := bench.ScaleOf(*name)
	if err != nil {
		return err
	}
	if *cycles > 0 {
		scale.Cycles = *cycles
	}
	if *nodes != "" {
		if scale.Sizes, err = numbers(*nodes); err != nil {
			return fmt.Errorf("-nodes: %w", err)
		}
		scale.ParallelSizes = scale.Sizes
	}
	if *parts != "" {
		if err := scale.Only(strings.Split(*parts, ",")); err != nil {
			return fmt.Errorf("-parts: %w", err)
		}
	}
	if *flows != "" {
		if err := scale.OnlyFlows(strings.Split(*flows, ",")); err != nil {
			return fmt.Errorf("-flows: %w", err)
		}
	}
	progress := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	if len(scale.Steps()) > 1 {
		if *profile != "" {
			return fmt.Errorf("-cpuprofile: expected one part and one number of nodes, found %d steps", len(scale.Steps()))
		}
		report, err := bench.RunApart(scale, []string{"-scale", *name, "-cycles", strconv.Itoa(*cycles), "-flows", *flows}, *dir, progress)
		if err != nil {
			return err
		}
		return show(report, *out)
	}
	if *profile != "" {
		file, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // the profile is written before
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	report, err := bench.Run(scale, *dir, progress)
	if err != nil {
		return err
	}
	return show(report, *out)
}

// show prints a report and writes it to a file.
func show(report *bench.Report, out string) error {
	if err := report.Print(os.Stdout); err != nil {
		return err
	}
	if err := report.Write(out); err != nil {
		return err
	}
	fmt.Printf("\n%.0f seconds; report in %s\n", report.Seconds, out)
	return nil
}

func numbers(list string) ([]int, error) {
	var out []int
	for _, text := range strings.Split(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("expected numbers of 1 or more, found %q", text)
		}
		out = append(out, n)
	}
	return out, nil
}
