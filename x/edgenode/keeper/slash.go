package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Slash takes the whole liability of an assignment, or a contested liability, from the bond.
// If the request names a further amount, Slash takes it from free bond and unbondings. It then
// shares the sum: the cost of the fault first, the rest by the slash split. The cost and the
// honest share go to the module account of the request. The fault counts towards jail. Slash
// writes step by step, so callers run it in a cached context.
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

// Penalize handles a fault that does not cost the whole liability. It gives slot and liability
// back, notes the fault, and burns the amount of the request, but at most the liability. A
// wrong result counts towards jail at once. A missed deadline counts only if the caller later
// says so with CountMissed, because the task may be at fault. Penalize returns the burned
// amount, in units of the bond denom. Callers run it in a cached context.
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

// coins returns an amount as coins. For zero it returns no coins.
func coins(denom string, amount math.Int) sdk.Coins { return sdk.NewCoins(sdk.NewCoin(denom, amount)) }
