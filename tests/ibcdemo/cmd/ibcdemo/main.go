// Command ibcdemo shows what chains do for each other, on two networks of real binaries on this
// machine and with a real relayer between them: coins go out and come back, an account of one chain
// runs a job on the other, and a voucher pays a job. It fails if a figure differs from the expected one.
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
	"syscall"
	"time"

	"github.com/thetaedge/theta/tests/devnet"
)

// Chain ids end in the number of the chain's revision, from which IBC clients tell restarts.
const (
	idA = "theta-ibc-a-1"
	idB = "theta-ibc-b-1"
)

// show is one run of the demonstration.
type show struct {
	dir     string
	a, b    *chain
	relayer *relayer
	program string
	model   string
	report  report
}

func main() {
	dir := flag.String("dir", filepath.Join("build", "ibc-demo"), "folder for the networks, the results and report.json")
	bin := flag.String("bin", "build", "folder with the programs thetad and thetaedge")
	relay := flag.String("relayer", filepath.Join("build", "tools", "relayer"), "program that carries packets")
	program := flag.String("program", filepath.Join("build", "textgen.wasm"), "program of the jobs")
	model := flag.String("model", filepath.Join("examples", "textgen", "model.bin"), "its input")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *dir, *bin, *relay, *program, *model)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ibcdemo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, bin, relay, program, model string) (err error) {
	begun := time.Now()
	s := &show{}
	for _, path := range []struct {
		into *string
		from string
	}{{&s.dir, dir}, {&s.program, program}, {&s.model, model}} {
		if *path.into, err = filepath.Abs(path.from); err != nil {
			return err
		}
	}
	fmt.Println("Starting two chains with edge nodes on this machine…")
	if s.a, err = start(ctx, filepath.Join(dir, "a"), bin, idA, 1); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.a.network.Stop()) }()
	if s.b, err = start(ctx, filepath.Join(dir, "b"), bin, idB, 3); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.b.network.Stop()) }()
	if s.relayer, err = s.connect(ctx, filepath.Join(s.dir, "relayer"), relay); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.relayer.stop()) }()

	for _, part := range []func(context.Context) error{s.transfers, s.account, s.voucher, s.unharmed} {
		if err := part(ctx); err != nil {
			return errors.Join(err, s.relayer.log())
		}
	}
	s.report.Seconds = time.Since(begun).Seconds()
	path := filepath.Join(dir, "report.json")
	if err := s.report.write(path); err != nil {
		return err
	}
	fmt.Printf("\nEvery figure is as expected, and all invariants of both chains hold. Report: %s (%.0f s in all)\n", path, s.report.Seconds)
	return nil
}

// start starts a network with fast votes.
func start(ctx context.Context, dir, bin, id string, nodes int) (*chain, error) {
	options := devnet.DefaultOptions()
	options.Dir, options.Bin, options.ChainID, options.Nodes, options.Log = dir, bin, id, nodes, io.Discard
	options.Params = map[string]map[string]any{"gov": {"voting_period": "12s", "expedited_voting_period": "6s"}}
	network, err := devnet.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	return &chain{network: network, thetad: filepath.Join(bin, "thetad")}, nil
}

// unharmed checks the money of both chains.
func (s *show) unharmed(ctx context.Context) error {
	s.report.Invariants = make(map[string]map[string]string)
	var errs []error
	for _, c := range []*chain{s.a, s.b} {
		found, err := c.network.Invariants(ctx)
		if err != nil {
			return err
		}
		s.report.Invariants[c.network.ChainID()] = found
		for name, state := range found {
			if state != devnet.Holds {
				errs = append(errs, fmt.Errorf("invariant %s of %s is broken: %s", name, c.network.ChainID(), state))
			}
		}
	}
	return errors.Join(errs...)
}

// report is the output for programs. Amounts are coins in base units.
type report struct {
	Transfer   transferReport               `json:"transfer"`
	Account    accountReport                `json:"interchain_account"`
	Voucher    voucherReport                `json:"voucher"`
	Invariants map[string]map[string]string `json:"invariants"`
	Seconds    float64                      `json:"seconds"`
}

func (r report) write(path string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644) //nolint:gosec // nothing secret
}
