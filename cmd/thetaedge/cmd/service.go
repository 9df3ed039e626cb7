package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/service"
)

const (
	flagServiceName = "name"
	flagSystem      = "system"
)

func serviceCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "service",
		Short: "Let the operating system run the node",
		Long: `service lets the operating system run the node: systemd on Linux, launchd on macOS, the
manager of services or the Task Scheduler on Windows. As root, or in a terminal of an administrator, it
is a service of the machine with an account of its own; as another user it is a service of that user.`,
	}
	command.PersistentFlags().String(flagServiceName, service.DefaultName, "name of the service; each node of a machine has another one")
	command.PersistentFlags().Bool(flagSystem, service.IsSystem(), "a service of the machine, not of this user")
	command.AddCommand(serviceInstallCommand(), serviceUninstallCommand(), serviceStatusCommand())
	return command
}

func serviceInstallCommand() *cobra.Command {
	dry, account := false, service.DefaultAccount
	command := &cobra.Command{
		Use:   "install",
		Short: "Install and start the service, or update it after an upgrade or a change of settings",
		Long: `install checks the settings of the home, writes the service's file, and enables and starts
the service. If a step fails, those before it are undone. Run it again after an upgrade of the
program or a change of work.drain-timeout. It refuses to replace a service of another home or
program, and one that something else installed.`,
		Example: "thetaedge service install --dry-run",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			supervisor, system, err := supervisorOf(command)
			if err != nil {
				return err
			}
			unit, err := unitOf(command, system, account)
			if err != nil {
				return err
			}
			plan, err := supervisor.Install(command.Context(), unit)
			if err != nil {
				return err
			}
			if dry {
				return plan.Show(command.OutOrStdout())
			}
			return install(command, supervisor, unit, plan)
		},
	}
	command.Flags().BoolVar(&dry, "dry-run", false, "only print the files and commands")
	command.Flags().StringVar(&account, "account", account, "account that runs a service of the machine")
	return command
}

// install carries out the plan of an installation.
func install(command *cobra.Command, supervisor service.Supervisor, unit service.Unit, plan service.Plan) error {
	if err := mayChange(unit.System); err != nil {
		return err
	}
	before, err := supervisor.State(command.Context())
	if err != nil {
		return err
	}
	if running, err := runningDaemon(unit.Home); err == nil && running.alive() && !before.Running {
		return fmt.Errorf("expected no daemon with home %s, found process %d, which the service could not run next to; stop it with Ctrl-C%s, then install the service", unit.Home, running.PID, orKill(running.PID))
	}
	if names := settingsOf(os.Environ()); len(names) > 0 {
		fmt.Fprintf(command.ErrOrStderr(), "the service does not see %s of this shell; write these settings into %s\n", strings.Join(names, ", "), filepath.Join(unit.Home, config.FileName))
	}
	if err := plan.Do(command.Context()); err != nil {
		return fmt.Errorf("the service was not installed: %w", err)
	}
	out := command.OutOrStdout()
	fmt.Fprintf(out, "installed and started: %s\n", before.Path)
	if advice := supervisor.Advice(command.Context()); advice != "" {
		fmt.Fprintln(out, advice)
	}
	return nil
}

// orKill names the command that stops a process in an orderly way. Windows has none.
func orKill(pid int) string {
	if runtime.GOOS == "windows" {
		return " in its window"
	}
	return fmt.Sprintf(" or kill %d", pid)
}

// settingsOf returns the names of settings in an environment.
func settingsOf(environ []string) []string {
	var names []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, config.EnvPrefix+"_") && name != config.EnvPrefix+"_HOME" && name != config.EnvReleases {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func serviceUninstallCommand() *cobra.Command {
	dry := false
	command := &cobra.Command{
		Use:   "uninstall",
		Short: "Stop the service and remove what install wrote",
		Long: `uninstall stops the service, which lets the node reveal its results for as long as
work.drain-timeout allows, and removes the service's file. The home with its key and journal stays.
A task that is not finished by its deadline costs bond: thetaedge jobs shows which ones the node
holds.`,
		Example: "thetaedge service uninstall --dry-run",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			supervisor, system, err := supervisorOf(command)
			if err != nil {
				return err
			}
			plan, err := supervisor.Uninstall(command.Context())
			if err != nil {
				return err
			}
			if dry {
				return plan.Show(command.OutOrStdout())
			}
			return uninstall(command, supervisor, system, plan)
		},
	}
	command.Flags().BoolVar(&dry, "dry-run", false, "only print the files and commands")
	return command
}

