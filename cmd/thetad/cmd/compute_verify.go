package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
)

func computeVerifyCmd() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "verify JOB --dir DIR",
		Short: "Check saved files against what the chain accepted",
		Long: `Check saved files against what the chain accepted.

The result manifest in DIR must have the tag of the job's receipt, and every file
that it names must have the size and digest in it. Exits with an error otherwise.`,
		Example: "thetad compute verify 1042-0-0 --dir result",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			c, err := computeClient(cmd.Context(), clientCtx)
			if err != nil {
				return err
			}
			result, err := c.Verify(cmd.Context(), args[0], dir)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			for _, file := range result.Manifest.Files {
				fmt.Fprintf(out, "ok  %x  %s (%d bytes)\n", file.SHA256[:6], file.Path, file.Size)
			}
			fmt.Fprintf(out, "All %d files are the accepted result of job %s (tag %x).\n", len(result.Manifest.Files), args[0], result.Tag)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "folder with the saved files")
	addComputeFlags(cmd)
	return cmd
}
