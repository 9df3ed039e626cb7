// Command adversary plays hostile owners, requesters and validators against honest nodes and
// prints what each of them gained. It fails if one of them makes a profit, or if an outcome
// differs from the formulas.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/thetaedge/theta/tests/adversary"
)

func main() {
	var options adversary.Options
	flag.StringVar(&options.Dir, "dir", filepath.Join("build", "adversary"), "folder for the networks and report.json")
	flag.StringVar(&options.Bin, "bin", "build", "folder with the programs thetad and thetaedge")
	flag.StringVar(&options.Overfill, "overfill", filepath.Join("build", "bin", "overfill"), "program of the hostile validator")
	flag.StringVar(&options.LLM, "llm", filepath.Join("build", "llm.wasm"), "program that lets language models answer, as make llm builds it")
	flag.StringVar(&options.Model, "model", filepath.Join("models", "testdata", "prose"), "folder of the published model that it runs")
	only := flag.String("only", "", "behaviours to play, by parts of their names between commas; empty is all")
	limit := flag.Duration("limit", time.Hour, "how long all may take")
	flag.Parse()
	if *only != "" {
		options.Only = strings.Split(*only, ",")
	}
	options.Log = os.Stdout

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeoutCause(ctx, *limit, fmt.Errorf("not done within %s", *limit))
	err := run(ctx, options)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "adversary:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, options adversary.Options) error {
	begun := time.Now()
	report, err := adversary.Run(ctx, options)
	report.Table(os.Stdout)
	fmt.Println()
	report.Markdown(os.Stdout)
	path := filepath.Join(options.Dir, "report.json")
	err = errors.Join(err, report.Write(path))
	fmt.Printf("%d behaviours in %.0f s; %s\n", len(report.Rows), time.Since(begun).Seconds(), path)
	return errors.Join(err, report.Err())
}
