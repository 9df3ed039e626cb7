package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Reserve locks a slot and a liability, in units of the bond denom, for an assignment, and
// renews the lease. If it refuses, it locks nothing and returns ErrNodeNotActive, ErrJailed,
// ErrLeaseLapsed, ErrNoFreeSlot or ErrInsufficientBond.
func (k *Keeper) Reserve(ctx context.Context, operator sdk.AccAddress, liability math.Int) error {
	return k.reserve(ctx, operator, liability, false)
}

// ReserveCall does what Reserve does for an auditor or a judge of a chunk. A node with one
// slot has a second one for it: the machine of a replica that has committed is idle, while the
// replica holds its slot until its audit has ended.
func (k *Keeper) ReserveCall(ctx context.Context, operator sdk.AccAddress, liability math.Int) error {
	return k.reserve(ctx, operator, liability, true)
}

func (k *Keeper) reserve(ctx context.Context, operator sdk.AccAddress, liability math.Int, call bool) error {
	if err := types.CheckLiability(liability); err != nil {
		return err
	}
	n, err := k.loadStake(ctx, operator)
	if err != nil {
		return err
	}
	if err := checkLive(operator, n.state, n.height()); err != nil {
		return err
	}
	slots := n.state.Slots
	if call {
		slots = n.state.AllSlots()
	}
	if err := n.lock(liability, slots); err != nil {
		return err
	}
	if err := n.renew(); err != nil {
		return err
	}
	return k.save(n)
}

// lock locks one of the slots, and a liability from the free bond, for an assignment.
func (n *node) lock(liability math.Int, slots uint32) error {
	if n.state.UsedSlots >= slots {
		return types.ErrNoFreeSlot.Wrapf("expected a free slot of %s, found %d of %d in use", n.operator, n.state.UsedSlots, slots)
	}
	if free := n.state.Free(); free.LT(liability) {
		return types.ErrInsufficientBond.Wrapf("expected a free bond of %s of %s, found %s; bond more or wait for assignments to end", liability, n.operator, free)
	}
	state := n.change()
	state.Locked = state.Locked.Add(liability)
	state.UsedSlots++
	return nil
}

// checkLive refuses a node that may not take on work, and says what to do about it.
func checkLive(operator sdk.AccAddress, state types.NodeState, height int64) error {
	switch {
	case state.Live(height):
		return nil
	case state.Status == types.NODE_STATUS_JAILED:
		return jailed(operator, state.Jail)
	case state.Status == types.NODE_STATUS_ACTIVE || state.Status == types.NODE_STATUS_LAPSED:
		return lapsed(operator, state)
	default:
		return types.ErrNodeNotActive.Wrapf("expected the node of %s to be active, found it %s; resume it", operator, state.Status.Title())
	}
}

// Release gives an assignment's slot and liability back, whatever the node's status is, and
// renews the lease of a live node. If a retired node has given back its last assignment, the
// return of its bond starts.
func (k *Keeper) Release(ctx context.Context, operator sdk.AccAddress, liability math.Int) error {
	if err := types.CheckLiability(liability); err != nil {
		return err
	}
	n, err := k.loadStake(ctx, operator)
	if err != nil {
		return err
	}
	n.unlock(liability)
	if err := n.endWork(); err != nil {
		return err
	}
	return k.save(n)
}

// unlock takes a slot and a liability off the locks and returns how much it has unlocked. Only
// a bug elsewhere can ask for more than is locked. unlock logs this and limits the amount, so
// that the bug neither halts the chain nor affects free bond.
func (n *node) unlock(liability math.Int) math.Int {
	state := n.change()
	if state.Locked.LT(liability) || state.UsedSlots == 0 {
		n.keeper.logger(n.ctx).Error("expected an open reservation", "operator", n.operator.String(),
			"liability", liability.String(), "locked", state.Locked.String(), "used_slots", state.UsedSlots)
	}
	if state.UsedSlots > 0 {
		state.UsedSlots--
	}
	return n.free(liability)
}

// free unlocks up to an amount without giving a slot back, and returns how much it has
// unlocked.
func (n *node) free(amount math.Int) math.Int {
	state := n.change()
	freed := math.MinInt(amount, state.Locked)
	state.Locked = state.Locked.Sub(freed)
	return freed
}

// keep locks again an amount that has just been unlocked, without a slot.
func (n *node) keep(amount math.Int) {
	n.change().Locked = n.state.Locked.Add(amount)
}

// endWork renews the lease of a live node that has given a slot back. If a retired node no
// longer holds work, the return of its bond starts.
func (n *node) endWork() error {
	if n.state.Live(n.height()) {
		return n.renew()
	}
	return n.returnBond()
}
