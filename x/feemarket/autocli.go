package feemarket

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

	"github.com/thetaedge/theta/x/feemarket/types"
)

// AutoCLIOptions describes the module's commands.
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: types.Query_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the parameters: how a block's gas is divided and how its price changes"},
				{RpcMethod: "BaseFee", Use: "base-fee", Short: "Show the price per unit of gas in the next block"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: types.Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{{
				RpcMethod:      "UpdateParams",
				Use:            "update-params-proposal PARAMS",
				Short:          "Propose new parameters; all of them must be given",
				Example:        `thetad tx feemarket update-params-proposal params.json --title "New parameters" --summary "Why" --deposit 1000000000000000000000atfuel --from alice`,
				PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "params"}},
				GovProposal:    true,
			}},
		},
	}
}
