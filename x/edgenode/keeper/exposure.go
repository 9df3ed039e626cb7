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
	state, err := k.state(ctx, operator)
	if err != nil {
		return err
	}
	if err := checkLive(operator, state, height(ctx)); err != nil {
		return err
	}
	if state.UsedSlots >= state.Slots {
		return types.ErrNoFreeSlot.Wrapf("expected a free slot of %s, found %d of %d in use", operator, state.UsedSlots, state.Slots)
	}
	if free := state.Free(); free.LT(liability) {
		return types.ErrInsufficientBond.Wrapf("expected a free bond of %s of %s, found %s; bond more or wait for assignments to end", liability, operator, free)
	}
	state.Locked = state.Locked.Add(liability)
	state.UsedSlots++
	if err := k.extendLease(ctx, &state); err != nil {
		return err
	}
	return k.states.Set(ctx, operator, state)
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
	state, err := k.state(ctx, operator)
	if err != nil {
		return err
	}
	k.unlock(ctx, operator, &state, liability)
	return k.saveAlive(ctx, operator, state)
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
	node, err := k.current(ctx, params, req.Operator)
	if err != nil {
		return types.SlashOutcome{}, err
	}
	lost := math.MinInt(req.Liability, node.State.Locked)
	if req.Contested {
		node.State.Locked = node.State.Locked.Sub(lost)
		node.State.EndContest()
	} else {
		lost = k.unlock(ctx, req.Operator, &node.State, req.Liability)
	}
	node.State.Bond = node.State.Bond.Sub(lost)
	free := math.MinInt(req.Beyond(), node.State.Free())
	node.State.Bond = node.State.Bond.Sub(free)
	returning, err := k.slashUnbondings(ctx, req, req.Beyond().Sub(free))
	if err != nil {
		return types.SlashOutcome{}, err
	}
	if err := k.countFault(ctx, params, req.Operator, &node, req.Reason); err != nil {
		return types.SlashOutcome{}, err
	}
	outcome := params.SlashSplit.Share(lost.Add(free).Add(returning), req.Cost, req.Honest)
	outcome.Unbonding = returning
	if err := k.saveLessened(ctx, params, req.Operator, node); err != nil {
		return types.SlashOutcome{}, err
	}
	if err := k.payOut(ctx, params.BondDenom, req.To, outcome); err != nil {
		return types.SlashOutcome{}, err
	}
	return outcome, emit(ctx, types.NewEventSlashed(
		node.Profile.Operator, params.BondDenom, req.Reason, req.JobID, req.Task, outcome))
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
	node, err := k.current(ctx, params, req.Operator)
	if err != nil {
		return math.Int{}, err
	}
	burned := math.MinInt(req.Amount, k.unlock(ctx, req.Operator, &node.State, req.Liability))
	node.State.Bond = node.State.Bond.Sub(burned)
	if req.Reason == types.ReasonMissedDeadline {
		node.State.Faults.Missed++
	} else if err := k.countFault(ctx, params, req.Operator, &node, req.Reason); err != nil {
		return math.Int{}, err
	}
	if err := k.saveLessened(ctx, params, req.Operator, node); err != nil {
		return math.Int{}, err
	}
	if req.Reason == types.ReasonWrongResult {
		return burned, emit(ctx, types.NewEventOutvoted(node.Profile.Operator, req.JobID, req.Task))
	}
	zero := math.ZeroInt()
	outcome := types.SlashOutcome{Cost: zero, Honest: zero, Community: zero, Burned: burned, Unbonding: zero}
	if err := k.payOut(ctx, params.BondDenom, "", outcome); err != nil {
		return math.Int{}, err
	}
	return burned, emit(ctx, types.NewEventSlashed(
		node.Profile.Operator, params.BondDenom, req.Reason, req.JobID, req.Task, outcome))
}

// unlock takes a slot and a liability off the locks and returns how much was
// unlocked. More than is locked can only come from a bug elsewhere: it is
// logged and capped, so that it neither halts the chain nor touches free bond.
func (k *Keeper) unlock(ctx context.Context, operator sdk.AccAddress, state *types.NodeState, liability math.Int) math.Int {
	if state.Locked.LT(liability) || state.UsedSlots == 0 {
		k.logger(ctx).Error("expected an open reservation", "operator", operator.String(),
			"liability", liability.String(), "locked", state.Locked.String(), "used_slots", state.UsedSlots)
	}
	unlocked := math.MinInt(liability, state.Locked)
	state.Locked = state.Locked.Sub(unlocked)
	if state.UsedSlots > 0 {
		state.UsedSlots--
	}
	return unlocked
}

// saveLessened stores a node whose bond has dropped; a retired one may thereby
// have drained.
func (k *Keeper) saveLessened(ctx context.Context, params types.Params, operator sdk.AccAddress, node types.Node) error {
	if err := k.drain(ctx, params, operator, &node); err != nil {
		return err
	}
	return k.saveReweighed(ctx, params, operator, node.Profile.Class, node.State)
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
