package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Reserve locks a slot and a liability, in units of the bond denom, for an
// assignment, and renews the lease. It refuses with ErrNodeNotActive, ErrJailed,
// ErrLeaseLapsed, ErrNoFreeSlot or ErrInsufficientBond and then locks nothing.
func (k *Keeper) Reserve(ctx context.Context, operator sdk.AccAddress, liability math.Int) error {
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
	if err := n.lock(liability); err != nil {
		return err
	}
	if err := n.renew(); err != nil {
		return err
	}
	return k.save(n)
}

// lock takes a slot and a liability of the free bond for an assignment.
func (n *node) lock(liability math.Int) error {
	if n.state.UsedSlots >= n.state.Slots {
		return types.ErrNoFreeSlot.Wrapf("expected a free slot of %s, found %d of %d in use", n.operator, n.state.UsedSlots, n.state.Slots)
	}
	if free := n.state.Free(); free.LT(liability) {
		return types.ErrInsufficientBond.Wrapf("expected a free bond of %s of %s, found %s; bond more or wait for assignments to end", liability, n.operator, free)
	}
	state := n.change()
	state.Locked = state.Locked.Add(liability)
	state.UsedSlots++
	return nil
}

// checkLive refuses a node that may take on no work, and says what to do.
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

// Release gives an assignment's slot and liability back, whatever the node's
// status, and renews the lease of one that is live. A retired node that has given
// back its last starts to get its bond.
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

// Slash takes an assignment's whole liability, or one that is contested, from the bond, and what the request
// names beyond it from free bond and unbondings, and shares it: the cost of the
// fault first, the rest by the slash split. Cost and honest share go to the
// module account of the request. The fault counts towards jail. It writes step
// by step: callers run it in a cached context.
func (k *Keeper) Slash(ctx context.Context, req types.SlashRequest) (types.SlashOutcome, error) {
	if err := req.Validate(); err != nil {
		return types.SlashOutcome{}, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return types.SlashOutcome{}, err
	}
	n, err := k.load(ctx, params, req.Operator)
	if err != nil {
		return types.SlashOutcome{}, err
	}
	var lost math.Int
	if req.Contested {
		lost = n.free(req.Liability)
		n.change().EndContest()
	} else {
		lost = n.unlock(req.Liability)
	}
	n.lose(lost)
	free := math.MinInt(req.Beyond(), n.state.Free())
	n.lose(free)
	returning, err := k.slashUnbondings(ctx, req, req.Beyond().Sub(free))
	if err != nil {
		return types.SlashOutcome{}, err
	}
	if err := n.countFault(req.Reason); err != nil {
		return types.SlashOutcome{}, err
	}
	if err := n.drain(); err != nil {
		return types.SlashOutcome{}, err
	}
	if err := k.save(n); err != nil {
		return types.SlashOutcome{}, err
	}
	outcome := params.SlashSplit.Share(lost.Add(free).Add(returning), req.Cost, req.Honest)
	outcome.Unbonding = returning
	if err := k.payOut(ctx, params.BondDenom, req.To, outcome); err != nil {
		return types.SlashOutcome{}, err
	}
	return outcome, emit(ctx, types.NewEventSlashed(
		n.profile.Operator, params.BondDenom, req.Reason, req.JobID, req.Task, outcome))
}

// Penalize is for a fault that does not cost the liability: it gives slot and
// liability back, notes the fault, and burns the amount of the request, never more
// than the liability. A wrong result counts towards jail at once; a missed deadline
// when the caller says so by CountMissed, because it may be the task's fault. It
// returns what was burned, in units of the bond denom. Callers run it in a cached
// context.
func (k *Keeper) Penalize(ctx context.Context, req types.PenaltyRequest) (math.Int, error) {
	if err := req.Validate(); err != nil {
		return math.Int{}, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return math.Int{}, err
	}
	n, err := k.load(ctx, params, req.Operator)
	if err != nil {
		return math.Int{}, err
	}
	burned := math.MinInt(req.Amount, n.unlock(req.Liability))
	n.lose(burned)
	if req.Reason == types.ReasonMissedDeadline {
		n.change().Faults.Missed++
	} else if err := n.countFault(req.Reason); err != nil {
		return math.Int{}, err
	}
	if err := n.drain(); err != nil {
		return math.Int{}, err
	}
	if err := k.save(n); err != nil {
		return math.Int{}, err
	}
	if req.Reason == types.ReasonWrongResult {
		return burned, emit(ctx, types.NewEventOutvoted(n.profile.Operator, req.JobID, req.Task))
	}
	return burned, k.burn(n, burned, req.Reason, req.JobID, req.Task)
}

// burn burns coins that a node has lost, in units of the bond denom.
func (k *Keeper) burn(n *node, lost math.Int, reason, jobID string, task uint64) error {
	zero := math.ZeroInt()
	outcome := types.SlashOutcome{Cost: zero, Honest: zero, Community: zero, Burned: lost, Unbonding: zero}
	if err := k.payOut(n.ctx, n.params.BondDenom, "", outcome); err != nil {
		return err
	}
	return emit(n.ctx, types.NewEventSlashed(n.profile.Operator, n.params.BondDenom, reason, jobID, task, outcome))
}

// unlock takes a slot and a liability off the locks and returns how much was
// unlocked. More than is locked can only come from a bug elsewhere: it is
// logged and capped, so that it neither halts the chain nor touches free bond.
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

// free unlocks up to an amount without giving a slot back, and returns how much was unlocked.
func (n *node) free(amount math.Int) math.Int {
	state := n.change()
	freed := math.MinInt(amount, state.Locked)
	state.Locked = state.Locked.Sub(freed)
	return freed
}

// keep locks an amount that has just been unlocked again, without a slot.
func (n *node) keep(amount math.Int) {
	n.change().Locked = n.state.Locked.Add(amount)
}

// lose takes an amount of free bond off the stake. What happens to the coins is up to the caller.
func (n *node) lose(amount math.Int) {
	n.change().Bond = n.state.Bond.Sub(amount)
	n.reweigh()
}

// endWork renews the lease of a live node that has given a slot back. A retired node that does not
// hold work any more starts to get its bond.
func (n *node) endWork() error {
	if n.state.Live(n.height()) {
		return n.renew()
	}
	return n.returnBond()
}

// payOut moves a lost amount out of the node pool.
func (k *Keeper) payOut(ctx context.Context, denom, to string, outcome types.SlashOutcome) error {
	if paid := coins(denom, outcome.Cost.Add(outcome.Honest)); !paid.Empty() {
		if err := k.bank.SendCoinsFromModuleToModule(ctx, types.ModuleName, to, paid); err != nil {
			return err
		}
	}
	if burned := coins(denom, outcome.Burned); !burned.Empty() {
		if err := k.bank.BurnCoins(ctx, types.ModuleName, burned); err != nil {
			return err
		}
	}
	if given := coins(denom, outcome.Community); !given.Empty() {
		return k.community.FundCommunityPool(ctx, given, poolAddress())
	}
	return nil
}

// coins returns an amount as coins, none for zero.
func coins(denom string, amount math.Int) sdk.Coins { return sdk.NewCoins(sdk.NewCoin(denom, amount)) }
