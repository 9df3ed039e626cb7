// Command devnet runs a whole network on this machine until Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/thetaedge/theta/tests/devnet"
)

func main() {
	options := devnet.DefaultOptions()
	flag.StringVar(&options.Dir, "dir", options.Dir, "folder for everything; that of an earlier devnet is emptied")
	flag.StringVar(&options.Bin, "bin", options.Bin, "folder with the programs thetad and thetaedge")
	flag.IntVar(&options.Nodes, "nodes", options.Nodes, "edge nodes")
	flag.DurationVar(&options.BlockPause, "block-pause", options.BlockPause, "pause after each block")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, options); err != nil {
		fmt.Fprintln(os.Stderr, "devnet:", err)
		os.Exit(1) //nolint:gocritic // everything is stopped already
	}
}

func run(ctx context.Context, options devnet.Options) error {
	network, err := devnet.Start(ctx, options)
	if err != nil {
		return err
	}
	tell(network)
	var failure error
	select {
	case <-ctx.Done():
		fmt.Println("\nstopping")
	case failure = <-network.Failure():
	}
	return errors.Join(failure, network.Stop())
}

func tell(n *devnet.Devnet) {
	fmt.Printf(`
%s is up; Ctrl-C stops it.

  CometBFT RPC  %s
  gRPC          %s
  REST, docs    %s   %s/swagger/
  blob relay    %s
  beacon        %s
  faucet        %s
  keys          --home %s   (alice and bob have 10,000 tfuel)

Next:
  build/thetad compute run examples/textgen/job.yaml --relay %s \
      --from alice --home %s --wait --out build/result -y
  build/thetad compute verify JOB --out build/result --home %s
  build/thetad query bank balances %s --home %s
  curl -d '{"address":"theta1..."}' %s

Edge nodes:
`, n.ChainID(), n.RPC(), n.GRPC(), n.REST(), n.REST(), n.Relay(), n.Beacon(), n.Faucet(), n.Home(),
		n.Relay(), n.Home(), n.Home(), n.Address(devnet.Alice), n.Home(), n.Faucet())
	for _, node := range n.Nodes() {
		fmt.Printf("  %-8s %s   build/thetaedge status --home %s\n", node.Name, node.Operator, node.Home())
	}
}
