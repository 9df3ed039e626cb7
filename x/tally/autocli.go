package tally

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

	"github.com/thetaedge/theta/x/tally/types"
)

// AutoCLIOptions describes the module's commands.
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	proposal := &autocliv1.PositionalArgDescriptor{ProtoField: "proposal_id"}
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: types.Query_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the parameters: who may make optimistic proposals, and how many objections reject one"},
				{
					RpcMethod: "Tally", Use: "count PROPOSAL",
					Short:          "Count the votes on a proposal: of validators and delegators, of bonds, and of all, with the verdicts",
					Example:        "thetad query tally count 7",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{proposal},
				},
				{
					RpcMethod: "BondVotes", Use: "bonds PROPOSAL", Short: "List the operators whose bonds count in a voting",
					Example:        "thetad query tally bonds 7",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{proposal},
				},
				{
					RpcMethod: "BondVote", Use: "bond PROPOSAL OPERATOR", Short: "Explain how much bond of an operator counts in a voting",
					Example:        "thetad query tally bond 7 theta1vf5kgerywfjhxct5w3jhxapqg3kkxmmww4hhyh",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{proposal, {ProtoField: "operator"}},
				},
				{RpcMethod: "Invariants", Use: "invariants", Short: "Compare the sums with the votes"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: types.Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{
					RpcMethod: "SubmitOptimistic", Use: "submit-optimistic MESSAGE...",
					Short: "Make a proposal that passes unless voters object; only for accounts that governance has listed",
					Long: "Make a proposal that passes at the end of its voting unless voters object. Each MESSAGE is a JSON file with one\n" +
						"message of the proposal, as in \"messages\" of a proposal that thetad tx gov draft writes. Governance lists the accounts\n" +
						"that may do this, and the types of messages: thetad query tally params. The deposit must be complete.",
					Example:        `thetad tx tally submit-optimistic factors.json --title "Carbon factors of 2025" --summary "Why" --initial-deposit 1000000000000000000000atfuel --from alice`,
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "messages", Varargs: true}},
				},
				{
					RpcMethod:      "UpdateParams",
					Use:            "update-params-proposal PARAMS",
					Short:          "Propose new parameters; all of them must be given",
					Example:        `thetad tx tally update-params-proposal params.json --title "New parameters" --summary "Why" --deposit 1000000000000000000000atfuel --from alice`,
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "params"}},
					GovProposal:    true,
				},
			},
		},
	}
}
