// Package simulation draws messages of x/beacon for a simulated chain.
package simulation

import (
	"context"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"

	"github.com/thetaedge/theta/x/beacon/types"
)

// Signer signs a round with the secret key whose public key is in the params.
type Signer func(round uint64) ([]byte, error)

// Register adds the messages of accounts.
func Register(reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer, sign Signer) {
	reg.Add(weights.Get("beacon_submit_round", 20), submitRound(queries, sign))
}

// RegisterProposals adds the messages of governance.
func RegisterProposals(reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer) {
	reg.Add(weights.Get("beacon_update_params", 100), updateParams(queries))
}

// submitRound submits one of the rounds that the chain lacks.
func submitRound(queries types.QueryServer, sign Signer) simsx.SimMsgFactoryFn[*types.MsgSubmitRound] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgSubmitRound) {
		missing, err := queries.Missing(ctx, &types.QueryMissingRequest{})
		if err != nil {
			reporter.Skip(err.Error())
			return nil, nil
		}
		if len(missing.Rounds) == 0 {
			reporter.Skip("no round is missing")
			return nil, nil
		}
		round := missing.Rounds[world.Rand().Intn(len(missing.Rounds))]
		signature, err := sign(round)
		if err != nil {
			reporter.Skip(err.Error())
			return nil, nil
		}
		from := world.AnyAccount(reporter)
		return []simsx.SimAccount{from}, &types.MsgSubmitRound{
			Submitter: from.AddressBech32, Round: round, Signature: signature,
		}
	}
}

// updateParams changes what a relay earns and for how long. Key and period stay, because the
// simulation has only one network.
func updateParams(queries types.QueryServer) simsx.SimMsgFactoryFn[*types.MsgUpdateParams] {
	return func(
		ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		found, err := queries.Params(ctx, &types.QueryParamsRequest{})
		if err != nil {
			reporter.Skip(err.Error())
			return nil, nil
		}
		r, params := world.Rand(), found.Params
		params.Reimbursement = math.NewInt(r.Int63n(types.DefaultReimbursement))
		params.ReimburseWindowRounds = 5 + uint64(r.Intn(30)) //nolint:gosec // below 35
		return nil, &types.MsgUpdateParams{Authority: world.ModuleAccountAddress(reporter, "gov"), Params: params}
	}
}
