package cmd

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/release"
	"github.com/thetaedge/theta/sidecar/update"
)

// updateOrder is what an owner asks of thetaedge update.
type updateOrder struct{ check, apply, rollback, noReturn, retry bool }

func updateCommand() *cobra.Command {
	var order updateOrder
	command := &cobra.Command{
		Use:   "update",
		Short: "Look for a newer version of this program, install it, or go back",
		Long: `update looks for a newer release at update.url and checks its signature, and changes nothing.
With --apply it makes that release ready in the home. A running daemon changes to it when it holds
nothing; otherwise the next start does. If the node is not healthy with it, the version before runs
again. --rollback goes back by hand. The installed program itself is never changed.`,
		Example: `thetaedge update --check
thetaedge update --apply
thetaedge update --rollback`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			n, err := openSettings(command)
			if err != nil {
				return err
			}
			folder := update.Open(n.home)
			if order.rollback {
				return rollBack(command.OutOrStdout(), folder, n.home)
			}
			return order.run(command, n, folder)
		},
	}
	flags := command.Flags()
	flags.BoolVar(&order.check, "check", false, "only look; this is the default")
	flags.BoolVar(&order.apply, "apply", false, "install the newest release")
	flags.BoolVar(&order.rollback, "rollback", false, "run the version before again")
	flags.BoolVar(&order.noReturn, "no-return", false, "with --apply, also a release whose journal this version could not read, so that there is no way back")
	flags.BoolVar(&order.retry, "retry", false, "with --apply, also a release that has failed here before")
	command.MarkFlagsMutuallyExclusive("check", "apply", "rollback")
	return command
}

// run looks for a newer version, and installs it if the owner asks for that.
func (o updateOrder) run(command *cobra.Command, n *node, folder *update.Folder) error {
	out, settings := command.OutOrStdout(), n.config.Update
	if settings.URL == "" {
		return errors.New("update.url: expected the address of the releases in config.toml, found none; no public address exists yet")
	}
	keys, err := settings.Keys()
	if err != nil {
		return err
	}
	source, err := update.NewSource(settings.URL, settings.Channel)
	if err != nil {
		return err
	}
	if o.retry {
		if err := forgetBad(folder); err != nil {
			return err
		}
	}
	running, err := programOf(folder)
	if err != nil {
		return err
	}
	offer, err := folder.Check(command.Context(), source, keys, running)
	if errors.Is(err, update.ErrNothingNew) {
		fmt.Fprintf(out, "version %s is the newest of the channel %s\n", running.Version, settings.Channel)
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "version %s is newer than %s; it was released on %s and its signature is good\n", offer.Version(), running.Version, offer.Manifest.Released.Format("2006-01-02"))
	if offer.Loses != "" {
		fmt.Fprintln(out, "there is no way back:", offer.Loses)
		if o.apply && !o.noReturn {
			return errors.New("nothing was changed; --no-return installs it nevertheless")
		}
	}
	if !o.apply {
		fmt.Fprintln(out, "to install it: thetaedge update --apply")
		return nil
	}
	if err := folder.Stage(command.Context(), source, keys, offer, device.FreeBytes); err != nil {
		return err
	}
	if err := folder.Choose(offer, keys, healthOf(command.Context(), n.home) == nil); err != nil {
		return err
	}
	fmt.Fprintf(out, "version %s is ready; %s\n", offer.Version(), whenChanged(n.home))
	return nil
}

// programOf returns what runs with a home: the version that is chosen, or this program.
func programOf(folder *update.Folder) (update.Program, error) {
	running := runningProgram()
	state, err := folder.State()
	if err != nil {
		return running, err
	}
	own, err1 := release.ParseVersion(running.Version)
	chosen, err2 := release.ParseVersion(state.Chosen)
	if err1 == nil {
		running.Version = own.String()
	}
	if err1 == nil && err2 == nil && chosen.NewerThan(own) {
		running.Version = chosen.String()
	}
	return running, nil
}

// forgetBad lets all versions be tried again that have failed.
func forgetBad(folder *update.Folder) error {
	state, err := folder.State()
	if err != nil {
		return err
	}
	for _, bad := range state.Bad {
		version, err := release.ParseVersion(bad.Version)
		if err != nil {
			continue
		}
		if err := folder.Forget(version); err != nil {
			return err
		}
	}
	return nil
}

func rollBack(out io.Writer, folder *update.Folder, home string) error {
	from, to, err := folder.Rollback()
	if err != nil {
		return err
	}
	if to == "" {
		to = "the installed program"
	}
	fmt.Fprintf(out, "%s comes after %s again; %s\n", to, from, whenChanged(home))
	return nil
}

// whenChanged says when the program changes.
func whenChanged(home string) string {
	if running, err := runningDaemon(home); err == nil && running.alive() {
		return "the daemon changes to it when it holds nothing, which thetaedge status shows"
	}
	return "the next thetaedge start runs it"
}
