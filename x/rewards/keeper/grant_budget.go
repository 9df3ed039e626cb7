package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// EncumberGrant encumbers the budget of a grant for a job of its grantee, and takes the job's
// cost from the deposit; the coins are in escrow already. It returns what was agreed, without
// what each task encumbers. It returns an error of this module that says which rule of the
// grant the job does not meet.
func (k *Keeper) EncumberGrant(ctx context.Context, req computetypes.GrantRequest) (computetypes.JobGrant, error) {
	none := computetypes.JobGrant{}
	grant, err := k.Grant(ctx, req.Grant)
	if err != nil {
		return none, err
	}
	if err := k.checkGrantee(&grant, req.Requester); err != nil {
		return none, err
	}
	epoch, err := k.others.Nodes.Epoch(ctx)
	if err != nil {
		return none, err
	}
	if err := grant.Check(req, epoch); err != nil {
		return none, err
	}
	if err := k.checkUnmintedTotal(ctx, grant.Id); err != nil {
		return none, err
	}
	if err := spend(&grant, req.Cost); err != nil {
		return none, err
	}
	grant.Epoch, grant.Encumbered = epoch, grant.EncumberedIn(epoch).Add(req.Encumbered)
	grant.Outstanding = grant.Outstanding.Add(req.Encumbered)
	price, _ := grant.Price(req.Class)
	return computetypes.JobGrant{Id: grant.Id, Price: price, Epoch: epoch, HoldEpochs: grant.HoldEpochs}, k.grants.Set(ctx, grant.Id, grant)
}

// SpendGrant takes a fee of a job from the deposit of its grant; the coins are in escrow already.
func (k *Keeper) SpendGrant(ctx context.Context, id uint64, cost sdk.Coins) error {
	grant, err := k.Grant(ctx, id)
	if err != nil {
		return err
	}
	if err := spend(&grant, cost); err != nil {
		return err
	}
	return k.grants.Set(ctx, id, grant)
}

// spend takes coins from the deposit of a grant.
func spend(grant *types.Grant, cost sdk.Coins) error {
	if has := sdk.NewCoins(grant.Coin(grant.Deposit)); !has.IsAllGTE(cost) {
		return types.ErrGrantDeposit.Wrapf("grant %d: its deposit is %s, and the job takes %s; add to it", grant.Id, has, cost)
	}
	grant.Deposit = grant.Deposit.Sub(cost.AmountOf(grant.Denom))
	return nil
}

// RefundGrant returns coins in escrow that a job has not spent to the deposit of its grant. Of a
// grant that was revoked, it burns them.
func (k *Keeper) RefundGrant(ctx context.Context, id uint64, coin sdk.Coin) error {
	grant, err := k.Grant(ctx, id)
	if err != nil {
		return err
	}
	if grant.Status == types.GRANT_STATUS_REVOKED {
		return k.others.Fees.BurnCoins(ctx, k.escrow, sdk.NewCoins(coin))
	}
	grant.Deposit = grant.Deposit.Add(coin.Amount)
	return k.grants.Set(ctx, id, grant)
}

// ReleaseGrant ends the encumbrance of tasks of a job. returned is the part that they have not
// used, which returns to the budget if the epoch of the posting is the last in which a job was
// posted; used is the rest.
func (k *Keeper) ReleaseGrant(ctx context.Context, of *computetypes.JobGrant, returned, used math.Int) error {
	grant, err := k.Grant(ctx, of.Id)
	if err != nil {
		return err
	}
	grant.Outstanding = grant.Outstanding.Sub(returned).Sub(used)
	if grant.Epoch == of.Epoch {
		grant.Encumbered = grant.Encumbered.Sub(returned)
	}
	return k.grants.Set(ctx, of.Id, grant)
}
