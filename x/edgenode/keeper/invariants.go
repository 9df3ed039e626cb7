package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Invariant is a rule that holds after every block.
type Invariant struct {
	// Name is the name of the rule.
	Name string
	// Check returns ErrInvariantBroken with the expected and the found values.
	Check func(context.Context) error
}

// InvariantResult is the result of one check. Err is nil if the rule holds.
type InvariantResult struct {
	Name string
	Err  error
}

// Invariants returns the rules in fixed order. Each rule walks all nodes, so the rules are for
// tests, devnets and operators, and never run in a block.
func (k *Keeper) Invariants() []Invariant {
	return []Invariant{
		{Name: "node-pool", Check: k.checkNodePool},
		{Name: "exposure", Check: k.checkExposure},
		{Name: "class-weights", Check: k.checkClassWeights},
		{Name: "leases", Check: k.checkLeases},
		{Name: "yields", Check: k.checkYields},
	}
}

// CheckInvariants runs every rule.
func (k *Keeper) CheckInvariants(ctx context.Context) []InvariantResult {
	rules := k.Invariants()
	results := make([]InvariantResult, 0, len(rules))
	for _, rule := range rules {
		results = append(results, InvariantResult{Name: rule.Name, Err: rule.Check(ctx)})
	}
	return results
}

// checkNodePool requires that the module account holds all bonds and unbondings, and nothing
// else. The account is blocked, so no account can send coins to it.
func (k *Keeper) checkNodePool(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	owed := math.ZeroInt()
	err = k.states.Walk(ctx, nil, func(_ sdk.AccAddress, state types.NodeState) (bool, error) {
		owed = owed.Add(state.Bond)
		return false, nil
	})
	if err != nil {
		return err
	}
	err = k.unbondings.Walk(ctx, nil, func(key collections.Pair[sdk.AccAddress, int64], amount math.Int) (bool, error) {
		owed = owed.Add(amount)
		queued, err := k.queue.Has(ctx, collections.Join(key.K2(), key.K1()))
		if err == nil && !queued {
			err = types.ErrInvariantBroken.Wrapf("expected the unbonding of %s at %d in the queue, found none", key.K1(), key.K2())
		}
		return false, err
	})
	if err != nil {
		return err
	}
	held := k.bank.GetBalance(ctx, poolAddress(), params.BondDenom).Amount
	if !held.Equal(owed) {
		return types.ErrInvariantBroken.Wrapf("node pool: expected %s%s of bonds and unbondings, found %s", owed, params.BondDenom, held)
	}
	return nil
}

// checkExposure requires that no node has locked more than its bond, holds more than is locked
// or uses more slots than it has.
func (k *Keeper) checkExposure(ctx context.Context) error {
	return k.states.Walk(ctx, nil, func(operator sdk.AccAddress, state types.NodeState) (bool, error) {
		if state.Locked.IsNegative() || state.Locked.GT(state.Bond) || state.UsedSlots > state.AllSlots() {
			return true, types.ErrInvariantBroken.Wrapf(
				"node %s: expected 0 <= locked <= bond and used_slots within the slots, found locked %s, bond %s, %d of %d slots",
				operator, state.Locked, state.Bond, state.UsedSlots, state.AllSlots())
		}
		if held := state.Held(); held.GT(state.Locked) {
			return true, types.ErrInvariantBroken.Wrapf("node %s: expected holds of at most the locked %s, found %s", operator, state.Locked, held)
		}
		return false, nil
	})
}

// checkClassWeights requires, for every kept epoch and for the next one, that a class's
// weight, slots and count are the sums over its nodes.
func (k *Keeper) checkClassWeights(ctx context.Context) error {
	epoch, err := k.Epoch(ctx)
	if err != nil {
		return err
	}
	expect := func(class string, at uint64, found types.ClassSnapshot) error {
		sum, err := k.sumWeights(ctx, class, at)
		if err == nil && !sum.Equal(found) {
			err = types.ErrInvariantBroken.Wrapf("class %s at epoch %d: expected weight %s and %d slots over %d nodes, found %s and %d over %d",
				class, at, sum.Weight, sum.Slots, sum.Nodes, found.Weight, found.Slots, found.Nodes)
		}
		return err
	}
	err = k.totals.Walk(ctx, nil, func(class string, total types.ClassSnapshot) (bool, error) {
		return false, expect(class, epoch+1, total)
	})
	if err != nil {
		return err
	}
	return k.snapshots.Walk(ctx, nil, func(key collections.Pair[uint64, string], snapshot types.ClassSnapshot) (bool, error) {
		return false, expect(key.K2(), key.K1(), snapshot)
	})
}

// checkLeases requires that the lease queue contains exactly the active nodes, each of them
// once, at the height that its state says.
func (k *Keeper) checkLeases(ctx context.Context) error {
	active := 0
	err := k.states.Walk(ctx, nil, func(operator sdk.AccAddress, state types.NodeState) (bool, error) {
		if state.Status != types.NODE_STATUS_ACTIVE {
			return false, nil
		}
		active++
		queued, err := k.leases.Has(ctx, collections.Join(state.LeaseCheck, operator))
		if err == nil && !queued {
			err = types.ErrInvariantBroken.Wrapf("expected the lease of %s in the queue at %d, found none", operator, state.LeaseCheck)
		}
		return false, err
	})
	if err != nil {
		return err
	}
	queued := 0
	err = k.leases.Walk(ctx, nil, func(collections.Pair[int64, sdk.AccAddress]) (bool, error) {
		queued++
		return false, nil
	})
	if err == nil && queued != active {
		err = types.ErrInvariantBroken.Wrapf("expected the leases of %d active nodes in the queue, found %d", active, queued)
	}
	return err
}

// checkYields requires that no node has had more yields excused than any parameters allow, and
// that a window of yields has begun, and holds a yield.
func (k *Keeper) checkYields(ctx context.Context) error {
	now := height(ctx)
	return k.states.Walk(ctx, nil, func(operator sdk.AccAddress, state types.NodeState) (bool, error) {
		if state.Yields > types.MaxYieldsLimit || state.YieldsSince > now || state.Yields == 0 && state.YieldsSince != 0 {
			return true, types.ErrInvariantBroken.Wrapf("node %s: expected at most %d yields, since height %d at most, found %d since %d",
				operator, types.MaxYieldsLimit, now, state.Yields, state.YieldsSince)
		}
		return false, nil
	})
}

// sumWeights adds up the nodes of a class as they counted in an epoch.
func (k *Keeper) sumWeights(ctx context.Context, class string, epoch uint64) (types.ClassSnapshot, error) {
	sum := types.ZeroSnapshot()
	err := k.states.Walk(ctx, nil, func(_ sdk.AccAddress, state types.NodeState) (bool, error) {
		if point := state.CheckpointAt(epoch); point.Class == class {
			sum = sum.Add(point)
		}
		return false, nil
	})
	return sum, err
}

// checkWalkable refuses to walk over more than limit nodes.
func (k *Keeper) checkWalkable(ctx context.Context, limit int) error {
	iterator, err := k.states.Iterate(ctx, nil)
	if err != nil {
		return err
	}
	defer iterator.Close()
	for count := 1; iterator.Valid(); iterator.Next() {
		if count > limit {
			return types.ErrTooManyNodes.Wrapf("expected at most %d, found more; check an exported genesis instead", limit)
		}
		count++
	}
	return nil
}
