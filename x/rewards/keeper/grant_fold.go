package keeper

import (
	"context"
	"slices"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/internal/isolated"
	"github.com/thetaedge/theta/x/rewards/types"
)

// grantNoteEntry is a note with its key.
type grantNoteEntry struct {
	key  grantNoteKey
	note types.GrantNote
}

// foldGrants mints what grants pay in this block. It writes each grant once, and each in a
// context of its own, so that a faulty grant does not hold up the others. If a grant fails, it
// folds the pay of each operator alone. What fails then is kept and tried again later.
func (k *Keeper) foldGrants(ctx context.Context) {
	notes, err := k.takeGrantNotes(ctx, nil)
	if err != nil {
		k.logger(ctx).Error("expected to read what grants pay in this block", "err", err)
		return
	}
	credits, err := k.takeGrantCredits(ctx, nil)
	if err != nil {
		k.logger(ctx).Error("expected to read for which chunks grants pay in this block", "err", err)
		return
	}
	for all := (grantPay{notes, credits}); len(all.notes) > 0; {
		id := all.notes[0].key.K1()
		pay := all.cut(func(grant uint64, _ sdk.AccAddress) bool { return grant == id })
		err := isolated.Run(ctx, func(ctx context.Context) error { return k.foldGrant(ctx, id, pay) })
		if err != nil {
			k.logger(ctx).Error("expected to mint what a grant pays, will try each operator alone", "grant", id, "err", err)
			k.foldOperators(ctx, id, pay)
		}
	}
}

// foldOperators mints what a grant pays, for one operator after the other, and keeps what fails.
func (k *Keeper) foldOperators(ctx context.Context, id uint64, all grantPay) {
	for len(all.notes) > 0 {
		operator := all.notes[0].key.K2()
		pay := all.cut(func(_ uint64, of sdk.AccAddress) bool { return of.Equals(operator) })
		err := isolated.Run(ctx, func(ctx context.Context) error { return k.foldGrant(ctx, id, pay) })
		if err == nil {
			continue
		}
		k.logger(ctx).Error("expected to mint what a grant pays an operator, will try later", "grant", id, "operator", operator.String(), "err", err)
		err = isolated.Run(ctx, func(ctx context.Context) error { return k.keepUnminted(ctx, pay) })
		if err != nil {
			k.logger(ctx).Error("expected to keep what a grant pays an operator", "grant", id, "operator", operator.String(), "err", err)
		}
	}
}

// grantPay is what grants pay in one block: notes, of which there is at least one, and the chunks
// that they are about. Both are ordered by grant and operator.
type grantPay struct {
	notes   []grantNoteEntry
	credits []grantCredit
}

// cut takes the first notes and credits off that belong to a grant or an operator.
func (p *grantPay) cut(belongs func(grant uint64, operator sdk.AccAddress) bool) grantPay {
	n, m := 0, 0
	for n < len(p.notes) && belongs(p.notes[n].key.K1(), p.notes[n].key.K2()) {
		n++
	}
	for m < len(p.credits) && belongs(p.credits[m].key.K1(), p.credits[m].key.K2()) {
		m++
	}
	first := grantPay{p.notes[:n], p.credits[:m]}
	p.notes, p.credits = p.notes[n:], p.credits[m:]
	return first
}

// foldRevoked mints what a grant that is about to be revoked has paid in this block so far, as the
// receipts say that it has. If that fails, it is logged; nothing is minted, and the grant is revoked
// all the same.
func (k *Keeper) foldRevoked(ctx context.Context, id uint64) error {
	notes, err := k.takeGrantNotes(ctx, collections.NewPrefixedTripleRange[uint64, sdk.AccAddress, string](id))
	if err != nil {
		return err
	}
	credits, err := k.takeGrantCredits(ctx, collections.NewPrefixedQuadRange[uint64, sdk.AccAddress, computetypes.JobID, uint64](id))
	if err != nil || len(notes) == 0 {
		return err
	}
	if err := isolated.Run(ctx, func(ctx context.Context) error { return k.foldGrant(ctx, id, grantPay{notes, credits}) }); err != nil {
		k.logger(ctx).Error("expected to mint what a grant pays before it is revoked", "grant", id, "err", err)
	}
	return nil
}

