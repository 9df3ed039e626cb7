package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/drand"
)

const (
	flagKey     = "key"
	flagListen  = "listen"
	flagPeriod  = "period"
	flagGenesis = "genesis-time"

	// signerTimeout is the most time that the signer takes to read a request and to write
	// its reply.
	signerTimeout = 5 * time.Second
)

// BeaconCommand groups the commands that supply the chain's beacon.
func BeaconCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "beacon",
		Short: "Supply the chain's randomness beacon with rounds",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(beaconRelayCommand(), beaconKeygenCommand(), beaconSignerCommand())
	return cmd
}

func beaconKeygenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "keygen",
		Short:   "Create a key for a devnet's beacon signer and print its public key",
		Example: "thetad beacon keygen --key beacon.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := cmd.Flags().GetString(flagKey)
			if err != nil {
				return err
			}
			key, err := drand.CreateKey(path)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), key.Public())
			return err
		},
	}
	cmd.Flags().String(flagKey, "beacon.json", "key file to create; an existing file is not overwritten")
	return cmd
}

func beaconSignerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "signer",
		Short: "Serve a devnet's own beacon rounds in the format of drand's HTTP API",
		Long: "Serve a devnet's own beacon rounds in the format of drand's HTTP API. The holder of the key can\n" +
			"compute all future rounds, so a public network follows drand instead.",
		Example: "thetad beacon signer --key beacon.json --listen 127.0.0.1:8081 --period 1s --genesis-time 1767225600",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			signer, err := signerFromFlags(cmd)
			if err != nil {
				return err
			}
			listen, err := cmd.Flags().GetString(flagListen)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return serveSigner(ctx, cmd, signer, listen)
		},
	}
	cmd.Flags().String(flagKey, "beacon.json", "key file, created by thetad beacon keygen")
	cmd.Flags().String(flagListen, "127.0.0.1:8081", "address to listen on; with port 0 the system chooses a free port")
	cmd.Flags().Duration(flagPeriod, 3*time.Second, "time between rounds in whole seconds; must equal the chain's period_seconds")
	cmd.Flags().Int64(flagGenesis, 0, "Unix time of round 1; must equal the chain's genesis_time")
	if err := cmd.MarkFlagRequired(flagGenesis); err != nil {
		panic(err)
	}
	return cmd
}

func signerFromFlags(cmd *cobra.Command) (*drand.Signer, error) {
	path, err := cmd.Flags().GetString(flagKey)
	if err != nil {
		return nil, err
	}
	period, err := cmd.Flags().GetDuration(flagPeriod)
	if err != nil {
		return nil, err
	}
	genesis, err := cmd.Flags().GetInt64(flagGenesis)
	if err != nil {
		return nil, err
	}
	key, err := drand.LoadKey(path)
	if err != nil {
		return nil, err
	}
	return drand.NewSigner(key, period, genesis)
}

// serveSigner serves until the context ends.
func serveSigner(ctx context.Context, cmd *cobra.Command, signer *drand.Signer, listen string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           signer.Handler(),
		ReadHeaderTimeout: signerTimeout,
		ReadTimeout:       signerTimeout,
		WriteTimeout:      signerTimeout,
		MaxHeaderBytes:    16 << 10,
	}
	info := signer.Info()
	cmd.Printf("beacon signer on http://%s\n  public_key %s\n  period_seconds %d\n  genesis_time %d\n  chain hash %s\n",
		listener.Addr(), info.PublicKey, info.Period, info.GenesisTime, info.Hash)

	stopped := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), signerTimeout)
		defer cancel()
		_ = server.Shutdown(grace)
	})
	defer stopped()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
