package beacon

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the module's commands.
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: "theta.beacon.v1.Query",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the parameters and the current schedule of rounds"},
				{
					RpcMethod: "Round", Use: "round ROUND", Short: "Show a verified beacon round", Example: "thetad query beacon round 1234",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "round"}},
				},
				{RpcMethod: "Latest", Use: "latest", Short: "Show the highest verified round and the highest round that is due"},
				{
					RpcMethod: "HeightRound", Use: "height HEIGHT", Short: "Show the beacon round whose randomness seeds a block height", Example: "thetad query beacon height 1000",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "height"}},
				},
				{RpcMethod: "Missing", Use: "missing", Short: "List the rounds that block heights wait for and that the chain does not have yet"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: "theta.beacon.v1.Msg",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{
					RpcMethod: "SubmitRound", Use: "submit-round ROUND SIGNATURE", Short: "Submit a round with its signature in hex; `thetad beacon relay` submits all missing rounds",
					Example:        "thetad tx beacon submit-round 1234 83ba… --from relay",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "round"}, {ProtoField: "signature"}},
				},
				{
					RpcMethod: "UpdateParams", Use: "update-params-proposal PARAMS", Short: "Propose new parameters; all of them must be given",
					Example:        `thetad tx beacon update-params-proposal params.json --title "New parameters" --summary "Why" --deposit 1000000000000000000000atfuel --from alice`,
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "params"}},
					GovProposal:    true,
				},
			},
		},
	}
}
