package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"

	requester "github.com/thetaedge/theta/client"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func computeVerifyCmd() *cobra.Command {
	var dir string
	var believed trust
	cmd := &cobra.Command{
		Use:   "verify JOB --dir DIR",
		Short: "Check saved files against what the chain accepted",
		Long: `Check saved files against what the chain accepted.

The result manifest in DIR must have the tag of the job's receipt, and every file
that it names must have the size and digest in it. Exits with an error otherwise.
The node's word is taken for the receipt, unless a header to trust or a witness is
named: then it is proven, as by thetad compute receipt.`,
		Example: "thetad compute verify 1042-0-0 --dir result",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			verify := verifyBelieving
			if believed.given() {
				verify = believed.verify
			}
			result, err := verify(cmd, clientCtx, args[0], dir)
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
	believed.addFlags(cmd)
	addComputeFlags(cmd)
	return cmd
}

// verifyBelieving takes the receipt that the node shows.
func verifyBelieving(cmd *cobra.Command, clientCtx client.Context, job, dir string) (*requester.Result, error) {
	c, err := computeClient(cmd.Context(), clientCtx)
	if err != nil {
		return nil, err
	}
	return c.Verify(cmd.Context(), job, dir)
}

// verify takes the receipt that is proven.
func (t *trust) verify(cmd *cobra.Command, clientCtx client.Context, job, dir string) (*requester.Result, error) {
	id, err := computetypes.ParseJobID(job)
	if err != nil {
		return nil, err
	}
	reader, err := t.reader(cmd.Context(), clientCtx)
	if err != nil {
		return nil, err
	}
	receipt, record, err := reader.Receipt(cmd.Context(), id, 0, 0)
	if err != nil {
		return nil, err
	}
	printProof(cmd.ErrOrStderr(), record, reader.Grounds())
	if receipt == nil {
		return nil, fmt.Errorf("%w: job %s has no receipt after block %d; if it ended just now, try again in some seconds", errAbsent, job, record.Height)
	}
	return requester.VerifyReceipt(record.Header.ChainID, receipt, dir)
}
