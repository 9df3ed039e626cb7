package cmd

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/cosmos/gogoproto/proto"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/thetaedge/theta/client/proven"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const provenLong = `

The node's answer is not believed: it comes with a Merkle proof up to the app hash
of a block, and the header with that hash is followed by the signatures of the
validators from a header that you trust (--trust-height and --trust-hash, which you
take from a source other than the node), or has to be shown alike by --node and
every --witness. What is not there is proven to be absent, and the command fails.
The record goes to standard output, what was proven to standard error.`

// readRecord reads a record that arguments name. The message is nil if there is none.
type readRecord func(ctx context.Context, from source, args []string, height int64) (proto.Message, *proven.Record, error)

// source is where records come from, and where what is said about them goes.
type source struct {
	*proven.Reader
	node *proven.Endpoint
	say  io.Writer
}

func computeReceiptCmd() *cobra.Command {
	cmd := provenCmd(func(ctx context.Context, from source, args []string, height int64) (proto.Message, *proven.Record, error) {
		id, task, err := parseTask(args)
		if err != nil {
			return nil, nil, err
		}
		receipt, record, err := from.Receipt(ctx, id, task, height)
		if err != nil {
			return nil, nil, err
		}
		if receipt != nil {
			return receipt, record, nil
		}
		return from.arrayReceipt(ctx, id, task, record)
	})
	cmd.Use = "receipt JOB [TASK]"
	cmd.Short = "Show how a task ended, proven against a header that you trust"
	cmd.Long = cmd.Short + "." + provenLong
	cmd.Example = "thetad compute receipt 1042-0-0 --trust-height 1000 --trust-hash 9F3C… --witness other.example:26657"
	cmd.Args = cobra.RangeArgs(1, 2)
	return cmd
}

// arrayReceipt shows a task of an array: the chain keeps one root for all of them.
// absent is the proof that the receipt is not in the store itself.
func (s source) arrayReceipt(ctx context.Context, id computetypes.JobID, task uint64, absent *proven.Record) (proto.Message, *proven.Record, error) {
	inclusion, record, err := s.ArrayReceipt(ctx, s.node, id, task, absent.Height)
	if err != nil {
		return nil, nil, err
	}
	if inclusion == nil {
		return nil, absent, nil
	}
	fmt.Fprintf(s.say, "Leaf %d of the %d under the results root of job %s, by a path of %d hashes.\n",
		inclusion.Index, inclusion.Size, id, len(inclusion.Path))
	return &inclusion.Receipt, record, nil
}

func computeJobCmd() *cobra.Command {
	cmd := provenCmd(func(ctx context.Context, from source, args []string, height int64) (proto.Message, *proven.Record, error) {
		id, err := computetypes.ParseJobID(args[0])
		if err != nil {
			return nil, nil, err
		}
		job, record, err := from.Job(ctx, id, height)
		if job == nil {
			return nil, record, err
		}
		return job, record, nil
	})
	cmd.Use = "job JOB"
	cmd.Short = "Show a job, proven against a header that you trust"
	cmd.Long = cmd.Short + "." + provenLong
	cmd.Example = "thetad compute job 1042-0-0 --witness other.example:26657"
	cmd.Args = cobra.ExactArgs(1)
	return cmd
}

// provenCmd is a command that shows a record and what was proven.
func provenCmd(read readRecord) *cobra.Command {
	var believed trust
	var height int64
	cmd := &cobra.Command{
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			reader, node, err := believed.reader(cmd.Context(), clientCtx)
			if err != nil {
				return err
			}
			found, record, err := read(cmd.Context(), source{reader, node, cmd.ErrOrStderr()}, args, height)
			if err != nil {
				return err
			}
			printProof(cmd.ErrOrStderr(), record, reader.Grounds())
			if found == nil {
				return fmt.Errorf("%w: nothing is under that key after block %d; if it came just now, try again in some seconds", errAbsent, record.Height)
			}
			return clientCtx.WithOutput(cmd.OutOrStdout()).PrintProto(found)
		},
	}
	cmd.Flags().Int64Var(&height, flags.FlagHeight, 0, "height after whose block to look (default: the newest that can be proven)")
	cmd.Flags().StringP(flags.FlagOutput, "o", flags.OutputFormatText, "output format (text|json)")
	believed.addFlags(cmd)
	addComputeFlags(cmd)
	return cmd
}

// parseTask reads JOB [TASK]; without a task it is the only one.
func parseTask(args []string) (computetypes.JobID, uint64, error) {
	id, err := computetypes.ParseJobID(args[0])
	if err != nil || len(args) == 1 {
		return id, 0, err
	}
	task, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return id, 0, fmt.Errorf("expected the number of a task, found %q", args[1])
	}
	return id, task, nil
}
