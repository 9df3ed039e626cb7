// Package simulation draws messages of x/compute for a simulated chain: jobs of requesters,
// and the work of nodes, some of which lie or stay silent.
package simulation

import (
	"context"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// NodeSource lists the nodes of the chain, ordered by operator.
type NodeSource func(ctx context.Context) ([]edgenodetypes.Node, error)

// ReceiptSource lists the receipts of an array that were in the events of blocks, ordered by
// block and then by task.
type ReceiptSource func(job string) []types.Receipt

// Offer is what a grant pays for in a class.
type Offer struct {
	Grant          uint64
	Grantee, Denom string
	Program        []byte
	Policy         types.PolicyKind
	// Class is that of Price, in units of Denom per 10^9 of fuel.
	Class string
	Price math.Int
}

// OfferSource lists what grants pay for, ordered by grant.
type OfferSource func(ctx context.Context) ([]Offer, error)

// Sources are what operations know of other modules and of events.
type Sources struct {
	Nodes    NodeSource
	Receipts ReceiptSource
	Offers   OfferSource
}

// Register adds the messages of requesters and workers.
func Register(reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer, from Sources) {
	o := operations{queries: queries, nodes: from.Nodes, receipts: from.Receipts, offers: from.Offers, sent: &ledger{}}
	reg.Add(weights.Get("compute_post_job", 10), simsx.SimMsgFactoryFn[*types.MsgPostJob](o.post))
	reg.Add(weights.Get("compute_post_granted_job", 15), simsx.SimMsgFactoryFn[*types.MsgPostJob](o.postGranted))
	reg.Add(weights.Get("compute_top_up_job", 5), simsx.SimMsgFactoryFn[*types.MsgTopUpJob](o.topUp))
	reg.Add(weights.Get("compute_review", 8), simsx.SimMsgFactoryFn[*types.MsgReview](o.review))
	reg.Add(weights.Get("compute_challenge", 12), simsx.SimMsgFactoryFn[*types.MsgChallenge](o.challenge))
	reg.Add(weights.Get("compute_redeliver", 6), simsx.SimMsgFactoryFn[*types.MsgRedeliver](o.redeliver))
	reg.Add(weights.Get("compute_redraw", 6), simsx.SimMsgFactoryFn[*types.MsgRedraw](o.redraw))
	reg.Add(weights.Get("compute_cancel_job", 2), simsx.SimMsgFactoryFn[*types.MsgCancelJob](o.cancel))
	reg.Add(weights.Get("compute_claim", 110), simsx.SimMsgFactoryFn[*types.MsgClaim](o.claim))
	reg.Add(weights.Get("compute_commit", 80), simsx.SimMsgFactoryFn[*types.MsgCommit](o.commit))
	reg.Add(weights.Get("compute_reveal", 80), simsx.SimMsgFactoryFn[*types.MsgReveal](o.reveal))
	reg.Add(weights.Get("compute_open", 30), simsx.SimMsgFactoryFn[*types.MsgOpen](o.open))
	reg.Add(weights.Get("compute_release", 12), simsx.SimMsgFactoryFn[*types.MsgRelease](o.release))
	reg.Add(weights.Get("compute_yield", 8), simsx.SimMsgFactoryFn[*types.MsgYield](o.yield))
}

// RegisterProposals adds the messages of governance.
func RegisterProposals(reg simsx.Registry, weights simsx.WeightSource, queries types.QueryServer) {
	o := operations{queries: queries}
	reg.Add(weights.Get("compute_update_params", 100), simsx.SimMsgFactoryFn[*types.MsgUpdateParams](o.updateParams))
	reg.Add(weights.Get("compute_update_carbon_factors", 100), simsx.SimMsgFactoryFn[*types.MsgUpdateCarbonFactors](o.updateCarbonFactors))
}

// operations draws each message from what the queries return.
type operations struct {
	queries  types.QueryServer
	nodes    NodeSource
	receipts ReceiptSource
	offers   OfferSource
	sent     *ledger
}

// params returns the parameters. If they cannot be read, it skips the operation, after which
// nothing may be drawn.
func (o operations) params(ctx context.Context, reporter simsx.SimulationReporter) types.Params {
	found, err := o.queries.Params(ctx, &types.QueryParamsRequest{})
	if err != nil {
		reporter.Skip(err.Error())
		return types.Params{}
	}
	return found.Params
}

// updateParams changes windows, fees and the worth of a denom, including those of work under way.
func (o operations) updateParams(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgUpdateParams) {
	r, params := world.Rand(), o.params(ctx, reporter)
	params.ClaimBlocks = r.Uint64InRange(2, 5)
	params.RevealBlocks = r.Uint64InRange(6, 14)
	params.AttemptFeeBps = r.Uint32InRange(500, 2_000)
	params.MissedFaultBps = r.Uint32InRange(500, 2_000)
	params.QueueLimit = r.Uint32InRange(5, 50)
	params.MaxOpenTasks = r.Uint32InRange(4, 40)
	params.AuditFloorBps = r.Uint32InRange(500, 3_000)
	params.MinSamples = r.Uint32InRange(1, 6)
	if params.Denoms = params.Denoms[:1]; r.Intn(4) > 0 { // jobs may run in a denom that is removed
		params.Denoms = WithSecondDenom(r, params.Denoms, sdk.UnwrapSDKContext(ctx).BlockHeight())
	}
	return nil, &types.MsgUpdateParams{Authority: world.ModuleAccountAddress(reporter, "gov"), Params: params}
}
