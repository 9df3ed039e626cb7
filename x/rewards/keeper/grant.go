package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// Grant returns a grant. It returns ErrGrantNotFound.
func (k *Keeper) Grant(ctx context.Context, id uint64) (types.Grant, error) {
	grant, err := k.grants.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return grant, types.ErrGrantNotFound.Wrapf("no grant %d; see the list of grants", id)
	}
	return grant, err
}

// createGrant creates a grant, which is pending until its grantee has posted the deposit. It
// returns the number of the grant.
func (k *Keeper) createGrant(ctx context.Context, authority string, terms types.GrantTerms) (uint64, error) {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), k.authority, authority); err != nil {
		return 0, err
	}
	grantee, err := k.parse("grantee", terms.Grantee)
	if err != nil {
		return 0, err
	}
	if terms.Grantee, err = k.addresses.BytesToString(grantee); err != nil {
		return 0, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return 0, err
	}
	if err := terms.Validate(); err != nil {
		return 0, err
	}
	if err := terms.CheckParams(params); err != nil {
		return 0, err
	}
	created, err := k.nextGrant.Next(ctx)
	if err != nil {
		return 0, err
	}
	grant := types.NewGrant(created+1, k.others.Supply.denom, terms, params.GrantHoldEpochs)
	if err := k.grants.Set(ctx, grant.Id, grant); err != nil {
		return 0, err
	}
	return grant.Id, emit(ctx, &types.EventGrantCreated{Id: grant.Id, Grantee: terms.Grantee, Budget: grant.Coin(terms.Budget)})
}

// granteeGrant returns a grant of this grantee that was not revoked.
func (k *Keeper) granteeGrant(ctx context.Context, text string, id uint64) (sdk.AccAddress, types.Grant, error) {
	grantee, err := k.parse("grantee", text)
	if err != nil {
		return nil, types.Grant{}, err
	}
	grant, err := k.Grant(ctx, id)
	if err != nil {
		return nil, grant, err
	}
	if err := k.checkGrantee(&grant, grantee); err != nil {
		return nil, grant, err
	}
	if grant.Status == types.GRANT_STATUS_REVOKED {
		return nil, grant, types.ErrGrantNotActive.Wrapf("grant %d was revoked in epoch %d, and its deposit was burned", id, grant.RevokedEpoch)
	}
	return grantee, grant, nil
}

// checkGrantee refuses accounts other than the grantee.
func (k *Keeper) checkGrantee(grant *types.Grant, account sdk.AccAddress) error {
	text, err := k.addresses.BytesToString(account)
	if err != nil {
		return err
	}
	if text != grant.Terms.Grantee {
		return types.ErrNotGrantee.Wrapf("grant %d belongs to %s, found %s", grant.Id, grant.Terms.Grantee, text)
	}
	return nil
}

// fundGrant moves coins of the grantee into escrow as deposit. A pending grant whose deposit is
// there becomes active with the present epoch.
func (k *Keeper) fundGrant(ctx context.Context, text string, id uint64, amount sdk.Coin) (types.Grant, error) {
	grantee, grant, err := k.granteeGrant(ctx, text, id)
	if err != nil {
		return grant, err
	}
	if err := types.CheckCoin(amount); err != nil {
		return grant, err
	}
	if amount.Denom != grant.Denom || !amount.IsPositive() {
		return grant, types.ErrInvalidCoin.Wrapf("expected an amount of %s above 0, found %s", grant.Denom, amount)
	}
	if err := k.others.Bank.SendCoinsFromAccountToModule(ctx, grantee, k.escrow, sdk.NewCoins(amount)); err != nil {
		return grant, err
	}
	grant.Deposit = grant.Deposit.Add(amount.Amount)
	if grant.Status == types.GRANT_STATUS_PENDING && grant.Deposit.GTE(grant.Terms.Deposit) {
		grant.Status = types.GRANT_STATUS_ACTIVE
		if grant.FirstEpoch, err = k.others.Nodes.Epoch(ctx); err != nil {
			return grant, err
		}
	}
	if err := k.grants.Set(ctx, id, grant); err != nil {
		return grant, err
	}
	return grant, emit(ctx, &types.EventGrantFunded{Id: id, Status: grant.Status, Amount: amount})
}

