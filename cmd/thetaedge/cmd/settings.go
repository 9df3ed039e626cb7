package cmd

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/config"
)

func settingsCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "settings",
		Short: "Roll out settings that several machines share",
		Long: `settings compares the settings of a home with a file that several machines share, and applies it.
The file has the form of config.toml and contains only what is to be the same everywhere. It must not
contain chain.operator and [keyring], which belong to one machine.

A running daemon reads its settings again at SIGHUP (systemctl reload thetaedge), and when they are saved in the
dashboard. Those in [owner], [egress], [alerts] and [policy] then count at once, except policy.max-jobs,
max-memory, max-device and max-output. All others count from the next start of the daemon on.`,
	}
	command.AddCommand(settingsCheckCommand(), settingsApplyCommand(), settingsExportCommand(), settingsDesktopCommand())
	return command
}

func settingsCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "check FILE",
		Short:   "Say what a file of shared settings would change, and change nothing",
		Example: "thetaedge settings check shared.toml",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			_, err = draftOf(command.OutOrStdout(), home, args[0])
			return err
		},
	}
}

func settingsApplyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "apply FILE",
		Short: "Write a file of shared settings into config.toml",
		Long: `apply shows what changes and writes it into config.toml, which keeps its comments and its other
settings. Settings with which the daemon could not start are refused, and then nothing is written. It says
which ones count only after the daemon was started again.`,
		Example: "thetaedge settings apply shared.toml",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			draft, err := draftOf(command.OutOrStdout(), home, args[0])
			if err != nil || !draft.Changes() {
				return err
			}
			if err := draft.Write(); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "written; reload the daemon (SIGHUP) or restart it. If [policy] has changed, also run: %s --home %s\n", bid.Register, client.ShellQuote(home))
			return nil
		},
	}
}

func settingsDesktopCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "desktop",
		Short: "Write the rules for a computer that a person uses",
		Long: `desktop writes rules into [owner] of config.toml: the node works ten minutes after the last use of
keyboard and mouse, not while a program fills the screen, and not on the battery. Other rules stay.
thetaedge doctor says which of them this machine sees.`,
		Example: "thetaedge settings desktop",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			draft, err := draftWith(command.OutOrStdout(), home, config.DesktopRules())
			if err != nil {
				return fmt.Errorf("nothing was changed: %w", err)
			}
			if !draft.Changes() {
				return nil
			}
			if err := draft.Write(); err != nil {
				return fmt.Errorf("nothing was changed: %w", err)
			}
			fmt.Fprintln(command.OutOrStdout(), "written; reload the daemon (SIGHUP) or restart it")
			return nil
		},
	}
}

func settingsExportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Print the settings of this home that differ from the defaults, to share them",
		Long: `export prints what other machines can apply. It leaves out chain.operator and [keyring], which
belong to one machine, and alerts.targets, which has secrets.`,
		Example: "thetaedge settings export > shared.toml",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			text, err := config.Export(home)
			if err != nil {
				return err
			}
			_, err = command.OutOrStdout().Write(text)
			return err
		},
	}
}

// draftOf returns the settings of a home with those of a file, and prints what changes.
func draftOf(out io.Writer, home, file string) (config.Draft, error) {
	shared, err := config.ReadShared(file)
	if err != nil {
		return config.Draft{}, err
	}
	draft, err := draftWith(out, home, shared)
	if err != nil {
		return config.Draft{}, fmt.Errorf("%s cannot be applied: %w", file, err)
	}
	return draft, nil
}

// draftWith returns the settings of a home with other values, and prints what changes.
func draftWith(out io.Writer, home string, shared map[string]string) (config.Draft, error) {
	before, err := config.Values(home)
	if err != nil {
		return config.Draft{}, err
	}
	draft, err := config.NewDraft(home, os.Environ(), shared)
	if err != nil {
		return config.Draft{}, err
	}
	changes := 0
	for _, key := range slices.Sorted(maps.Keys(shared)) {
		if shared[key] == before[key] {
			continue
		}
		changes++
		later := ""
		if !config.Reloadable(key) {
			later = " (after a restart)"
		}
		if config.Secret(key) {
			fmt.Fprintf(out, "%s: changes; it has secrets and is not shown%s\n", key, later)
			continue
		}
		fmt.Fprintf(out, "%s: %s -> %s%s\n", key, shownSetting(before[key]), shownSetting(shared[key]), later)
	}
	if changes == 0 {
		fmt.Fprintf(out, "nothing would change: the %d settings are those of the home\n", len(shared))
	}
	return draft, nil
}

// shownSetting returns the value of a setting on one line.
func shownSetting(value string) string {
	if value == "" {
		return "(empty)"
	}
	return oneLine(strings.ReplaceAll(value, "\n", ", "))
}
