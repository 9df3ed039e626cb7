package edgenode

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// AutoCLIOptions describes the module's commands.
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{Query: queryCommands(), Tx: txCommands()}
}

func queryCommands() *autocliv1.ServiceCommandDescriptor {
	return &autocliv1.ServiceCommandDescriptor{
		Service: types.Query_serviceDesc.ServiceName,
		RpcCommandOptions: []*autocliv1.RpcCommandOptions{
			{RpcMethod: "Params", Use: "params", Short: "Show the parameters: classes, bonds, slots, slash split"},
			{RpcMethod: "Node", Use: "node OPERATOR", Short: "Show a node by its operator", Example: "thetad query edgenode node theta1...", PositionalArgs: args("operator")},
			{RpcMethod: "NodeByWorker", Use: "node-by-worker WORKER", Short: "Show the node that a worker key serves", Example: "thetad query edgenode node-by-worker theta1...", PositionalArgs: args("worker")},
			{RpcMethod: "Nodes", Use: "nodes", Short: "List nodes"},
			{RpcMethod: "Class", Use: "class CLASS", Short: "Show a hardware class with its weight and live nodes", Example: "thetad query edgenode class cpu-small", PositionalArgs: args("class")},
			{RpcMethod: "Unbondings", Use: "unbondings OPERATOR", Short: "List bond on its way back to an operator", Example: "thetad query edgenode unbondings theta1...", PositionalArgs: args("operator")},
			{RpcMethod: "Invariants", Use: "invariants", Short: "Check the module's accounts by walking all nodes (small networks)"},
		},
	}
}

func txCommands() *autocliv1.ServiceCommandDescriptor {
	return &autocliv1.ServiceCommandDescriptor{
		Service: types.Msg_serviceDesc.ServiceName,
		RpcCommandOptions: []*autocliv1.RpcCommandOptions{
			{
				RpcMethod:      "Register",
				Use:            "register WORKER CLASS BOND SLOTS",
				Short:          "Bond coins and open a node; `thetaedge register` fills in the rest",
				Example:        `thetad tx edgenode register theta1... cpu-small 100000000000000000000atfuel 2 --moniker lab-1 --region de --executors wasm/1 --hardware '{"cpu_cores":4,"memory_bytes":"8589934592"}' --limits '{"memory_bytes":"2147483648"}' --from operator`,
				PositionalArgs: args("worker", "class", "bond", "slots"),
			},
			{
				RpcMethod:      "Update",
				Use:            "update CLASS SLOTS",
				Short:          "Replace all that a node declares; what is not given is taken back",
				Example:        `thetad tx edgenode update cpu-small 2 --moniker lab-1 --region de --executors wasm/1 --hardware '{"cpu_cores":4,"memory_bytes":"8589934592"}' --from operator`,
				PositionalArgs: args("class", "slots"),
			},
			{RpcMethod: "Bond", Use: "bond AMOUNT", Short: "Add to a node's bond", Example: "thetad tx edgenode bond 100000000000000000000atfuel --from operator", PositionalArgs: args("amount")},
			{RpcMethod: "Unbond", Use: "unbond AMOUNT", Short: "Start the return of free bond", Example: "thetad tx edgenode unbond 100000000000000000000atfuel --from operator", PositionalArgs: args("amount")},
			{RpcMethod: "Pause", Use: "pause", Short: "Keep a node from claiming; work it holds goes on"},
			{RpcMethod: "Resume", Use: "resume", Short: "Let a paused node claim again"},
			{RpcMethod: "Retire", Use: "retire", Short: "Close a node and unbond what is free; repeat when work in flight has ended"},
			{RpcMethod: "RotateWorker", Use: "rotate-worker WORKER", Short: "Replace a node's worker key; `thetaedge register --rotate` moves its fee grant too", Example: "thetad tx edgenode rotate-worker theta1... --from operator", PositionalArgs: args("worker")},
			{RpcMethod: "Unjail", Use: "unjail", Short: "Make a jailed node active once its term is over"},
			{RpcMethod: "RenewLease", Use: "renew-lease", Short: "Show that a worker's machine is there; brings a lapsed node back"},
			{
				RpcMethod:      "UpdateParams",
				Use:            "update-params-proposal PARAMS",
				Short:          "Propose new parameters; all of them must be given",
				Example:        `thetad tx edgenode update-params-proposal params.json --title "New parameters" --summary "Why" --deposit 1000000000000000000000atfuel --from alice`,
				PositionalArgs: args("params"),
				GovProposal:    true,
			},
		},
	}
}

// args names the fields that a command takes by position.
func args(fields ...string) []*autocliv1.PositionalArgDescriptor {
	positions := make([]*autocliv1.PositionalArgDescriptor, 0, len(fields))
	for _, field := range fields {
		positions = append(positions, &autocliv1.PositionalArgDescriptor{ProtoField: field})
	}
	return positions
}
