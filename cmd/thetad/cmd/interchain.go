package cmd

import (
	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
)

// mendInterchain corrects commands of ibc-go. Its query of the params of clients is there twice and
// panics if no node answers, and its encoder of packets refuses the encoding that its own help calls
// the default.
func mendInterchain(root *cobra.Command) {
	if clients, _, err := root.Find([]string{"query", "ibc", "client"}); err == nil {
		var params *cobra.Command
		for _, command := range clients.Commands() {
			if command.Name() == "params" {
				clients.RemoveCommand(command)
				params = command
			}
		}
		if params != nil {
			params.RunE = queryClientParams
			clients.AddCommand(params)
		}
	}
	if encoder, _, err := root.Find([]string{"tx", "interchain-accounts", "host", "generate-packet-data"}); err == nil {
		if encoding := encoder.Flags().Lookup("encoding"); encoding != nil {
			encoding.DefValue = "proto3"
			if err := encoding.Value.Set(encoding.DefValue); err != nil {
				panic(err)
			}
		}
	}
}

func queryClientParams(cmd *cobra.Command, _ []string) error {
	clientCtx, err := client.GetClientQueryContext(cmd)
	if err != nil {
		return err
	}
	answer, err := clienttypes.NewQueryClient(clientCtx).ClientParams(cmd.Context(), &clienttypes.QueryClientParamsRequest{})
	if err != nil {
		return err
	}
	return clientCtx.PrintProto(answer.Params)
}