// takeGrantNotes returns the block's notes within a range, or all if it is nil, ordered by grant, and
// removes them.
func (k *Keeper) takeGrantNotes(ctx context.Context, within collections.Ranger[grantNoteKey]) ([]grantNoteEntry, error) {
	var entries []grantNoteEntry
	err := k.grantNotes.Walk(ctx, within, func(key grantNoteKey, note types.GrantNote) (bool, error) {
		entries = append(entries, grantNoteEntry{key: key, note: note})
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	for i := range entries {
		if err := k.grantNotes.Remove(ctx, entries[i].key); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// grantCreditKey is the key of what a grant pays for a chunk: grant, operator, job and task.
type grantCreditKey = collections.Quad[uint64, sdk.AccAddress, computetypes.JobID, uint64]

// grantCredit is what a grant pays for a chunk, with its key.
type grantCredit struct {
	key    grantCreditKey
	amount math.Int
}

// takeGrantCredits returns the chunks for which grants pay in this block, within a range or all if it
// is nil, ordered by grant, and removes them.
func (k *Keeper) takeGrantCredits(ctx context.Context, within collections.Ranger[grantCreditKey]) ([]grantCredit, error) {
	var credits []grantCredit
	err := k.grantCredits.Walk(ctx, within, func(key grantCreditKey, amount math.Int) (bool, error) {
		credits = append(credits, grantCredit{key: key, amount: amount})
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	for i := range credits {
		if err := k.grantCredits.Remove(ctx, credits[i].key); err != nil {
			return nil, err
		}
	}
	return credits, nil
}

// creditGranted records what a grant pays in this block as earnings of the open epoch.
func (k *Keeper) creditGranted(ctx context.Context, grant *types.Grant, credits []grantCredit) error {
	open, err := k.openEpoch(ctx)
	if err != nil || len(credits) == 0 {
		return err
	}
	var all []types.SourceAmount
	for i := range credits {
		key, coin := credits[i].key, grant.Coin(credits[i].amount)
		sources := types.Credited(computetypes.CREDIT_SOURCE_GRANTS, coin)
		origin := computetypes.CreditOrigin{Source: computetypes.CREDIT_SOURCE_GRANTS, Job: key.K3(), Task: key.K4()}
		if err := k.recordCredit(ctx, key.K2(), origin, coin); err != nil {
			return err
		}
		if err := k.addEarned(ctx, open.Epoch, key.K2(), sources); err != nil {
			return err
		}
		all = types.AddSources(all, sources)
	}
	work, err := k.paidWork(ctx)
	if err != nil {
		return err
	}
	if err := k.storeWork(ctx, work.Add(types.PaidWork{Credited: all})); err != nil {
		return err
	}
	return k.pruneEarned(ctx, open.Epoch, prunedEarned+2*uint64(len(credits)))
}

// foldGrant mints what a grant pays for the work of one block, into escrow, and holds it for the
// nodes. If it fails, nothing is minted and no node is owed anything yet. Nothing is minted for pay
// that is void because the grant was revoked.
func (k *Keeper) foldGrant(ctx context.Context, id uint64, pay grantPay) error {
	notes, matures := pay.notes, pay.notes[0].note.Matures
	grant, err := k.Grant(ctx, id)
	if err != nil || grant.Voids(matures) {
		return err
	}
	minted, executors, shares := math.ZeroInt(), math.ZeroInt(), types.PendingFees{}
	for i := range notes {
		note := &notes[i].note
		minted, executors, shares = minted.Add(note.Minted), executors.Add(note.Executor), shares.Add(note.Shares)
		class := slices.IndexFunc(grant.Classes, func(c types.GrantClass) bool { return c.Class == notes[i].key.K3() })
		if class < 0 {
			return types.ErrNotGranted.Wrapf("grant %d has no class %s", id, notes[i].key.K3())
		}
		counts := &grant.Classes[class]
		counts.Fuel, counts.Minted = counts.Fuel.Add(note.Fuel), counts.Minted.Add(note.Minted)
		if err := add(ctx, k.held, collections.Join3(notes[i].key.K2(), matures, id), note.Executor); err != nil {
			return err
		}
	}
	if err := k.grants.Set(ctx, id, grant); err != nil {
		return err
	}
	if err := k.creditGranted(ctx, &grant, pay.credits); err != nil {
		return err
	}
	if err := k.addHeldTotal(ctx, &grant, matures, executors); err != nil {
		return err
	}
	pending, err := k.pendingFees(ctx)
	if err != nil {
		return err
	}
	if err := k.storePending(ctx, pending.Add(shares)); err != nil {
		return err
	}
	coin := grant.Coin(minted)
	if err := k.others.Bank.MintCoins(ctx, k.escrow, sdk.NewCoins(coin)); err != nil {
		return err
	}
	return emit(ctx, &types.EventGrantMinted{Id: id, Amount: coin})
}

// droppedTotals is the number of sums of matured pay that are dropped when pay is added to one, so
// that they do not pile up.
const droppedTotals = 2

// addHeldTotal adds pay to the sum of its epoch, and drops sums that are of no more use because
// their pay has matured.
func (k *Keeper) addHeldTotal(ctx context.Context, grant *types.Grant, matures uint64, amount math.Int) error {
	if err := add(ctx, k.heldTotals, collections.Join(grant.Id, matures), amount); err != nil {
		return err
	}
	oldest, _, err := k.heldTotalsOf(ctx, grant.Id, 0, droppedTotals)
	if err != nil {
		return err
	}
	for _, epoch := range oldest {
		if epoch+grant.HoldEpochs > matures { // not before the present epoch
			break
		}
		if err := k.heldTotals.Remove(ctx, collections.Join(grant.Id, epoch)); err != nil {
			return err
		}
	}
	return nil
}