// uninstall carries out the plan of a removal, and says what stays.
func uninstall(command *cobra.Command, supervisor service.Supervisor, system bool, plan service.Plan) error {
	out := command.OutOrStdout()
	if len(plan) == 0 {
		fmt.Fprintln(out, "not installed; nothing was removed")
		return nil
	}
	if err := mayChange(system); err != nil {
		return err
	}
	before, err := supervisor.State(command.Context())
	if err != nil {
		return err
	}
	if err := plan.Do(command.Context()); err != nil {
		return fmt.Errorf("the service was not removed completely; run the same command again after this: %w", err)
	}
	fmt.Fprintf(out, "removed: %s\nthe home %s stays, with its settings, key and journal; to work again: thetaedge start --home %s\n", before.Path, before.Home, client.ShellQuote(before.Home))
	if leaves := supervisor.Leaves(); leaves != "" {
		fmt.Fprintln(out, "also stays:", leaves)
	}
	return nil
}

func serviceStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say in a line whether the service is installed, enabled, running and healthy",
		Long: `status says in a line whether the service is installed, starts by itself, runs, and whether
the daemon is healthy. If one of these is missing, it says what to do and exits with an error.`,
		Example: "thetaedge service status",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			supervisor, system, err := supervisorOf(command)
			if err != nil {
				return err
			}
			state, err := supervisor.State(command.Context())
			if err != nil {
				return err
			}
			home := state.Home
			if home == "" {
				if home, err = serviceHome(command, system); err != nil {
					return err
				}
			}
			return reportService(command.Context(), state, home, command.OutOrStdout())
		},
	}
}

// reportService writes the line of a service that is well. For another one, the line is the error.
func reportService(ctx context.Context, state service.State, home string, out io.Writer) error {
	line, well := state.Report(func() error { return healthOf(ctx, home) })
	if !well {
		return errors.New(line)
	}
	fmt.Fprintln(out, line)
	return nil
}

// healthOf asks the daemon of a home how it is.
func healthOf(ctx context.Context, home string) error {
	if _, err := os.Stat(filepath.Join(home, config.FileName)); errors.Is(err, os.ErrPermission) {
		cure := "run the command with sudo"
		if runtime.GOOS == "windows" {
			cure = "use a terminal of an administrator"
		}
		return fmt.Errorf("expected a home that this user can read, found %s; %s", home, cure)
	}
	settings, err := config.Load(home, nil, nil)
	if err != nil {
		return err
	}
	address := settings.API.HTTP
	// The file says more than the settings while the daemon waits, and if the kernel chose the port.
	if running, err := runningDaemon(home); err == nil && running.alive() {
		if running.Waiting != "" {
			return fmt.Errorf("it waits for the chain: %s", running.Waiting)
		}
		address = running.HTTP
	}
	return service.Health(ctx, address)
}

// supervisorOf returns what runs the service that the flags name.
func supervisorOf(command *cobra.Command) (service.Supervisor, bool, error) {
	name, err1 := command.Flags().GetString(flagServiceName)
	system, err2 := command.Flags().GetBool(flagSystem)
	if err := errors.Join(err1, err2); err != nil {
		return nil, false, err
	}
	supervisor, err := service.Open(name, system)
	return supervisor, system, err
}

// mayChange refuses to change the services of the machine without the rights for it.
func mayChange(system bool) error {
	if system && !service.IsSystem() {
		if runtime.GOOS == "windows" {
			return errors.New("expected an administrator for a service of the machine; use a terminal of an administrator, or run the command without --system")
		}
		return errors.New("expected root for a service of the machine, found another user; run the command with sudo, or without --system")
	}
	return nil
}

// serviceHome returns the home of a service: that of --home or THETAEDGE_HOME, else the usual one.
func serviceHome(command *cobra.Command, system bool) (string, error) {
	named := command.Flags().Changed(flagHome) || os.Getenv(config.EnvPrefix+"_HOME") != ""
	if system && !named {
		return service.SystemHome, nil
	}
	return homeOf(command)
}

// unitOf returns the service of a home whose settings work.
func unitOf(command *cobra.Command, system bool, account string) (service.Unit, error) {
	var unit service.Unit
	home, err := serviceHome(command, system)
	if err != nil {
		return unit, err
	}
	if _, err := os.Stat(filepath.Join(home, config.FileName)); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return unit, fmt.Errorf("expected a home at %s, found none; run thetaedge init --home %s", home, client.ShellQuote(home))
		}
		return unit, fmt.Errorf("cannot look into the home %s: %w", home, osfault.Explain(home, err))
	}
	// The service does not have the environment of this shell.
	settings, err := config.Load(home, nil, nil)
	if err != nil {
		return unit, err
	}
	exe, err := os.Executable()
	if err == nil {
		exe, err = filepath.EvalSymlinks(exe)
	}
	if err != nil {
		return unit, fmt.Errorf("cannot find the path of this program: %w", err)
	}
	name, err := command.Flags().GetString(flagServiceName)
	unit = service.Unit{Name: name, Exe: exe, Home: home, System: system, Drain: settings.Work.DrainTimeout}
	if system {
		unit.Account = account
	}
	return unit, err
}
