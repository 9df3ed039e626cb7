package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/thetaedge/theta/client/proven"
)

// nodePatience is how long a node of several may take to answer before the next one is tried.
const nodePatience = 5 * time.Second

// completeNode allows host:port in --node, as its help says, and several nodes separated by commas,
// of which the first that answers is used.
func completeNode(cmd *cobra.Command) error {
	node := cmd.Flags().Lookup(flags.FlagNode)
	if node == nil || !node.Changed {
		return nil
	}
	addresses := strings.Split(node.Value.String(), ",")
	for i, address := range addresses {
		if address = strings.TrimSpace(address); !strings.Contains(address, "://") {
			address = "tcp://" + address
		}
		addresses[i] = address
	}
	if len(addresses) == 1 {
		return cmd.Flags().Set(flags.FlagNode, addresses[0])
	}
	first, err := firstNode(cmd.Context(), addresses)
	if err != nil {
		return err
	}
	return cmd.Flags().Set(flags.FlagNode, first)
}

// firstNode returns the first of several nodes that answers.
func firstNode(ctx context.Context, addresses []string) (string, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	var failures []error
	for _, address := range addresses {
		limited, cancel := context.WithTimeout(ctx, nodePatience)
		_, err := proven.Dial(limited, address)
		cancel()
		if err == nil {
			return address, nil
		}
		failures = append(failures, err)
	}
	return "", fmt.Errorf("--node: expected a node that answers, found none of %d: %w", len(addresses), errors.Join(failures...))
}
