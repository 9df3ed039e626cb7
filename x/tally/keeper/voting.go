package keeper

import (
	"context"
	"fmt"

	"github.com/thetaedge/theta/x/internal/isolated"
	"github.com/thetaedge/theta/x/tally/types"
)

// begin opens the voting of a proposal, if the proposal is being voted on and has none yet.
func (k *Keeper) begin(ctx context.Context, id uint64) error {
	if known, err := k.votings.Has(ctx, id); err != nil || known {
		return err
	}
	if open, err := k.gov.Open(ctx, id); err != nil || !open {
		return err
	}
	proposal, err := k.gov.Proposal(ctx, id)
	if err != nil {
		return err
	}
	last, err := k.lastNumber(ctx)
	if err != nil {
		return err
	}
	if err := k.number.Set(ctx, last+1); err != nil {
		return err
	}
	return k.votings.Set(ctx, id, types.Voting{
		ProposalId: id, Number: last + 1, StakersMustAccept: k.stakersAccept(proposal),
	})
}

// lastNumber returns the number of the voting that began last, or 0 if none has begun yet.
func (k *Keeper) lastNumber(ctx context.Context) (uint64, error) {
	number, err := k.number.Get(ctx)
	_, err = found(err)
	return number, err
}

// allVotings returns the votings whose ballots are kept. They are few: each needs a deposit.
func (k *Keeper) allVotings(ctx context.Context) ([]types.Voting, error) {
	var all []types.Voting
	err := k.votings.Walk(ctx, nil, func(_ uint64, voting types.Voting) (bool, error) {
		all = append(all, voting)
		return false, nil
	})
	return all, err
}

// oldestOpen returns the lowest number of a voting that has not ended, or 0 if there is none.
func (k *Keeper) oldestOpen(ctx context.Context) (uint64, error) {
	all, err := k.allVotings(ctx)
	oldest := uint64(0)
	for _, voting := range all {
		if !voting.Ended && (oldest == 0 || voting.Number < oldest) {
			oldest = voting.Number
		}
	}
	return oldest, err
}

// EndBlock notes which votings have ended: by a decision, by the proposer, or because x/gov
// cannot read the proposal any more. It removes what is kept for them, at most SweepLimit
// records a block.
func (k *Keeper) EndBlock(ctx context.Context) error {
	all, err := k.allVotings(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	idle := true
	for i, voting := range all {
		if voting.Ended {
			continue
		}
		open, err := k.gov.Open(ctx, voting.ProposalId)
		if err != nil {
			return err
		}
		if open {
			idle = false
			continue
		}
		all[i].Ended = true
		if err := k.votings.Set(ctx, voting.ProposalId, all[i]); err != nil {
			return err
		}
	}
	room := types.SweepLimit
	for _, voting := range all {
		if !voting.Ended || room == 0 {
			continue
		}
		isolated.Try(ctx, k.logger(ctx), fmt.Sprintf("ballots of proposal %d", voting.ProposalId), func(ctx context.Context) error {
			removed, err := k.sweep(ctx, voting, idle, room)
			if err == nil {
				room -= removed
			}
			return err
		})
	}
	return nil
}
