package keeper

import (
	"context"
	"errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// maxFitVisited bounds the number of nodes that one query visits to count how many nodes a
// job fits. Messages do not visit nodes: posting costs the same for any number of nodes.
const maxFitVisited = 1_000

// barred reports whether a node may not take a task because it has taken part in it. It is
// nil if there is no task yet.
type barred func(operator string) (bool, error)

// fit counts the live nodes that meet a demand, and the rules that exclude the others. It
// looks a named node up directly, so that the node is counted whatever the number of nodes.
func (k *Keeper) fit(ctx sdk.Context, d *types.Demand, isBarred barred) (types.Fit, error) {
	epoch, err := k.nodes.Epoch(ctx)
	if err != nil {
		return types.Fit{}, err
	}
	if err := k.addCarbon(ctx, d); err != nil {
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

// addCarbon adds the carbon factors to a demand that depends on them.
func (k *Keeper) addCarbon(ctx context.Context, d *types.Demand) (err error) {
	if d.Placement.MaxGco2PerKwh > 0 {
		d.Carbon, err = k.carbonFactors(ctx)
	}
	return err
}

// countNamed counts the node that a job names.
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

// needsOf compares a node with a demand and, if there is a task, checks whether the node has
// taken part in it.
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
