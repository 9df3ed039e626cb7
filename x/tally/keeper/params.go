package keeper

import (
	"context"
	"slices"
	"strings"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/tally/types"
)

// Params returns the parameters.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) { return k.params.Get(ctx) }

// updateParams replaces the parameters.
func (k *Keeper) updateParams(ctx context.Context, authority string, params types.Params) error {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), k.policy.Authority, authority); err != nil {
		return err
	}
	return k.setParams(ctx, params)
}

// setParams checks parameters and writes them. It returns ErrInvalidParams.
func (k *Keeper) setParams(ctx context.Context, params types.Params) error {
	if err := params.Validate(); err != nil {
		return err
	}
	for _, proposer := range params.OptimisticProposers {
		if err := k.checkProposer(proposer); err != nil {
			return err
		}
	}
	for _, url := range params.OptimisticMessages {
		if !slices.Contains(k.policy.Routine, url) {
			return types.ErrInvalidParams.Wrapf("optimistic_messages: expected routine messages, found %s; leave it to regular proposals. Routine are: %s",
				url, strings.Join(k.policy.Routine, ", "))
		}
	}
	return k.params.Set(ctx, params)
}

// checkProposer requires an address in the form in which proposals contain it. Governance must not be a
// proposer: it would answer for a proposal with the deposits of others.
func (k *Keeper) checkProposer(proposer string) error {
	address, err := k.parse("optimistic_proposers", proposer)
	if err != nil {
		return types.ErrInvalidParams.Wrap(err.Error())
	}
	text, err := k.text(address)
	if err != nil {
		return err
	}
	if text != proposer {
		return types.ErrInvalidParams.Wrapf("optimistic_proposers: expected %s, found %s; write addresses in lower case", text, proposer)
	}
	if proposer == k.policy.Authority {
		return types.ErrInvalidParams.Wrapf("optimistic_proposers: expected accounts of people, found %s, the account of governance; leave it out", proposer)
	}
	return nil
}

// Migrate1to2 gives a chain from before optimistic proposals the default parameters, with which no account
// makes one.
func (k *Keeper) Migrate1to2(ctx context.Context) error {
	return k.setParams(ctx, types.DefaultParams())
}
