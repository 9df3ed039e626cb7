package cmd

import (
	"fmt"

	"github.com/spf13/cobra"
)

func pauseCommand() *cobra.Command {
	suspend := false
	command := &cobra.Command{
		Use:   "pause",
		Short: "Stop claiming new work; held assignments continue",
		Long: `pause stops claiming new work. The node finishes the assignments that it holds. A pause
lasts until thetaedge resume, also over restarts of the daemon.

With --suspend, the programs that run are suspended in mid-run too: within a second they
use neither the processor nor the graphics card, and after thetaedge resume they go on where
they were. They keep their memory. Their results do not depend on it. The deadlines of
assignments go on: what has not begun is given back while that costs nothing, and what is
not done at its commit deadline is lost, which costs the fee of a missed deadline. A pause
without --suspend lets suspended programs go on.`,
		Example: "thetaedge pause --suspend",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			if err := pause(home, suspend); err != nil {
				return err
			}
			told := "paused; continue with thetaedge resume"
			if suspend {
				told = "paused, and programs are suspended while deadlines go on; continue with thetaedge resume"
			}
			fmt.Fprintln(command.OutOrStdout(), told)
			return nil
		},
	}
	command.Flags().BoolVar(&suspend, "suspend", false, "also suspend the programs that run, until thetaedge resume")
	return command
}

func resumeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "resume",
		Short: "Claim new work again after a pause, and let suspended programs go on",
		Long: `resume ends what thetaedge pause began. The rules of [owner] in config.toml still apply;
thetaedge status says whether one of them holds the machine back.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			if err := resume(home); err != nil {
				return err
			}
			fmt.Fprintln(command.OutOrStdout(), "working")
			return nil
		},
	}
}
