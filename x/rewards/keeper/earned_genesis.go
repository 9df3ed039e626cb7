package keeper

import (
	"context"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// importEarned writes what operators were credited with by epoch, and the chunks that it came
// from. It returns ErrInvalidGenesis if the two do not agree.
func (k *Keeper) importEarned(ctx context.Context, genesis types.GenesisState) error {
	for _, e := range genesis.Earned {
		operator, err := k.parse("operator", e.Operator)
		if err != nil {
			return err
		}
		if err := k.earned.Set(ctx, collections.Join(e.Epoch, operator), types.CreditSums{Sources: e.Sources}); err != nil {
			return err
		}
	}
	for _, c := range genesis.Credits {
		operator, err := k.parse("operator", c.Operator)
		if err != nil {
			return err
		}
		job, err := computetypes.ParseJobID(c.JobId)
		if err != nil {
			return err
		}
		if err := k.credits.Set(ctx, collections.Join4(c.Epoch, operator, job, c.Task), types.CreditSums{Sources: c.Sources}); err != nil {
			return err
		}
	}
	if genesis.CompleteFrom > 0 {
		if err := k.complete.Set(ctx, genesis.CompleteFrom); err != nil {
			return err
		}
	}
	if err := k.checkEarned(ctx); err != nil {
		return types.ErrInvalidGenesis.Wrap(err.Error())
	}
	return nil
}

// exportEarned adds what operators were credited with by epoch to an exported state.
func (k *Keeper) exportEarned(ctx context.Context, genesis *types.GenesisState) (err error) {
	if genesis.CompleteFrom, err = k.completeFrom(ctx); err != nil {
		return err
	}
	err = k.earned.Walk(ctx, nil, func(key earnedKey, sums types.CreditSums) (bool, error) {
		text, err := k.addresses.BytesToString(key.K2())
		genesis.Earned = append(genesis.Earned, types.EpochEarnings{Epoch: key.K1(), Operator: text, Sources: sums.Sources})
		return err != nil, err
	})
	if err != nil {
		return err
	}
	return k.credits.Walk(ctx, nil, func(key creditKey, sums types.CreditSums) (bool, error) {
		credit, err := k.creditOf(key, sums)
		genesis.Credits = append(genesis.Credits, credit)
		return err != nil, err
	})
}

// earnings is what an operator was credited with in an epoch.
type earnings struct {
	epoch    int64
	operator sdk.AccAddress
	sources  []types.SourceAmount
}

// earningsOf lists earnings, each operator and epoch once.
type earningsOf struct {
	list []earnings
	at   map[string]int
}

func (e *earningsOf) add(epoch int64, operator sdk.AccAddress, sources []types.SourceAmount) {
	key := fmt.Sprintf("%d/%s", epoch, operator)
	at, is := e.at[key]
	if !is {
		at = len(e.list)
		e.at[key], e.list = at, append(e.list, earnings{epoch: epoch, operator: operator})
	}
	e.list[at].sources = types.AddSources(e.list[at].sources, sources)
}

func (e *earningsOf) of(epoch int64, operator sdk.AccAddress) []types.SourceAmount {
	if at, is := e.at[fmt.Sprintf("%d/%s", epoch, operator)]; is {
		return e.list[at].sources
	}
	return nil
}

// checkEarned checks that the chunks of an operator and an epoch add up to what it was credited
// with, in every epoch of which all records are kept, and that the operators together were
// credited in the open epoch with what its summary will say.
func (k *Keeper) checkEarned(ctx context.Context) error {
	open, err := k.openEpoch(ctx)
	if err != nil {
		return err
	}
	complete, err := k.completeFrom(ctx)
	if err != nil {
		return err
	}
	earned, chunks, all, err := k.walkEarned(ctx, open.Epoch)
	if err != nil {
		return err
	}
	agree := func(one earnings) error {
		credited, brought := earned.of(one.epoch, one.operator), chunks.of(one.epoch, one.operator)
		if one.epoch < complete || types.CoversSources(credited, brought) && types.CoversSources(brought, credited) {
			return nil
		}
		return types.ErrInvariantBroken.Wrapf("earnings of %s in epoch %d: expected what chunks have brought, %v, found %v",
			one.operator, one.epoch, brought, credited)
	}
	for _, one := range append(earned.list, chunks.list...) {
		if err := agree(one); err != nil {
			return err
		}
	}
	work, err := k.paidWork(ctx)
	if err != nil || open.Epoch < complete {
		return err
	}
	if !types.CoversSources(all, work.Credited) {
		return types.ErrInvariantBroken.Wrapf("epoch %d: expected that operators were credited with %v, found %v", open.Epoch, work.Credited, all)
	}
	return nil
}

// walkEarned returns what operators were credited with, including this block, what chunks have
// brought, and what all operators were credited with in the open epoch before this block.
func (k *Keeper) walkEarned(ctx context.Context, open int64) (earned, chunks earningsOf, all []types.SourceAmount, err error) {
	earned, chunks = earningsOf{at: map[string]int{}}, earningsOf{at: map[string]int{}}
	err = k.earned.Walk(ctx, nil, func(key earnedKey, sums types.CreditSums) (bool, error) {
		earned.add(key.K1(), key.K2(), sums.Sources)
		if key.K1() == open {
			all = types.AddSources(all, sums.Sources)
		}
		return false, nil
	})
	if err != nil {
		return earned, chunks, all, err
	}
	_, notes, err := k.noted(ctx)
	if err != nil {
		return earned, chunks, all, err
	}
	for i := range notes {
		if credited := notes[i].note.Work.Credited; len(credited) > 0 {
			earned.add(open, notes[i].key.K1(), credited)
		}
	}
	err = k.credits.Walk(ctx, nil, func(key creditKey, sums types.CreditSums) (bool, error) {
		chunks.add(key.K1(), key.K2(), sums.Sources)
		return false, nil
	})
	return earned, chunks, all, err
}
