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
	"github.com/thetaedge/theta/client/tx"
	"github.com/thetaedge/theta/drand"
)

const (
	flagEndpoint = "endpoint"
	flagMaxAge   = "max-age"
	flagMaxGas   = "max-gas"

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
	cmd.Flags().Uint64(flagMaxGas, drand.DefaultMaxGas, "most gas of a transaction that the node simulates; nothing is signed for more")
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

// relayNode reads the transaction flags, and sets what the relay needs and they leave unset:
// the chain's minimum gas price, and a gas limit from simulation.
func relayNode(cmd *cobra.Command, clientCtx client.Context) (*drand.Node, error) {
	set := cmd.Flags()
	for _, name := range []string{flags.FlagTimeoutHeight, flags.FlagFeePayer, flags.FlagUnordered} {
		if set.Changed(name) {
			return nil, fmt.Errorf("--%s: the relay signs many transactions alone, each with a sequence and a timeout height of its own; leave it out", name)
		}
	}
	keys := signing{ctx: clientCtx}
	signer, err := keys.readSigner(set)
	if err != nil {
		return nil, err
	}
	if _, elsewhere := signer.(*tx.Account); elsewhere {
		return nil, fmt.Errorf("--%s %s: %w: its key is a multisig or is not in this keyring; name another key", flags.FlagFrom, clientCtx.From, tx.ErrCannotSign)
	}
	factory, err := clienttx.NewFactoryCLI(clientCtx, set)
	if err != nil {
		return nil, err
	}
	if !set.Changed(flags.FlagGasPrices) && !set.Changed(flags.FlagFees) {
		factory = factory.WithGasPrices(fmt.Sprintf("%d%s", params.DefaultMinGasPrice, params.BaseDenom))
	}
	maxGas, err := set.GetUint64(flagMaxGas)
	if err != nil {
		return nil, err
	}
	terms := drand.Terms{
		MaxGas:    maxGas,
		GasPrices: factory.GasPrices(), Fees: factory.Fees(), GasAdjustment: relayGasAdjustment,
		Memo: factory.Memo(), Granter: clientCtx.FeeGranter,
	}
	if len(terms.GasPrices) > 0 && len(terms.Fees) > 0 {
		return nil, fmt.Errorf("expected --%s or --%s, found both; leave one out", flags.FlagGasPrices, flags.FlagFees)
	}
	if set.Changed(flags.FlagGasAdjustment) {
		terms.GasAdjustment = factory.GasAdjustment()
	}
	if set.Changed(flags.FlagGas) && !factory.SimulateAndExecute() {
		terms.Gas = factory.Gas()
	}
	return drand.NewNode(clientCtx, clientCtx.ChainID, signer, terms), nil
}
