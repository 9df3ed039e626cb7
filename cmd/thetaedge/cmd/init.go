package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/config"
)

func initCommand() *cobra.Command {
	var grpcAddress, chainID, backend, passphraseFile string
	command := &cobra.Command{
		Use:     "init",
		Short:   "Detect the hardware and make a home with settings and a worker key",
		Example: "thetaedge init --grpc node.example:9090",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			settings := config.Default()
			settings.Chain.GRPC, settings.Chain.ID = grpcAddress, chainID
			settings.Keyring = config.Keyring{Backend: backend, PassphraseFile: passphraseFile}
			machine := detect()
			worker, err := makeHome(command, home, settings)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			for _, line := range describe(machine) {
				fmt.Fprintln(out, line)
			}
			fmt.Fprintf(out, "\nhome       %s\nworker     %s\n\nNext: thetaedge doctor --home %s\nThen: thetaedge register --from KEY --keyring-dir DIR --home %s\n",
				home, worker, client.ShellQuote(home), client.ShellQuote(home))
			return nil
		},
	}
	defaults := config.Default()
	flags := command.Flags()
	flags.StringVar(&grpcAddress, "grpc", defaults.Chain.GRPC, "gRPC endpoint of a node")
	flags.StringVar(&chainID, "chain-id", "", "chain to work for; empty takes the node's")
	flags.StringVar(&backend, "keyring-backend", defaults.Keyring.Backend, "where the worker key is kept: test, file or os")
	flags.StringVar(&passphraseFile, "keyring-passphrase-file", "", "passphrase of the file keyring")
	return command
}

// makeHome writes the settings and makes the worker key; what is there already
// is never overwritten.
func makeHome(command *cobra.Command, home string, settings config.Config) (string, error) {
	if err := settings.Validate(); err != nil {
		return "", err
	}
	settingsFile := filepath.Join(home, config.FileName)
	if _, err := os.Stat(settingsFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("cannot tell whether there is a home at %s: %w", home, osfault.Explain(settingsFile, err))
	} else if err == nil {
		return "", fmt.Errorf("expected no home at %s yet, found one; keep it, or choose another --home", home)
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return "", fmt.Errorf("cannot create the home: %w", osfault.Explain(home, err))
	}
	codec, err := chain.NewCodec()
	if err != nil {
		return "", err
	}
	ring, err := chain.OpenKeyring(chain.KeyringConfig{
		Dir: home, Backend: settings.Keyring.Backend, PassphraseFile: settings.Keyring.PassphraseFile, Input: command.InOrStdin(),
	}, codec)
	if err != nil {
		return "", err
	}
	worker, err := chain.CreateWorkerKey(ring)
	if err != nil {
		return "", err
	}
	// The settings come last: a home is complete once they are there.
	return worker.String(), config.Write(home, settings)
}
