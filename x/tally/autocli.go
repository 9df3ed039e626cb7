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
	}
}
