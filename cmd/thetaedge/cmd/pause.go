package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/internal/osfault"
)

func pauseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "pause",
		Short: "Stop claiming new work; held assignments continue",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(home, pauseFile), nil, 0o600); err != nil {
				return fmt.Errorf("cannot pause: %w", osfault.Explain(home, err))
			}
			fmt.Fprintln(command.OutOrStdout(), "paused; continue with thetaedge resume")
			return nil
		},
	}
}

func resumeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "resume",
		Short: "Claim new work again after a pause",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			if err := os.Remove(filepath.Join(home, pauseFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("cannot resume: %w", osfault.Explain(home, err))
			}
			fmt.Fprintln(command.OutOrStdout(), "working")
			return nil
		},
	}
}
