// Command liar is an edge node that cheats, for the demo and the tests. It is built from the
// packages of the real node, with executors that do not do what they should: the texts of programs of
// wasm/1 are altered, and programs of tensor/1 run in turn with one flipped bit in the weights of their
// model, and without its last layer, where the text is nevertheless the right one. It notes below its
// home which lie it has told about which task. The real node does not have a switch for that. thetaedge creates and registers its home.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/store"
)

func main() {
	home := flag.String("home", "", "folder that thetaedge init has made")
	flag.Parse()
	params.SetSDKDefaults()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *home)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "liar:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, home string) (err error) {
	settings, err := config.Load(home, nil, nil)
	if err != nil {
		return err
	}
	journal, err := store.Open(home, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	executors, err := openExecutors(home, settings.Policy.MaxJobs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll(executors)) }()
	sender, uploads, closeConn, err := connect(home, settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeConn()) }()
	transfers, err := transfer.NewClient(transfer.ClientConfig{})
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	worker, err := agent.New(agent.Config{
		ChainID:    settings.Chain.ID,
		Chain:      sender,
		Journal:    journal,
		Transfers:  transfers,
		Uploads:    uploads,
		Executors:  executors,
		CacheDir:   filepath.Join(home, "cache"),
		CacheBytes: int64(settings.Work.Cache), //nolint:gosec // bounded when read
		WorkDir:    filepath.Join(home, "work"),
		Poll:       settings.Chain.Poll,
		Policy:     policyOf(settings.Policy),
		Logger:     logger,
	})
	if err != nil {
		return err
	}
	stopAPI, err := serve(ctx, settings, worker, journal, executors, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopAPI()) }()
	return worker.Run(ctx)
}

func policyOf(p config.Policy) bid.Policy {
	return bid.Policy{
		MaxJobs: p.MaxJobs, MaxMemoryBytes: uint64(p.MaxMemory), MaxDeviceBytes: uint64(p.MaxDevice),
		MaxInputBytes: uint64(p.MaxInput), MaxOutputBytes: uint64(p.MaxOutput),
	}
}

// connect returns the node's way to the chain, and what signs its uploads; both with the
// worker key.
func connect(home string, settings config.Config) (*chain.Sender, blob.Signer, func() error, error) {
	codec, err := chain.NewCodec()
	if err != nil {
		return nil, nil, nil, err
	}
	ring, err := chain.OpenKeyring(chain.KeyringConfig{Dir: home, Backend: settings.Keyring.Backend}, codec)
	if err != nil {
		return nil, nil, nil, err
	}
	key, err := chain.NewSigner(ring, chain.WorkerKey)
	if err != nil {
		return nil, nil, nil, err
	}
	conn, err := grpcnode.Dial(settings.Chain.GRPC)
	if err != nil {
		return nil, nil, nil, err
	}
	tx := chain.TxConfig{
		ChainID: settings.Chain.ID, GasAdjustment: settings.Tx.GasAdjustment, GasPriceFactor: settings.Tx.GasPriceFactor,
		TimeoutBlocks: settings.Tx.TimeoutBlocks, PollInterval: settings.Chain.Poll,
	}
	return chain.NewSender(conn, codec, key, tx, slog.New(slog.NewTextHandler(os.Stderr, nil))), chain.NewUploadSigner(key), conn.Close, nil
}
