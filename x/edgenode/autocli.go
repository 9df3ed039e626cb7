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
			{RpcMethod: "Params", Use: "params", Short: "Show the parameters, such as classes, bonds, slots and the split of slashed coins"},
			{RpcMethod: "Node", Use: "node OPERATOR", Short: "Show a node by its operator", Example: "thetad query edgenode node theta1...", PositionalArgs: args("operator")},
			{RpcMethod: "NodeByWorker", Use: "node-by-worker WORKER", Short: "Show the node that a worker key belongs to", Example: "thetad query edgenode node-by-worker theta1...", PositionalArgs: args("worker")},
			{RpcMethod: "Nodes", Use: "nodes", Short: "List all nodes"},
			{RpcMethod: "Class", Use: "class CLASS", Short: "Show a hardware class with its weight and its number of live nodes", Example: "thetad query edgenode class cpu-small", PositionalArgs: args("class")},
			{RpcMethod: "Unbondings", Use: "unbondings OPERATOR", Short: "List the unbonding coins of an operator and when they are returned", Example: "thetad query edgenode unbondings theta1...", PositionalArgs: args("operator")},
			{RpcMethod: "Invariants", Use: "invariants", Short: "Check that the module's accounts add up; walks all nodes, so only for small networks"},
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
				Short:          "Bond coins and open a node; `thetaedge register` fills in the hardware and the limits",
				Example:        `thetad tx edgenode register theta1... cpu-small 100000000000000000000atfuel 2 --moniker lab-1 --region de --executors wasm/1 --hardware '{"cpu_cores":4,"memory_bytes":"8589934592"}' --limits '{"memory_bytes":"2147483648"}' --from operator`,
				PositionalArgs: args("worker", "class", "bond", "slots"),
			},
			{
				RpcMethod:      "Update",
				Use:            "update CLASS SLOTS",
				Short:          "Replace everything that a node declares; values that are not given are cleared",
				Example:        `thetad tx edgenode update cpu-small 2 --moniker lab-1 --region de --executors wasm/1 --hardware '{"cpu_cores":4,"memory_bytes":"8589934592"}' --from operator`,
				PositionalArgs: args("class", "slots"),
			},
			{RpcMethod: "Bond", Use: "bond AMOUNT", Short: "Add to a node's bond", Example: "thetad tx edgenode bond 100000000000000000000atfuel --from operator", PositionalArgs: args("amount")},
			{RpcMethod: "Unbond", Use: "unbond AMOUNT", Short: "Unbond coins that no assignment has locked; they return after the unbonding time", Example: "thetad tx edgenode unbond 100000000000000000000atfuel --from operator", PositionalArgs: args("amount")},
			{RpcMethod: "Pause", Use: "pause", Short: "Stop a node from claiming; assignments that it holds continue"},
			{RpcMethod: "Resume", Use: "resume", Short: "Allow a paused node to claim again"},
			{RpcMethod: "Retire", Use: "retire", Short: "Close a node and unbond its free coins; repeat this when its held assignments have ended"},
			{RpcMethod: "RotateWorker", Use: "rotate-worker WORKER", Short: "Replace a node's worker key; `thetaedge register --rotate` also moves its fee grant", Example: "thetad tx edgenode rotate-worker theta1... --from operator", PositionalArgs: args("worker")},
			{RpcMethod: "Unjail", Use: "unjail", Short: "Make a jailed node active after its jail term"},
			{RpcMethod: "RenewLease", Use: "renew-lease", Short: "Renew the lease that shows that a worker's machine is running; this reactivates a lapsed node"},
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
