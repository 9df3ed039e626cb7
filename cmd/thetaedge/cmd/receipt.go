package cmd

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func receiptCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "receipt JOB TASK",
		Short: "Show what the chain keeps of a task that has ended",
		Long: `receipt prints the chain's receipt of a task as JSON: its seed, who was drawn, who committed, the
accepted result, and what each node was paid or lost. Amounts are in atfuel, deadlines are heights.`,
		Example: "thetaedge receipt 120-0-0 0",
		Args:    cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			if _, err := computetypes.ParseJobID(args[0]); err != nil {
				return fmt.Errorf("JOB: %w", err)
			}
			task, err := strconv.ParseUint(args[1], 10, 64)
			if err != nil {
				return fmt.Errorf("TASK: expected the number of a task, the first of which is 0, found %q", args[1])
			}
			n, err := openNode(command)
			if err != nil {
				return err
			}
			return errors.Join(showReceipt(command, n, args[0], task), n.close())
		},
	}
}

func showReceipt(command *cobra.Command, n *node, job string, task uint64) error {
	ctx, cancel := context.WithTimeout(command.Context(), apiTimeout)
	defer cancel()
	receipt, err := n.reader.Receipt(ctx, job, task)
	if err != nil {
		return err
	}
	text, err := n.codec.MarshalJSON(&receipt)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(command.OutOrStdout(), "%s\n", text)
	return err
}
