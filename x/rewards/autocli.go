package rewards

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

	"github.com/thetaedge/theta/x/rewards/types"
)

// AutoCLIOptions describes the module's commands.
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: types.Query_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the parameters: the split of fees and the lowest gas price"},
				{RpcMethod: "Earnings", Use: "earnings OPERATOR", Short: "Show the earnings that an operator can claim", Example: "thetad query rewards earnings theta1...", PositionalArgs: args("operator")},
				{RpcMethod: "Payout", Use: "payout OPERATOR", Short: "Show where an operator's earnings go, and what they have paid so far", Example: "thetad query rewards payout theta1...", PositionalArgs: args("operator")},
				{RpcMethod: "Split", Use: "split AMOUNT", Short: "Show how a reward would be divided", Example: "thetad query rewards split 1000000000000000000atfuel", PositionalArgs: args("amount")},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: types.Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Claim", Use: "claim", Short: "Pay out the sender's earnings in all denoms, or only in those of --denoms", Example: "thetad tx rewards claim --from operator"},
				{RpcMethod: "SetPayout", Use: "set-payout", Short: "Pay the sender's earnings to --address, or let collect delegate them to --validator; without both, remove the rule", Example: "thetad tx rewards set-payout --address theta1... --from operator"},
				{RpcMethod: "Collect", Use: "collect OPERATOR", Short: "Pay out an operator's earnings as its payout rule says; for the operator and its worker", Example: "thetad tx rewards collect theta1... --from worker", PositionalArgs: args("operator")},
				{
					RpcMethod:      "UpdateParams",
					Use:            "update-params-proposal PARAMS",
					Short:          "Propose new parameters; all of them must be given",
					Example:        `thetad tx rewards update-params-proposal params.json --title "New parameters" --summary "Why" --deposit 1000000000000000000000atfuel --from alice`,
					PositionalArgs: args("params"),
					GovProposal:    true,
				},
			},
		},
	}
}

// args returns the fields that a command takes by position.
func args(fields ...string) []*autocliv1.PositionalArgDescriptor {
	positions := make([]*autocliv1.PositionalArgDescriptor, 0, len(fields))
	for _, field := range fields {
		positions = append(positions, &autocliv1.PositionalArgDescriptor{ProtoField: field})
	}
	return positions
}
