package keeper

import (
	"errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// maxFitVisited bounds the nodes that one query looks at to count whom a job fits.
// Messages never look: posting costs the same whatever the number of nodes.
const maxFitVisited = 1_000

// barred reports whether a node may not take a task for what it has done in it; nil when
// there is no task yet.
type barred func(operator string) (bool, error)

// fit counts the live nodes that a demand fits, and what excludes the others. A named
// node is looked up, so that it is counted however many nodes there are.
func (k *Keeper) fit(ctx sdk.Context, d *types.Demand, isBarred barred) (types.Fit, error) {
	epoch, err := k.nodes.Epoch(ctx)
	if err != nil {
		return types.Fit{}, err
	}
	var fit types.Fit
	best := map[string]uint64{}
	count := func(node edgenodetypes.Node) error {
		if node.Profile.Class != d.Class || !node.State.Live(ctx.BlockHeight()) {
			return nil
		}
		fit.Live++
		needs, err := needsOf(d, node, epoch, isBarred)
		if err != nil {
			return err
		}
		if !types.Fits(needs) {
			fit.Exclude(needs, best)
			return nil
		}
		fit.Fitting++
		if d.Busy(node.State) {
			fit.Busy++
		}
		if d.Placement.Prefers(node.Profile.Region) {
			fit.Preferred++
		}
		return nil
	}
	if d.Policy.NamesNode() {
		return fit, k.countNamed(ctx, d, &fit, count)
	}
	visited, cut, err := k.nodes.WalkNodes(ctx, maxFitVisited, count)
	fit.Visited, fit.Cut = uint64(visited), cut
	return fit, err
}

// countNamed looks at the node that a job names.
func (k *Keeper) countNamed(ctx sdk.Context, d *types.Demand, fit *types.Fit, count func(edgenodetypes.Node) error) error {
	operator, err := k.addresses.StringToBytes(d.Policy.Node)
	if err != nil {
		return types.ErrInvalidSpec.Wrapf("policy: node: %s", err)
	}
	node, err := k.nodes.Node(ctx, operator)
	if errors.Is(err, edgenodetypes.ErrNodeNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	fit.Visited = 1
	return count(node)
}

// needsOf holds a node against a demand and, when there is a task, what it has done
// in it.
func needsOf(d *types.Demand, node edgenodetypes.Node, epoch uint64, isBarred barred) ([]types.Need, error) {
	needs := d.Needs(node, epoch)
	if isBarred == nil {
		return needs, nil
	}
	took, err := isBarred(node.Profile.Operator)
	return append(needs, types.Need{
		Rule: "new to the task", Met: !took, Detail: "has not taken part in this task before",
		Together: func(uint64) string { return "have taken part in this task already" },
	}), err
}
