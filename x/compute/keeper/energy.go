package keeper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"cosmossdk.io/collections"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// energyKey is the key of a sum of energy: class, and then epoch and region.
type energyKey = collections.Pair[string, collections.Pair[uint64, string]]

func keyOfEnergy(class string, epoch uint64, region string) energyKey {
	return collections.Join(class, collections.Join(epoch, region))
}

// prunedEnergy bounds the number of old sums that a block removes, in addition to twice as many as it
// adds to, so that they do not pile up.
const prunedEnergy = 100

// energyWriter collects what nodes claim about the chunks that end in a block. It reads each node
// once, and writes each sum once, however many claims are added to it.
type energyWriter struct {
	k   *Keeper
	ctx context.Context
	// regions contains the declared regions by operator.
	regions map[string]string
	// sums is ordered by class and region.
	sums []types.EnergySum
}

func newEnergyWriter(ctx context.Context, k *Keeper) *energyWriter {
	return &energyWriter{k: k, ctx: ctx, regions: map[string]string{}}
}

// add adds the claims about a chunk of a class.
func (w *energyWriter) add(class string, claims []types.EnergyClaim) error {
	for i := range claims {
		region, err := w.regionOf(claims[i].Operator)
		if err != nil {
			return err
		}
		w.sum(class, region).Add(claims[i].Part)
	}
	return nil
}

// sum returns the sum of this block for a class and a region.
func (w *energyWriter) sum(class, region string) *types.EnergySum {
	at, found := slices.BinarySearchFunc(w.sums, types.EnergySum{Class: class, Region: region}, func(a, b types.EnergySum) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Region, b.Region))
	})
	if !found {
		w.sums = slices.Insert(w.sums, at, types.EnergySum{Class: class, Region: region})
	}
	return &w.sums[at]
}

// regionOf returns the region to whose sum the claims of an operator are added: the one that the
// operator declares if it has a carbon factor of its own, otherwise its country. Without this,
// operators could add any number of sums. The region is empty if the node is gone.
func (w *energyWriter) regionOf(text string) (string, error) {
	if region, known := w.regions[text]; known {
		return region, nil
	}
	operator, err := w.k.addresses.StringToBytes(text)
	if err != nil {
		return "", err
	}
	node, err := w.k.nodes.Node(w.ctx, operator)
	if err != nil && !errors.Is(err, edgenodetypes.ErrNodeNotFound) {
		return "", err
	}
	region := node.Profile.Region
	own, err := w.k.carbon.Has(w.ctx, region)
	if err != nil {
		return "", err
	}
	if !own {
		region = types.Country(region)
	}
	w.regions[text] = region
	return region, nil
}

// flush adds the sums of the block to those of the epoch, and removes old ones.
func (w *energyWriter) flush() error {
	if len(w.sums) == 0 {
		return nil
	}
	epoch, err := w.k.nodes.Epoch(w.ctx)
	if err != nil {
		return err
	}
	for i := range w.sums {
		if err := w.write(epoch, w.sums[i]); err != nil {
			return err
		}
	}
	return w.k.pruneEnergy(w.ctx, epoch, prunedEnergy+2*len(w.sums))
}

func (w *energyWriter) write(epoch uint64, sum types.EnergySum) error {
	key := keyOfEnergy(sum.Class, epoch, sum.Region)
	stored, err := w.k.energy.Get(w.ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		sum.Epoch = epoch
		return w.k.setEnergy(w.ctx, sum)
	}
	if err != nil {
		return err
	}
	for _, part := range sum.Parts {
		stored.Add(part)
	}
	return w.k.energy.Set(w.ctx, key, stored)
}

// setEnergy stores a sum that has not been there.
func (k *Keeper) setEnergy(ctx context.Context, sum types.EnergySum) error {
	if err := k.energyAges.Set(ctx, collections.Join(sum.Epoch, sum.Class)); err != nil {
		return err
	}
	return k.energy.Set(ctx, keyOfEnergy(sum.Class, sum.Epoch, sum.Region), sum)
}

// pruneEnergy removes sums that are too old, at most a number of them, the oldest first.
func (k *Keeper) pruneEnergy(ctx context.Context, epoch uint64, most int) error {
	if epoch < types.EnergyEpochs {
		return nil
	}
	for left := most; left > 0; {
		oldest, found, err := k.oldestEnergy(ctx)
		if err != nil || !found || oldest.K1() > epoch-types.EnergyEpochs {
			return err
		}
		keys, err := k.energyKeys(ctx, oldest.K2(), oldest.K1(), left+1)
		if err != nil {
			return err
		}
		for _, key := range keys[:min(left, len(keys))] {
			if err := k.energy.Remove(ctx, key); err != nil {
				return err
			}
		}
		if left -= len(keys); left < 0 {
			return nil // there are more sums of this class and epoch
		}
		if err := k.energyAges.Remove(ctx, oldest); err != nil {
			return err
		}
	}
	return nil
}

// oldestEnergy returns the oldest epoch with sums, and a class that has some of it.
func (k *Keeper) oldestEnergy(ctx context.Context) (oldest collections.Pair[uint64, string], found bool, err error) {
	err = k.energyAges.Walk(ctx, nil, func(key collections.Pair[uint64, string]) (bool, error) {
		oldest, found = key, true
		return true, nil
	})
	return oldest, found, err
}

// energyKeys returns the keys of the sums of a class and an epoch, at most a number of them.
func (k *Keeper) energyKeys(ctx context.Context, class string, epoch uint64, most int) ([]energyKey, error) {
	var keys []energyKey
	prefix := collections.Join(class, collections.PairPrefix[uint64, string](epoch))
	err := k.energy.Walk(ctx, new(collections.Range[energyKey]).Prefix(prefix), func(key energyKey, _ types.EnergySum) (bool, error) {
		keys = append(keys, key)
		return len(keys) == most, nil
	})
	return keys, err
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
		if err := k.setEnergy(ctx, sum); err != nil {
			return err
		}
	}
	return nil
}

// checkEnergy checks that each sum is listed by its age, that no age is listed without a sum, and
// that no sum is of an epoch that has not begun, which would not be removed in time.
func (k *Keeper) checkEnergy(ctx context.Context) error {
	epoch, err := k.nodes.Epoch(ctx)
	if err != nil {
		return err
	}
	ages, last := 0, collections.Pair[uint64, string]{}
	err = k.energy.Walk(ctx, nil, func(_ energyKey, sum types.EnergySum) (bool, error) {
		if sum.Epoch > epoch {
			return true, fmt.Errorf("energy of class %s in region %q is of epoch %d, and this is epoch %d", sum.Class, sum.Region, sum.Epoch, epoch)
		}
		age := collections.Join(sum.Epoch, sum.Class)
		if ages == 0 || last.K1() != age.K1() || last.K2() != age.K2() {
			ages++
		}
		last = age
		listed, err := k.energyAges.Has(ctx, age)
		if err == nil && !listed {
			err = fmt.Errorf("energy of class %s in epoch %d is not listed by its age", sum.Class, sum.Epoch)
		}
		return err != nil, err
	})
	if err != nil {
		return err
	}
	listed, err := entries(ctx, k.energyAges)
	if err == nil && listed != ages {
		err = fmt.Errorf("%d epochs of classes have energy, and %d are listed", ages, listed)
	}
	return err
}
