// Package cmd holds the commands of thetaedge.
package cmd

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/cmd/internal/decimal"
	"github.com/thetaedge/theta/sidecar/config"
)

const flagHome = "home"

// Root returns the command with all others below it.
func Root() (*cobra.Command, error) {
	root := &cobra.Command{
		Use:   "thetaedge",
		Short: "Run an edge node that sells this machine's idle compute on Theta Edge",
		Long: `thetaedge runs an edge node: it claims tasks, runs them in a sandbox, proves its results
and is paid for them.

  thetaedge keys add NAME            make the operator's key
  thetaedge init                     detect the hardware, create a worker key
  thetaedge hardware                 show the devices, their state and their health
  thetaedge doctor                   show what is missing
  thetaedge bench --write            measure what the machine can promise
  thetaedge register --from KEY      bond and open the node
  thetaedge start                    work
  thetaedge service install          let the system run it
  thetaedge why                      say why the node earns what it earns
  thetaedge earnings                 show what it has earned
  thetaedge operator                 claim, bond, resume, unjail, retire
  thetaedge dashboard                see it in a browser
  thetaedge update                   look for a newer version`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().String(flagHome, config.DefaultHome(), "folder of the settings, the worker key and the journal")
	withSettings := []*cobra.Command{
		doctorCommand(), registerCommand(), startCommand(), statusCommand(), whyCommand(), jobsCommand(), exportCommand(),
		benchCommand(), alertsCommand(), payoutCommand(), earningsCommand(), updateCommand(),
	}
	for _, command := range withSettings {
		if err := config.AddFlags(command.Flags()); err != nil {
			return nil, err
		}
		hideSettings(command)
	}
	root.AddCommand(
		hardwareCommand(), initCommand(), relayCommand(), modelCommand(), versionCommand(), pauseCommand(), resumeCommand(),
		dashboardCommand(), serviceCommand(), fleetCommand(), settingsCommand(), uninstallCommand(), keysCommand(), operatorCommand(), receiptCommand(),
	)
	root.AddCommand(withSettings...)
	decimal.Flags(root)
	return root, nil
}

// hideSettings keeps a command's help short, because config.toml explains the settings.
func hideSettings(command *cobra.Command) {
	keys, err := config.Keys()
	if err != nil {
		return
	}
	for _, key := range keys {
		if flag := command.Flags().Lookup(key); flag != nil {
			flag.Hidden = true
		}
	}
	command.Long = joinParagraphs(command.Long,
		"Every setting of config.toml is also a flag: --chain.grpc 127.0.0.1:9090 and so on.")
}

func joinParagraphs(first, second string) string {
	if first == "" {
		return second
	}
	return first + "\n\n" + second
}

// homeOf returns the absolute path of a command's home.
func homeOf(command *cobra.Command) (string, error) {
	home, err := command.Flags().GetString(flagHome)
	if err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(home)
	if err != nil {
		return "", fmt.Errorf("home %q: %w", home, err)
	}
	return absolute, nil
}
