package simulation

import (
	"context"
	"slices"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// attempts bounds the number of nodes that are asked for something to claim.
const attempts = 12

// gather asks at most limit nodes in turn for the items of a batch, starting from a random
// node. It returns the first batch that is not empty, and its worker. A node sends at most
// one message of each kind per block, because queries do not show yet what it has sent, and
// it would send that again.
func gather[T any](
	ctx context.Context, o operations, kind string, world *simsx.ChainDataSource, reporter simsx.SimulationReporter, limit int,
	itemsOf func(node edgenodetypes.Node) ([]T, error),
) ([]simsx.SimAccount, string, []T) {
	nodes, err := o.nodes(ctx)
	if err != nil || len(nodes) == 0 {
		reporter.Skip("there are no nodes")
		return nil, "", nil
	}
	most := int(o.params(ctx, reporter).MaxBatch)
	start := world.Rand().Intn(len(nodes))
	for i := range min(limit, len(nodes)) {
		node := nodes[(start+i)%len(nodes)]
		if o.sent.already(ctx, kind, node.Profile.Operator) {
			continue
		}
		items, err := itemsOf(node)
		if err != nil {
			reporter.Skip(err.Error())
			return nil, "", nil
		}
		if len(items) > 0 && world.HasAccount(node.Profile.Worker) {
			worker := world.GetAccount(reporter, node.Profile.Worker)
			o.sent.note(ctx, kind, node.Profile.Operator)
			return []simsx.SimAccount{worker}, worker.AddressBech32, items[:min(len(items), most)]
		}
	}
	reporter.Skip("nobody has anything of the kind to do")
	return nil, "", nil
}

// held returns the batch items that follow from a node's assignments.
func held[T any](
	ctx context.Context, o operations, node edgenodetypes.Node, itemOf func(types.WorkItem, part) (T, bool),
) ([]T, error) {
	response, err := o.queries.Assignments(ctx, &types.QueryAssignmentsRequest{Operator: node.Profile.Operator})
	if err != nil {
		return nil, err
	}
	var items []T
	for _, work := range response.Items {
		a, err := o.partOf(ctx, work)
		if err != nil {
			return nil, err
		}
		if item, ok := itemOf(work, a); ok {
			items = append(items, item)
		}
	}
	return items, nil
}

// worked gathers a batch from the assignments of nodes.
func worked[T any](
	ctx context.Context, o operations, kind string, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	itemOf func(types.WorkItem, part) (T, bool),
) ([]simsx.SimAccount, string, []T) {
	return gather(ctx, o, kind, world, reporter, world.AccountsCount(), func(node edgenodetypes.Node) ([]T, error) {
		return held(ctx, o, node, itemOf)
	})
}

// claim enters draws in which the node would lead.
func (o operations) claim(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgClaim) {
	from, worker, items := gather(ctx, o, "claim", world, reporter, attempts, func(node edgenodetypes.Node) ([]types.ChunkRef, error) {
		if node.State.Status != edgenodetypes.NODE_STATUS_ACTIVE {
			return nil, nil
		}
		response, err := o.queries.Claimable(ctx, &types.QueryClaimableRequest{Operator: node.Profile.Operator})
		if err != nil {
			return nil, err
		}
		var refs []types.ChunkRef
		for _, task := range response.Tasks {
			if task.Leading {
				refs = append(refs, task.Ref)
			}
		}
		return refs, nil
	})
	return from, &types.MsgClaim{Worker: worker, Items: items}
}

// commit commits to the results of all assignments of a node, except for those that the node
// abandons.
func (o operations) commit(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgCommit) {
	chain := sdk.UnwrapSDKContext(ctx).ChainID()
	from, worker, items := worked(ctx, o, "commit", world, reporter, func(_ types.WorkItem, a part) (types.CommitItem, bool) {
		ok := a.Status == types.ASSIGNMENT_STATUS_ASSIGNED && a.conduct() != idle && !a.inputMissing()
		if !ok {
			return types.CommitItem{}, false
		}
		operator, err := world.AddressCodec().StringToBytes(a.Operator)
		return a.commitment(chain, operator), err == nil
	})
	return from, &types.MsgCommit{Worker: worker, Items: items}
}

// reveal reveals the tags that a node has committed to and may reveal, and shows the results of
// chunks about which replicas disagree.
func (o operations) reveal(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgReveal) {
	chain := sdk.UnwrapSDKContext(ctx).ChainID()
	from, worker, items := worked(ctx, o, "reveal", world, reporter, func(w types.WorkItem, a part) (types.RevealItem, bool) {
		if w.MustShowAll {
			return a.shownWhole(chain), a.conduct() != closed
		}
		ok := a.Status == types.ASSIGNMENT_STATUS_COMMITTED && w.Phase == types.ROUND_PHASE_REVEAL &&
			w.CurrentRound == a.ref.Round && a.conduct() != silent
		if !ok {
			return types.RevealItem{}, false
		}
		return a.revealed(chain), true
	})
	return from, &types.MsgReveal{Worker: worker, Items: items}
}

// open opens the results that an escalation requires.
func (o operations) open(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgOpen) {
	from, worker, items := gather(ctx, o, "open", world, reporter, world.AccountsCount(), func(node edgenodetypes.Node) ([]types.OpenItem, error) {
		each, err := held(ctx, o, node, func(w types.WorkItem, a part) ([]types.OpenItem, bool) {
			return a.openings(w.Opens), w.MustOpen && a.conduct() != closed
		})
		return slices.Concat(each...), err
	})
	return from, &types.MsgOpen{Worker: worker, Items: items}
}

// release gives tasks back inside their window: those whose input is missing, and sometimes
// others.
func (o operations) release(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgRelease) {
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	weary := world.Rand().Intn(4) == 0
	from, worker, items := worked(ctx, o, "release", world, reporter, func(_ types.WorkItem, a part) (types.ReleaseItem, bool) {
		// The shortest possible window: the job's own window is at least as long.
		ok := a.Status == types.ASSIGNMENT_STATUS_ASSIGNED && (weary || a.inputMissing()) &&
			height < a.AssignedHeight+int64(o.params(ctx, reporter).MinPrepareBlocks)
		return types.ReleaseItem{Ref: a.ref, InputUnavailable: a.inputMissing(), Input: 1}, ok
	})
	return from, &types.MsgRelease{Worker: worker, Items: items}
}

// yield gives up tasks before their deadline: those that the node would never commit to, and
// sometimes others, except for chunks of several tasks, of which there are few.
func (o operations) yield(
	ctx context.Context, world *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) ([]simsx.SimAccount, *types.MsgYield) {
	hurried := world.Rand().Intn(8) == 0
	from, worker, items := worked(ctx, o, "yield", world, reporter, func(_ types.WorkItem, a part) (types.ChunkRef, bool) {
		return a.ref, a.Status == types.ASSIGNMENT_STATUS_ASSIGNED && (hurried && a.count == 1 || a.conduct() == idle)
	})
	return from, &types.MsgYield{Worker: worker, Items: items}
}

// ledger remembers which nodes have sent which messages for the coming block.
type ledger struct {
	height int64
	sent   map[string]bool
}

func (l *ledger) already(ctx context.Context, kind, operator string) bool {
	return l.height == sdk.UnwrapSDKContext(ctx).BlockHeight() && l.sent[kind+operator]
}

func (l *ledger) note(ctx context.Context, kind, operator string) {
	if height := sdk.UnwrapSDKContext(ctx).BlockHeight(); l.sent == nil || l.height != height {
		l.height, l.sent = height, map[string]bool{}
	}
	l.sent[kind+operator] = true
}
