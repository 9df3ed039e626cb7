// Command soak runs a network of real programs for half an hour, kills its daemons, cuts its nodes
// off and starts the games of their owners. It writes what it has found to a report, and fails
// if an honest node or a requester has lost something.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/thetaedge/theta/tests/containers"
	"github.com/thetaedge/theta/tests/devnet"
	"github.com/thetaedge/theta/tests/soak"
)

func main() {
	options := soak.Options{Options: devnet.DefaultOptions(), Out: os.Stdout}
	options.ChainID = "theta-soak-1"
	// Three quorums of three, and as many audits, find room.
	options.Slots, options.Bond = 4, 120
	options.Log = io.Discard
	// Owners play often, and a day of their yields lasts some minutes here.
	options.Params = map[string]map[string]any{"edgenode": {"yield_window": "300"}}
	flag.StringVar(&options.Dir, "dir", filepath.Join("build", "soak", "network"), "folder for the network; that of an earlier run is emptied")
	flag.StringVar(&options.Bin, "bin", "build", "folder with the programs thetad and thetaedge, and with the examples' programs")
	flag.StringVar(&options.Examples, "examples", "examples", "folder with the example jobs")
	out := flag.String("out", filepath.Join("build", "soak", "report.json"), "file for the report")
	minutes := flag.Float64("minutes", 30, "minutes for which jobs are posted and nodes disturbed, at most 1440")
	flag.Uint64Var(&options.Seed, "seed", 0, "seed of all random choices; 0 takes one from the clock")
	flag.StringVar(&options.Engine, "engine", containers.Socket(), "socket of a container engine, such as unix:///run/docker.sock; without it no job runs in a container")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, options, *minutes, *out)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, options soak.Options, minutes float64, out string) error {
	const day = 1440
	if !(minutes > 0 && minutes <= day) {
		return fmt.Errorf("minutes: expected more than 0 and at most %d, found %g", day, minutes)
	}
	options.Length = time.Duration(minutes * float64(time.Minute))
	if options.Seed == 0 {
		options.Seed = uint64(time.Now().UnixNano()) //nolint:gosec // positive
	}
	fmt.Printf("soak: %g minutes, seed %d\n", minutes, options.Seed)
	report, err := soak.Run(ctx, options)
	if err != nil {
		report.Problems = append(report.Problems, err.Error())
	}
	fmt.Println(report)
	fmt.Println("report:", out)
	return errors.Join(err, report.Err(), report.Write(out))
}
