package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/x/tally/types"
)

// InitGenesis writes a genesis state, and counts the votes that x/gov has imported. A proposal
// that is being voted on and has no voting, because its chain did not have this module, gets one.
func (k *Keeper) InitGenesis(ctx context.Context, genesis types.GenesisState) error {
	if err := genesis.Validate(); err != nil {
		return err
	}
	if err := k.setParams(ctx, genesis.Params); err != nil {
		return err
	}
	if genesis.LastNumber > 0 {
		if err := k.number.Set(ctx, genesis.LastNumber); err != nil {
			return err
		}
	}
	if err := k.importVotings(ctx, genesis.Votings); err != nil {
		return err
	}
	for _, tally := range genesis.Tallies {
		if err := k.tallies.Set(ctx, tally.ProposalId, tally); err != nil {
			return err
		}
	}
	for _, increases := range genesis.Increases {
		operator, err := k.parse("operator", increases.Operator)
		if err != nil {
			return err
		}
		if err := k.increases.Set(ctx, operator, increases); err != nil {
			return err
		}
	}
	return k.importVotes(ctx)
}

// importVotings writes votings. One of a proposal to come is refused: it would say how that proposal is decided.
func (k *Keeper) importVotings(ctx context.Context, votings []types.Voting) error {
	next, err := k.gov.Next(ctx)
	if err != nil {
		return err
	}
	for _, voting := range votings {
		if voting.ProposalId >= next {
			return types.ErrInvalidGenesis.Wrapf("expected votings of proposals before %d, which x/gov makes next, found proposal %d", next, voting.ProposalId)
		}
		// After a restart at a lower height, voters have the blocks that come.
		voting.Began = min(voting.Began, sdk.UnwrapSDKContext(ctx).BlockHeight())
		if err := k.setVoting(ctx, voting); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) importVotes(ctx context.Context) error {
	var open []uint64
	if err := k.gov.WalkOpen(ctx, func(id uint64) error {
		open = append(open, id)
		return nil
	}); err != nil {
		return err
	}
	for _, id := range open {
		if err := k.begin(ctx, id); err != nil {
			return err
		}
	}
	var votes []ballotKey
	if err := k.gov.WalkVotes(ctx, func(id uint64, voter sdk.AccAddress, _ govv1.Vote) error {
		votes = append(votes, collections.Join(id, voter))
		return nil
	}); err != nil {
		return err
	}
	for _, key := range votes {
		if known, err := k.votings.Has(ctx, key.K1()); err != nil {
			return err
		} else if !known {
			continue // x/gov keeps votes of a proposal that it could not read any more
		}
		if err := k.cast(ctx, key.K1(), key.K2()); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis returns the state that does not follow from that of other modules.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	last, err := k.lastNumber(ctx)
	if err != nil {
		return nil, err
	}
	votings, err := k.allVotings(ctx)
	if err != nil {
		return nil, err
	}
	params, err := k.Params(ctx)
	if err != nil {
		return nil, err
	}
	genesis := &types.GenesisState{LastNumber: last, Votings: votings, Params: params}
	err = k.increases.Walk(ctx, nil, func(_ sdk.AccAddress, increases types.Increases) (bool, error) {
		genesis.Increases = append(genesis.Increases, increases)
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	err = k.tallies.Walk(ctx, nil, func(_ uint64, tally types.Tally) (bool, error) {
		genesis.Tallies = append(genesis.Tallies, tally)
		return false, nil
	})
	return genesis, err
}

// parse returns the bytes of an address. The parameter what names the address in the error.
func (k *Keeper) parse(what, text string) (sdk.AccAddress, error) {
	bz, err := k.addresses.StringToBytes(text)
	if err != nil {
		return nil, types.ErrInvalidAddress.Wrapf("%s: expected an account address, found %q: %s", what, text, err)
	}
	return bz, nil
}
