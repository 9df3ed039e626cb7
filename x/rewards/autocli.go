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
				{RpcMethod: "SupplyLedger", Use: "supply-ledger", Short: "Show what was minted and burned so far, by cause, and whether the supply is the sum", Example: "thetad query rewards supply-ledger"},
				{RpcMethod: "Emission", Use: "emission", Short: "Show what the chain mints for validators and their delegators", Example: "thetad query rewards emission"},
				{RpcMethod: "EpochSummary", Use: "epoch-summary EPOCH", Short: "Show what was minted, burned and paid in an epoch", Example: "thetad query rewards epoch-summary 42", PositionalArgs: args("epoch")},
				{RpcMethod: "EpochSummaries", Use: "epoch-summaries", Short: "List the summaries of the last epochs", Example: "thetad query rewards epoch-summaries --page-limit 24 --page-reverse"},
				{RpcMethod: "Earned", Use: "earned OPERATOR", Short: "Show what an operator was credited with, by epoch and source", Example: "thetad query rewards earned theta1... --epochs 24", PositionalArgs: args("operator")},
				{RpcMethod: "Credits", Use: "credits OPERATOR EPOCH", Short: "List the chunks that an operator's earnings of an epoch came from", Example: "thetad query rewards credits theta1... 42 --page-limit 100", PositionalArgs: args("operator", "epoch")},
				{RpcMethod: "Grant", Use: "grant NUMBER", Short: "Show a grant, and what jobs may still encumber in this epoch", Example: "thetad query rewards grant 1", PositionalArgs: args("id")},
				{RpcMethod: "Grants", Use: "grants", Short: "List the grants for public work", Example: "thetad query rewards grants"},
				{RpcMethod: "HeldPay", Use: "held-pay OPERATOR", Short: "Show the pay of grants that an operator has not claimed, and when it matures", Example: "thetad query rewards held-pay theta1...", PositionalArgs: args("operator")},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: types.Msg_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Claim", Use: "claim", Short: "Pay out the sender's earnings in all denoms, or only in those of --denoms", Example: "thetad tx rewards claim --from operator"},
				{RpcMethod: "SetPayout", Use: "set-payout", Short: "Pay the sender's earnings to --address, or let collect delegate them to --validator; without both, remove the rule", Example: "thetad tx rewards set-payout --address theta1... --from operator"},
				{RpcMethod: "Collect", Use: "collect OPERATOR", Short: "Pay out an operator's earnings as its payout rule says; for the operator and its worker", Example: "thetad tx rewards collect theta1... --from worker", PositionalArgs: args("operator")},
				{RpcMethod: "ClaimAndDelegate", Use: "claim-and-delegate VALIDATOR", Short: "Pay out the sender's earnings in the bond denom and delegate them", Example: "thetad tx rewards claim-and-delegate thetavaloper1... --from operator", PositionalArgs: args("validator")},
				{RpcMethod: "ClaimAndBond", Use: "claim-and-bond", Short: "Pay out the sender's earnings in the bond denom and add them to the bond of its node", Example: "thetad tx rewards claim-and-bond --from operator"},
				{RpcMethod: "FundGrant", Use: "fund-grant NUMBER AMOUNT", Short: "Add to the deposit of the sender's grant; with it, the sender accepts the terms", Example: "thetad tx rewards fund-grant 1 50000000000000000000atfuel --from grantee", PositionalArgs: args("id", "amount")},
				{RpcMethod: "WithdrawGrant", Use: "withdraw-grant NUMBER", Short: "Take back what is left of the deposit of a grant that is over", Example: "thetad tx rewards withdraw-grant 1 --from grantee", PositionalArgs: args("id")},
				{
					RpcMethod:      "CreateGrant",
					Use:            "create-grant-proposal TERMS",
					Short:          "Propose a grant for public work, with its terms in a file",
					Example:        `thetad tx rewards create-grant-proposal terms.json --title "Protein folding" --summary "Why" --deposit 1000000000000000000000atfuel --from alice`,
					PositionalArgs: args("terms"),
					GovProposal:    true,
				},
				{
					RpcMethod:      "RevokeGrant",
					Use:            "revoke-grant-proposal NUMBER",
					Short:          "Propose to revoke a grant: its deposit and its held pay are burned",
					Example:        `thetad tx rewards revoke-grant-proposal 1 --title "Revoke grant 1" --summary "Why" --deposit 1000000000000000000000atfuel --from alice`,
					PositionalArgs: args("id"),
					GovProposal:    true,
				},
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
