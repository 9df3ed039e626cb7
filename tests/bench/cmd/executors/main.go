// Command executors compares language models on this machine with llama.cpp, and measures the cost of traces and
// guards, the time to load a model, and what a worker process adds to a job. It prints a table and
// writes a report.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"

	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tests/bench/executors"
)

func main() {
	if code, guest := executors.Guest(os.Args); guest {
		os.Exit(code)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "executors:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	name := flag.String("scale", "full", "how much to do: tiny, small, normal or full")
	out := flag.String("out", "build/bench/executors.json", "file of the report")
	dir := flag.String("dir", "build/bench", "folder for models while they are measured, and for llama.cpp")
	parts := flag.String("parts", "", "what to measure of "+strings.Join(executors.Parts(), ",")+"; without it all")
	llama := flag.Bool("llama", true, "compare with llama.cpp, which npm installs")
	vectors := flag.String("vectors", "", "the best instructions of the processor that we use; without it the best of all")
	profile := flag.String("cpuprofile", "", "file of a CPU profile")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	scale, err := executors.ScaleOf(*name)
	if err != nil {
		return err
	}
	o := executors.Options{Scale: scale, Dir: *dir, WithoutLlama: !*llama}
	if o.Vectors, err = vectorsOf(*vectors); err != nil {
		return err
	}
	o.Progress = func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	if *parts != "" {
		o.Parts = strings.Split(*parts, ",")
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
	report, err := executors.Run(ctx, o)
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

// vectorsOf returns instructions that this processor has by their name, and the best ones without a name.
func vectorsOf(name string) (cpu.Vectors, error) {
	all := cpu.Available()
	for _, v := range all {
		if v.String() == name {
			return v, nil
		}
	}
	if name != "" {
		return 0, fmt.Errorf("-vectors: expected one of %q, found %q", all, name)
	}
	return all[len(all)-1], nil
}
