// Command bench measures what verified tasks cost beside bank sends, prints a
// table and writes a report.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/pprof"

	"github.com/thetaedge/theta/tests/bench"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	name := flag.String("scale", "normal", "how much to do: tiny, small, normal or full")
	out := flag.String("out", "build/bench/report.json", "file of the report")
	cycles := flag.Int("cycles", 0, "measurements of each flow, in place of the scale's")
	sizes := flag.Int("sizes", 0, "how many of the scale's numbers of nodes to go through, 0 for all")
	profile := flag.String("cpuprofile", "", "file of a CPU profile; pprof -tagfocus=block=NAME shows one flow")
	flag.Parse()
	scale, err := bench.ScaleOf(*name)
	if err != nil {
		return err
	}
	if *cycles > 0 {
		scale.Cycles = *cycles
	}
	if *sizes > 0 {
		scale.Sizes = scale.Sizes[:min(*sizes, len(scale.Sizes))]
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
	report, err := bench.Run(scale, func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	})
	if err != nil {
		return err
	}
	if err := report.Print(os.Stdout); err != nil {
		return err
	}
	if err := report.Write(*out); err != nil {
		return err
	}
	fmt.Printf("\n%.0f seconds; report in %s\n", report.Seconds, *out)
	return nil
}
