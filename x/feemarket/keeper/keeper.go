// Package keeper prices the gas of blocks.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/feemarket/types"
)

// Keeper owns the base fee, and knows which transactions of a block go through its lane.
type Keeper struct {
	bank      types.BankKeeper
	floor     types.FloorKeeper
	authority string

	params  collections.Item[types.Params]
	baseFee collections.Item[math.Int]
	// lane, held and paid are kept for one block. lane is written before the block's
	// transactions run, and is only read while they run. In held and paid, each transaction
	// writes its own entry.
	lane collections.KeySet[uint64]
	held collections.KeySet[uint64]
	paid collections.Map[uint64, uint64]
}

// NewKeeper returns the keeper. authority is the address that may change the parameters.
// NewKeeper panics if the schema of the collections is invalid, which is a programming error.
func NewKeeper(
	cdc codec.BinaryCodec, stores store.KVStoreService, transient store.TransientStoreService,
	bank types.BankKeeper, floor types.FloorKeeper, authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(stores)
	tb := collections.NewSchemaBuilderFromAccessor(transient.OpenTransientStore)
	k := &Keeper{
		bank: bank, floor: floor, authority: authority,
		params:  collections.NewItem(sb, types.ParamsPrefix, "params", codec.CollValue[types.Params](cdc)),
		baseFee: collections.NewItem(sb, types.BaseFeePrefix, "base_fee", sdk.IntValue),
		lane:    collections.NewKeySet(tb, types.LanePrefix, "lane", collections.Uint64Key),
		held:    collections.NewKeySet(tb, types.HeldPrefix, "held", collections.Uint64Key),
		paid:    collections.NewMap(tb, types.PaidPrefix, "paid", collections.Uint64Key, collections.Uint64Value),
	}
	if _, err := sb.Build(); err != nil {
		panic(err)
	}
	if _, err := tb.Build(); err != nil {
		panic(err)
	}
	return k
}

// Authority returns the address that may change the parameters.
func (k *Keeper) Authority() string { return k.authority }

// Params returns the parameters. A chain that ran before this module existed may not have
// parameters yet; then there is no lane, and the base fee is the floor.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) {
	params, err := k.params.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return types.NoParams(), nil
	}
	return params, err
}

// Prices returns the price of a unit of gas in the next block (or in this block, while its
// transactions run), and the lowest price, in atfuel.
func (k *Keeper) Prices(ctx context.Context) (base, floor math.Int, err error) {
	floor, err = k.floor.MinGasPrice(ctx)
	if err != nil {
		return math.Int{}, math.Int{}, err
	}
	base, err = k.baseFee.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return floor, floor, nil
	}
	return math.MaxInt(base, floor), floor, err
}

// Budget returns how the gas of a block is divided.
func (k *Keeper) Budget(ctx sdk.Context) (types.Budget, error) {
	params, err := k.Params(ctx)
	return params.Budget(ctx.ConsensusParams().Block), err
}

// updateParams replaces the parameters.
func (k *Keeper) updateParams(ctx context.Context, authority string, params types.Params) error {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), k.authority, authority); err != nil {
		return err
	}
	if err := params.Validate(); err != nil {
		return err
	}
	return k.params.Set(ctx, params)
}
