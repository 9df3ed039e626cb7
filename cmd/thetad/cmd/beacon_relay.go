package cmd

import (
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	clienttx "github.com/cosmos/cosmos-sdk/client/tx"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/drand"
)

const (
	flagEndpoint = "endpoint"
	flagMaxAge   = "max-age"

	// relayGasAdjustment leaves room for state that changes between the
	// simulation and the block.
	relayGasAdjustment = 1.2
)

func beaconRelayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "relay",
		Short: "Submit the beacon rounds that the chain waits for",
		Long: "Submit the beacon rounds that the chain waits for. The rounds come from endpoints that speak the\n" +
			"format of drand's HTTP API. The relay verifies every signature before it spends gas on a round. The\n" +
			"chain reimburses the first valid submission of a recent round. Several relays may run concurrently.",
		Example: "thetad beacon relay --from relay --endpoint https://api.drand.sh/52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
		Args:    cobra.NoArgs,
		RunE:    runRelay,
	}
	flags.AddTxFlagsToCmd(cmd)
	cmd.Flags().StringArray(flagEndpoint, nil, "endpoint in drand's format, with or without the chain hash; may be repeated")
	cmd.Flags().Uint64(flagMaxAge, 0, "number of rounds behind the newest round after which this relay leaves gaps to other relays; 0 means no limit")
	for _, name := range []string{flagEndpoint, flags.FlagFrom} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return cmd
}

func runRelay(cmd *cobra.Command, _ []string) error {
	clientCtx, err := client.GetClientTxContext(cmd)
	if err != nil {
		return err
	}
	if clientCtx.Offline || clientCtx.GenerateOnly || clientCtx.Simulate {
		return errors.New("expected a node to submit to, found --offline, --generate-only or --dry-run; leave these flags out")
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	source, err := relaySource(cmd, log)
	if err != nil {
		return err
	}
	node, err := relayNode(cmd, clientCtx)
	if err != nil {
		return err
	}
	maxAge, err := cmd.Flags().GetUint64(flagMaxAge)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	log.Info("relay started", "chain", clientCtx.ChainID, "submitter", clientCtx.FromAddress.String())
	return drand.NewRelay(source, node, log, maxAge).Run(ctx)
}

func relaySource(cmd *cobra.Command, log *slog.Logger) (drand.Source, error) {
	endpoints, err := cmd.Flags().GetStringArray(flagEndpoint)
	if err != nil {
		return nil, err
	}
	sources := make([]drand.Source, 0, len(endpoints))
	for _, endpoint := range endpoints {
		source, err := drand.NewClient(endpoint)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return drand.NewPool(log, sources...), nil
}

// relayNode sets what the relay needs and the usual transaction flags leave unset: the
// chain's minimum gas price, and a gas limit from simulation.
func relayNode(cmd *cobra.Command, clientCtx client.Context) (*drand.Node, error) {
	set := cmd.Flags()
	factory, err := clienttx.NewFactoryCLI(clientCtx, set)
	if err != nil {
		return nil, err
	}
	if !set.Changed(flags.FlagGasPrices) && !set.Changed(flags.FlagFees) {
		factory = factory.WithGasPrices(fmt.Sprintf("%d%s", params.DefaultMinGasPrice, params.BaseDenom))
	}
	if !set.Changed(flags.FlagGasAdjustment) {
		factory = factory.WithGasAdjustment(relayGasAdjustment)
	}
	gas := uint64(0)
	if set.Changed(flags.FlagGas) && !factory.SimulateAndExecute() {
		gas = factory.Gas()
	}
	return drand.NewNode(clientCtx, factory, gas), nil
}
