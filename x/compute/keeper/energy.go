package keeper

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// energyKey is the key of a sum of energy: class, and then epoch and region.
type energyKey = collections.Pair[string, collections.Pair[uint64, string]]

// prunedEnergy bounds the number of old sums that a block removes for each class in which work
// has ended.
const prunedEnergy = 100

// energyWriter collects what nodes claim about the work that ends in a block. It writes each sum
// once, however many tasks are added to it.
type energyWriter struct {
	k      *Keeper
	ctx    context.Context
	claims []types.EnergySum
}

// add adds the claims about a chunk of a class.
func (w *energyWriter) add(class string, claims []types.EnergySum) {
	for _, claim := range claims {
		claim.Class = class
		w.claims = append(w.claims, claim)
	}
}

func (w *energyWriter) flush() error {
	if len(w.claims) == 0 {
		return nil
	}
	epoch, err := w.k.nodes.Epoch(w.ctx)
	if err != nil {
		return err
	}
	compare := func(a, b types.EnergySum) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Region, b.Region))
	}
	slices.SortStableFunc(w.claims, compare)
	for rest := w.claims; len(rest) > 0; {
		n := 1
		sum := rest[0]
		for ; n < len(rest) && compare(rest[0], rest[n]) == 0; n++ {
			sum.Add(rest[n])
		}
		if err := w.write(epoch, sum); err != nil {
			return err
		}
		if n == len(rest) || rest[n].Class != sum.Class {
			if err := w.k.pruneEnergy(w.ctx, sum.Class, epoch); err != nil {
				return err
			}
		}
		rest = rest[n:]
	}
	return nil
}

// write adds claims of a declared region to the sum of the region that has a carbon factor of
// its own, or of the country. Without this, operators could add any number of sums.
func (w *energyWriter) write(epoch uint64, sum types.EnergySum) error {
	own, err := w.k.carbon.Has(w.ctx, sum.Region)
	if err != nil {
		return err
	}
	if !own {
		sum.Region = types.Country(sum.Region)
	}
	key := collections.Join(sum.Class, collections.Join(epoch, sum.Region))
	stored, err := w.k.energy.Get(w.ctx, key)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	stored.Class, stored.Epoch, stored.Region = sum.Class, epoch, sum.Region
	stored.Add(sum)
	return w.k.energy.Set(w.ctx, key, stored)
}

// pruneEnergy removes sums of a class that are too old, a bounded number of them.
func (k *Keeper) pruneEnergy(ctx context.Context, class string, epoch uint64) error {
	if epoch < types.EnergyEpochs {
		return nil
	}
	iterator, err := k.energy.Iterate(ctx, collections.NewPrefixedPairRange[string, collections.Pair[uint64, string]](class))
	if err != nil {
		return err
	}
	var old []energyKey
	for ; iterator.Valid() && len(old) < prunedEnergy; iterator.Next() {
		key, err := iterator.Key()
		if err != nil {
			return errors.Join(err, iterator.Close())
		}
		if key.K2().K1() > epoch-types.EnergyEpochs {
			break
		}
		old = append(old, key)
	}
	if err := iterator.Close(); err != nil {
		return err
	}
	for _, key := range old {
		if err := k.energy.Remove(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// carbonOf returns the carbon factor of a region, or of its country, and whether there is one.
func (k *Keeper) carbonOf(ctx context.Context, region string) (types.CarbonFactor, bool, error) {
	for _, name := range []string{region, types.Country(region)} {
		factor, err := k.carbon.Get(ctx, name)
		if !errors.Is(err, collections.ErrNotFound) {
			return factor, err == nil, err
		}
	}
	return types.CarbonFactor{}, false, nil
}

// carbonFactors returns the table, ordered by region.
func (k *Keeper) carbonFactors(ctx context.Context) ([]types.CarbonFactor, error) {
	var factors []types.CarbonFactor
	err := k.carbon.Walk(ctx, nil, func(_ string, f types.CarbonFactor) (bool, error) {
		factors = append(factors, f)
		return false, nil
	})
	return factors, err
}

// setCarbonFactors replaces the table. Sums of regions that have lost their own factor stay.
func (k *Keeper) setCarbonFactors(ctx context.Context, authority string, factors []types.CarbonFactor) error {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), k.authority, authority); err != nil {
		return err
	}
	if err := types.ValidateCarbonFactors(factors); err != nil {
		return err
	}
	return k.writeCarbonFactors(ctx, factors)
}

func (k *Keeper) writeCarbonFactors(ctx context.Context, factors []types.CarbonFactor) error {
	if err := k.carbon.Clear(ctx, nil); err != nil {
		return err
	}
	for _, factor := range factors {
		if err := k.carbon.Set(ctx, factor.Region, factor); err != nil {
			return err
		}
	}
	return nil
}

// exportEnergy adds the sums and the carbon factors to an exported state.
func (k *Keeper) exportEnergy(ctx context.Context, g *types.GenesisState) (err error) {
	if g.CarbonFactors, err = k.carbonFactors(ctx); err != nil {
		return err
	}
	return k.energy.Walk(ctx, nil, func(_ energyKey, sum types.EnergySum) (bool, error) {
		g.Energy = append(g.Energy, sum)
		return false, nil
	})
}

// importEnergy writes exported sums and carbon factors.
func (k *Keeper) importEnergy(ctx context.Context, g *types.GenesisState) error {
	if err := k.writeCarbonFactors(ctx, g.CarbonFactors); err != nil {
		return err
	}
	for _, sum := range g.Energy {
		key := collections.Join(sum.Class, collections.Join(sum.Epoch, sum.Region))
		if err := k.energy.Set(ctx, key, sum); err != nil {
			return err
		}
	}
	return nil
}
