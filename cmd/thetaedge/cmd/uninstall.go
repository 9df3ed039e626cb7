package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/service"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/sidecar/update"
)

func uninstallCommand() *cobra.Command {
	deleteHome, force := false, false
	command := &cobra.Command{
		Use:   "uninstall",
		Short: "Remove this program from the machine, and the home if you say so",
		Long: `uninstall removes this program and the updates in the home. The home with its settings, worker key
and journal stays unless --delete-home is given. A home whose node is open on the chain, or which
holds work that is not over, is deleted only with --force: unfinished work costs bond. It says what
stays. Uninstall the service and stop the daemon first.`,
		Example: "thetaedge uninstall --delete-home",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			exe, err := ownPath()
			if err != nil {
				return err
			}
			if err := errors.Join(idleMachine(command.Context(), home), unusedProgram(exe)); err != nil {
				return err
			}
			if deleteHome && !force {
				if err := deletable(command, home); err != nil {
					return fmt.Errorf("nothing was removed: %w; --force deletes the home nevertheless", err)
				}
			}
			return removeAll(command.OutOrStdout(), home, exe, deleteHome)
		},
	}
	command.Flags().BoolVar(&deleteHome, "delete-home", false, "also delete the home with its settings, worker key and journal")
	command.Flags().BoolVar(&force, "force", false, "delete the home although its node is open or holds work")
	return command
}

// idleMachine refuses while something runs the program.
func idleMachine(ctx context.Context, home string) error {
	for _, system := range []bool{false, true} {
		supervisor, err := service.Open(service.DefaultName, system)
		if err != nil {
			continue // this system has no such services
		}
		state, err := supervisor.State(ctx)
		if state.Installed {
			return fmt.Errorf("expected no service, found %s; run thetaedge service uninstall first, as root if it is one of the machine", state.Path)
		}
		if err != nil && !system {
			return err
		}
	}
	if running, err := runningDaemon(home); err == nil && running.alive() {
		return fmt.Errorf("expected no daemon with home %s, found process %d; run thetaedge pause, wait until thetaedge jobs shows none, and stop it", home, running.PID)
	}
	return nil
}

// unusedProgram refuses while a service uses the program: each node of a machine has one of its own name.
func unusedProgram(exe string) error {
	uses, err := service.Uses(exe)
	if err != nil {
		return fmt.Errorf("nothing was removed: %w", err)
	}
	if len(uses) == 0 {
		return nil
	}
	var found, cures []string
	for _, use := range uses {
		line := use.Path
		if use.Home != "" {
			line += " with the home " + use.Home
		}
		found, cures = append(found, line), append(cures, use.Uninstall())
	}
	return fmt.Errorf("nothing was removed: expected no service that uses %s, found %s; first, %s", exe, strings.Join(found, ", "), strings.Join(cures, ", and "))
}

// deletable refuses a home that is still needed, and a folder that is not a home.
func deletable(command *cobra.Command, home string) error {
	if err := isHome(home); err != nil {
		return err
	}
	journal, tidy, err := openJournal(home)
	if err != nil {
		return err
	}
	open, err := journal.List(store.Filter{Unfinished: true})
	if err := errors.Join(err, journal.Close(), tidy()); err != nil {
		return err
	}
	if len(open) > 0 {
		return fmt.Errorf("expected no unfinished work in the journal, found %d assignments such as %s; start the node, run thetaedge pause, and wait until thetaedge jobs shows none", len(open), open[0].Key)
	}
	return closedOnChain(command, home)
}

// isHome refuses folders that contain more than a home, such as the home of a user.
func isHome(home string) error {
	if actual, err := filepath.EvalSymlinks(home); err == nil {
		home = actual
	}
	if _, err := os.Stat(filepath.Join(home, config.FileName)); err != nil {
		return fmt.Errorf("expected a home of thetaedge at %s, found none: %w", home, osfault.Explain(home, err))
	}
	user, _ := os.UserHomeDir()
	here, _ := os.Getwd()
	for _, place := range []string{user, here} {
		if actual, err := filepath.EvalSymlinks(place); err == nil {
			place = actual
		}
		inside, err := filepath.Rel(home, place)
		if place != "" && err == nil && inside != ".." && !strings.HasPrefix(inside, ".."+string(filepath.Separator)) {
			return fmt.Errorf("expected a home that contains neither %s nor the folder of this shell, found %s; move config.toml and the keys elsewhere by hand", user, home)
		}
	}
	return nil
}

// closedOnChain refuses a home whose worker key serves an open node, and one whose chain does not say.
func closedOnChain(command *cobra.Command, home string) error {
	n := &node{home: home}
	var err error
	if n.config, err = config.Load(home, nil, os.Environ()); err != nil {
		return err
	}
	if err := n.open(command); err != nil {
		return errors.Join(err, n.close())
	}
	ctx, cancel := context.WithTimeout(command.Context(), apiTimeout)
	defer cancel()
	found, err := n.reader.Node(ctx, n.worker.Address().String())
	err = errors.Join(err, n.close())
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("cannot ask the chain whether the node is open: %w", err)
	case !found.State.Closed():
		return fmt.Errorf("expected a node that its operator has closed, found %q, which is open with a bond; run thetaedge operator retire --from OPERATOR, or keep the home", found.Profile.Moniker)
	}
	return nil
}

// removeHome removes a home, and the link that leads to it if there is one: a link alone would leave the keys.
func removeHome(home string) error {
	actual, err := filepath.EvalSymlinks(home)
	if err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(actual), os.RemoveAll(home))
}

// removeAll removes the home or its updates, and then the program.
func removeAll(out io.Writer, home, exe string, deleteHome bool) error {
	settings, unread := config.Load(home, nil, os.Environ())
	if deleteHome {
		if err := isHome(home); err != nil {
			return err
		}
		if err := removeHome(home); err != nil {
			return fmt.Errorf("the home %s was not removed completely: %w; remove the rest by hand", home, osfault.Explain(home, err))
		}
		fmt.Fprintln(out, "removed:", home)
	} else if err := update.Open(home).Remove(); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		fmt.Fprintf(out, "Windows does not remove a program that runs; remove it when this command has ended: %s\n", exe)
	} else if err := os.Remove(exe); err != nil {
		return fmt.Errorf("cannot remove the program: %w; remove it as its owner", osfault.Explain(exe, err))
	} else {
		fmt.Fprintln(out, "removed:", exe)
	}
	if _, err := os.Stat(home); !errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(out, "stays: the home %s with settings, worker key and journal; to delete it: rm -r %s\n", home, client.ShellQuote(home))
	}
	if deleteHome && (unread != nil || settings.Keyring.Backend == "os") {
		fmt.Fprintln(out, "stays: a worker key in the keyring of this system, if keyring.backend was os; remove it with the program that shows its passwords")
	}
	fmt.Fprintln(out, "stays: the node's registration, bond and earnings on the chain, which belong to the operator's key")
	return nil
}
