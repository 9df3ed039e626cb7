package keeper

import (
	"context"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// InitGenesis writes a genesis state and checks that the balance of the node pool is the one
// that the state requires.
func (k *Keeper) InitGenesis(ctx context.Context, genesis types.GenesisState) error {
	if err := genesis.Validate(); err != nil {
		return err
	}
	if err := k.params.Set(ctx, genesis.Params); err != nil {
		return err
	}
	if err := k.epoch.Set(ctx, genesis.Epoch); err != nil {
		return err
	}
	for _, node := range genesis.Nodes {
		if err := k.importNode(ctx, node); err != nil {
			return fmt.Errorf("node %s: %w", node.Profile.Operator, err)
		}
	}
	for _, unbonding := range genesis.Unbondings {
		operator, err := k.parse("operator", unbonding.Operator)
		if err != nil {
			return err
		}
		if err := k.addUnbonding(ctx, operator, unbonding.CompletionHeight, unbonding.Amount); err != nil {
			return err
		}
	}
	for _, s := range genesis.Snapshots {
		if err := k.snapshots.Set(ctx, collections.Join(s.Epoch, s.Class), s.Snapshot); err != nil {
			return err
		}
	}
	for _, s := range genesis.EpochStarts {
		if err := k.starts.Set(ctx, s.Epoch, s.Height); err != nil {
			return err
		}
	}
	held := k.bank.GetBalance(ctx, poolAddress(), genesis.Params.BondDenom).Amount
	if owed := genesis.PoolBalance(); !held.Equal(owed) {
		return types.ErrInvalidGenesis.Wrapf("node pool: expected a balance of %s%s, found %s", owed, genesis.Params.BondDenom, held)
	}
	return nil
}

// importNode writes one node and counts its weight for the next epoch.
func (k *Keeper) importNode(ctx context.Context, imported types.Node) error {
	operator, err := k.parse("operator", imported.Profile.Operator)
	if err != nil {
		return err
	}
	n := k.newNode(ctx, operator, imported.State)
	if !n.state.Closed() {
		worker, err := k.parse("worker", imported.Profile.Worker)
		if err != nil {
			return err
		}
		if err := n.gainWorker(worker); err != nil {
			return err
		}
	}
	n.declare(imported.Profile)
	n.unsaved.state, n.unsaved.imported = true, true
	return k.save(n)
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	epoch, err := k.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	genesis := &types.GenesisState{Params: params, Epoch: epoch}
	err = k.states.Walk(ctx, nil, func(operator sdk.AccAddress, state types.NodeState) (bool, error) {
		profile, err := k.profiles.Get(ctx, operator)
		genesis.Nodes = append(genesis.Nodes, types.Node{Profile: profile, State: state})
		return false, err
	})
	if err != nil {
		return nil, err
	}
	err = k.unbondings.Walk(ctx, nil, func(key collections.Pair[sdk.AccAddress, int64], amount math.Int) (bool, error) {
		operator, err := k.text(key.K1())
		genesis.Unbondings = append(genesis.Unbondings,
			types.Unbonding{Operator: operator, CompletionHeight: key.K2(), Amount: amount})
		return false, err
	})
	if err != nil {
		return nil, err
	}
	err = k.snapshots.Walk(ctx, nil, func(key collections.Pair[uint64, string], snapshot types.ClassSnapshot) (bool, error) {
		genesis.Snapshots = append(genesis.Snapshots,
			types.ClassEpochSnapshot{Epoch: key.K1(), Class: key.K2(), Snapshot: snapshot})
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	err = k.starts.Walk(ctx, nil, func(epoch uint64, height int64) (bool, error) {
		genesis.EpochStarts = append(genesis.EpochStarts, types.EpochStart{Epoch: epoch, Height: height})
		return false, nil
	})
	return genesis, err
}