// withdrawGrant pays what is left of the deposit back, once all jobs of the grant have ended and
// all their pay has matured, or while the grant is pending.
func (k *Keeper) withdrawGrant(ctx context.Context, text string, id uint64) (sdk.Coin, error) {
	grantee, grant, err := k.granteeGrant(ctx, text, id)
	if err != nil {
		return sdk.Coin{}, err
	}
	if grant.Status == types.GRANT_STATUS_ACTIVE {
		epoch, err := k.others.Nodes.Epoch(ctx)
		if err != nil {
			return sdk.Coin{}, err
		}
		if err := k.checkMatured(ctx, &grant, epoch); err != nil {
			return sdk.Coin{}, err
		}
	}
	if !grant.Deposit.IsPositive() {
		return sdk.Coin{}, types.ErrGrantDeposit.Wrapf("grant %d: expected a deposit, found none", id)
	}
	coin := grant.Coin(grant.Deposit)
	grant.Deposit = math.ZeroInt()
	if err := k.grants.Set(ctx, id, grant); err != nil {
		return coin, err
	}
	if err := k.others.Bank.SendCoinsFromModuleToAccount(ctx, k.escrow, grantee, sdk.NewCoins(coin)); err != nil {
		return coin, err
	}
	return coin, emit(ctx, &types.EventGrantWithdrawn{Id: id, Amount: coin})
}

// checkMatured returns ErrGrantDeposit if pay of an active grant can still be revoked, or earned by
// a job that has not ended: its grantee may have prolonged the job.
func (k *Keeper) checkMatured(ctx context.Context, grant *types.Grant, epoch uint64) error {
	from := grant.LastEpoch() + grant.HoldEpochs + 1
	unmatured, _, err := k.heldTotalsOf(ctx, grant.Id, epoch+1, 0)
	if err != nil {
		return err
	}
	if n := len(unmatured); n > 0 {
		from = max(from, unmatured[n-1])
	}
	unminted, err := k.unmintedTotal(ctx, grant.Id)
	if err != nil {
		return err
	}
	from = max(from, unminted.Matures)
	if epoch < from {
		return types.ErrGrantDeposit.Wrapf("grant %d: the deposit can be withdrawn from epoch %d on, when its last pay can no longer be revoked; this is epoch %d", grant.Id, from, epoch)
	}
	if grant.Outstanding.IsPositive() {
		return types.ErrGrantDeposit.Wrapf("grant %d: the deposit can be withdrawn when all jobs of the grant have ended and their pay has matured; jobs for %s are under way: wait, or cancel them",
			grant.Id, grant.Coin(grant.Outstanding))
	}
	return nil
}

// revokeGrant ends a grant, and burns its deposit and all pay that has not matured. It returns
// what it burned.
func (k *Keeper) revokeGrant(ctx context.Context, authority string, id uint64) (sdk.Coin, error) {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), k.authority, authority); err != nil {
		return sdk.Coin{}, err
	}
	grant, err := k.Grant(ctx, id)
	if err != nil {
		return sdk.Coin{}, err
	}
	if grant.Status == types.GRANT_STATUS_REVOKED {
		return sdk.Coin{}, types.ErrGrantNotActive.Wrapf("grant %d was revoked in epoch %d already", id, grant.RevokedEpoch)
	}
	epoch, err := k.others.Nodes.Epoch(ctx)
	if err != nil {
		return sdk.Coin{}, err
	}
	// Receipts of this block state what the grant pays for their results: the pay is minted, and
	// burned with the rest.
	if err := k.foldRevoked(ctx, id); err != nil {
		return sdk.Coin{}, err
	}
	if grant, err = k.Grant(ctx, id); err != nil {
		return sdk.Coin{}, err
	}
	deposit := grant.Coin(grant.Deposit)
	grant.Status, grant.RevokedEpoch, grant.Deposit = types.GRANT_STATUS_REVOKED, epoch, math.ZeroInt()
	held, err := k.takeUnmatured(ctx, &grant)
	if err != nil {
		return sdk.Coin{}, err
	}
	if err := k.grants.Set(ctx, id, grant); err != nil {
		return sdk.Coin{}, err
	}
	burned := deposit.Add(held)
	if burned.IsPositive() {
		if err := k.others.Fees.BurnCoins(ctx, k.escrow, sdk.NewCoins(burned)); err != nil {
			return burned, err
		}
	}
	return burned, emit(ctx, &types.EventGrantRevoked{Id: id, Deposit: deposit, Held: held})
}
