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

	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/proven"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const provenLong = `

The command does not trust the node's answer. The answer comes with a Merkle proof up to
the app hash of a block. Either the validators' signatures lead from a header that you
trust to the header with that hash (--trust-height and --trust-hash, which you take from a
source other than the node), or --node and every --witness show the same header. If the
record does not exist, its absence is proven and the command fails. The record goes to
standard output, and a description of the proof to standard error.`

// readRecord reads the record that the arguments name. The message is nil if there is no
// record.
type readRecord func(ctx context.Context, from source, args []string, height int64) (proto.Message, *proven.Record, error)

// source is a reader of records, and the writer to which remarks about them go.
type source struct {
	*proven.Reader
	node *proven.Endpoint
	say  io.Writer
}

func computeReceiptCmd() *cobra.Command {
	var out string
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
		return from.arrayReceipt(ctx, id, task, record, out)
	})
	cmd.Use = "receipt JOB [TASK]"
	cmd.Short = "Show how a task ended, proven against a header that you trust"
	cmd.Long = cmd.Short + "." + provenLong + `

The receipt of a task of an array is that of the chunk that contains it. With the folder of
the array in --out, the command also proves the result of the task under the root in that
receipt.`
	cmd.Flags().StringVar(&out, "out", "", "folder of the array, as thetad compute run created it")
	cmd.Example = "thetad compute receipt 1042-0-0 --trust-height 1000 --trust-hash 9F3C… --witness other.example:26657"
	cmd.Args = cobra.RangeArgs(1, 2)
	return cmd
}

// arrayReceipt shows the receipt of the chunk of an array's task: the chain keeps one root
// for all chunks. absent is the proof that the receipt itself is not in the store.
func (s source) arrayReceipt(ctx context.Context, id computetypes.JobID, task uint64, absent *proven.Record, out string) (proto.Message, *proven.Record, error) {
	inclusion, record, err := s.ArrayReceipt(ctx, s.node, id, task, absent.Height)
	if err != nil {
		return nil, nil, err
	}
	if inclusion == nil {
		return nil, absent, nil
	}
	fmt.Fprintf(s.say, "Leaf %d of %d under the results root of job %s, with a path of %d hashes.\n",
		inclusion.Index, inclusion.Size, id, len(inclusion.Path))
	if chunk := &inclusion.Receipt; chunk.Tasks() > 1 {
		fmt.Fprintf(s.say, "It is the receipt of the chunk of tasks %d to %d, which contains task %d; its tag is the root over their results.\n",
			chunk.Task, chunk.Task+chunk.Tasks()-1, task)
		if err := s.proveTask(chunk, out, task); err != nil {
			return nil, nil, err
		}
	}
	return &inclusion.Receipt, record, nil
}

// proveTask shows the result of a task and the path to the root in its chunk's receipt, if the
// folder of the array is named and the chunk has a result.
func (s source) proveTask(chunk *computetypes.Receipt, out string, task uint64) error {
	if out == "" || chunk.Status != computetypes.CHUNK_STATUS_ACCEPTED {
		return nil
	}
	proof, err := requester.ProveTask(s.node.ChainID, chunk, out, task)
	if err == nil {
		err = proof.Verify(s.node.ChainID, chunk)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.say, "Task %d has result digest %s, exit code %d and fuel %d, proven under that root by a path of %d hashes.\n",
		task, proof.Leaf.Result, int32(proof.Leaf.ExitCode), proof.Leaf.Fuel, len(proof.Siblings)) //nolint:gosec // the same bits with a sign
	return nil
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

// provenCmd returns a command that shows a record and describes its proof.
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
				return fmt.Errorf("%w: the store has no record under that key after block %d; if it was written just now, try again in a few seconds", errAbsent, record.Height)
			}
			return clientCtx.WithOutput(cmd.OutOrStdout()).PrintProto(found)
		},
	}
	cmd.Flags().Int64Var(&height, flags.FlagHeight, 0, "block height whose state to read (default: the newest state that can be proven)")
	cmd.Flags().StringP(flags.FlagOutput, "o", flags.OutputFormatText, "output format (text|json)")
	believed.addFlags(cmd)
	addComputeFlags(cmd)
	return cmd
}

// parseTask reads JOB [TASK]; without TASK it returns the first task.
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
