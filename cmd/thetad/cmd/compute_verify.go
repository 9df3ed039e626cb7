package cmd

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"

	requester "github.com/thetaedge/theta/client"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func computeVerifyCmd() *cobra.Command {
	var dir string
	var believed trust
	cmd := &cobra.Command{
		Use:   "verify JOB --out DIR",
		Short: "Check saved files against the result that the chain accepted",
		Long: `Check saved files against the result that the chain accepted.

The result manifest in DIR must match the tag in the job's receipt, and every file that the
manifest names must match its size and digest. Otherwise the command fails. It trusts the
node for the receipt, unless you name a header to trust or a witness: then the receipt is
proven, as by thetad compute receipt.`,
		Example: "thetad compute verify 1042-0-0 --out result",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			recorded := recordedByNode
			if believed.given() {
				recorded = believed.recorded
			}
			facts, err := recorded(cmd, clientCtx, args[0])
			if err != nil {
				return err
			}
			return facts.verify(cmd.OutOrStdout(), dir)
		},
	}
	cmd.Flags().StringVar(&dir, "out", ".", "folder with the saved files, as thetad compute run created it")
	// dir is the old name of this flag.
	cmd.Flags().StringVar(&dir, "dir", ".", "folder with the saved files")
	if err := cmd.Flags().MarkHidden("dir"); err != nil {
		panic(err)
	}
	believed.addFlags(cmd)
	addComputeFlags(cmd)
	return cmd
}

// facts are what the chain has recorded about a job: its receipt, or for an array the job
// with its root.
type facts struct {
	chainID string
	receipt *computetypes.Receipt
	job     *computetypes.Job
}

// recordedByNode reads the facts and trusts the node.
func recordedByNode(cmd *cobra.Command, clientCtx client.Context, id string) (*facts, error) {
	c, err := computeClient(cmd.Context(), clientCtx)
	if err != nil {
		return nil, err
	}
	settlement, err := c.Recorded(cmd.Context(), id)
	if err != nil {
		return nil, err
	}
	return &facts{chainID: c.ChainID(), receipt: settlement.Receipt, job: &settlement.Job}, nil
}

// recorded reads the facts with proofs.
func (t *trust) recorded(cmd *cobra.Command, clientCtx client.Context, text string) (*facts, error) {
	id, err := computetypes.ParseJobID(text)
	if err != nil {
		return nil, err
	}
	reader, _, err := t.reader(cmd.Context(), clientCtx)
	if err != nil {
		return nil, err
	}
	receipt, record, err := reader.Receipt(cmd.Context(), id, 0, 0)
	if err != nil {
		return nil, err
	}
	found := &facts{chainID: record.Header.ChainID, receipt: receipt}
	if receipt == nil {
		if found.job, record, err = reader.Job(cmd.Context(), id, record.Height); err != nil {
			return nil, err
		}
	}
	printProof(cmd.ErrOrStderr(), record, reader.Grounds())
	if receipt == nil && (found.job == nil || found.job.Tasks == 1) {
		return nil, fmt.Errorf("%w: job %s has no receipt after block %d; if it ended just now, try again in a few seconds", errAbsent, id, record.Height)
	}
	return found, nil
}

// verify checks the files in a folder.
func (f *facts) verify(out io.Writer, dir string) error {
	if f.receipt == nil {
		checked, err := requester.VerifyArray(f.chainID, f.job, dir)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "The receipts lead to the root %x of job %s, and the files of all %d tasks with a result match them.\n", f.job.ResultsRoot, f.job.Id, checked)
		return nil
	}
	result, err := requester.VerifyReceipt(f.chainID, f.receipt, dir)
	if err != nil {
		return err
	}
	for _, file := range result.Manifest.Files {
		fmt.Fprintf(out, "ok  %x  %s (%d bytes)\n", file.SHA256[:6], file.Path, file.Size)
	}
	fmt.Fprintf(out, "All %d files match the accepted result of job %s (tag %x).\n", len(result.Manifest.Files), f.receipt.JobId, result.Tag)
	return nil
}
