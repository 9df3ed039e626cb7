// Package keeper stores the nodes of x/edgenode, their stake and their weights.
package keeper

import (
	"context"
	"errors"

	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/collections"
	collcodec "cosmossdk.io/collections/codec"
	"cosmossdk.io/core/address"
	"cosmossdk.io/core/store"
	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// Keeper owns the state of x/edgenode and the coins of its module account.
type Keeper struct {
	addresses address.Codec
	bank      types.BankKeeper
	community types.CommunityPoolKeeper
	authority string
	// hooks are told of changes of stake. They may be nil.
	hooks types.StakeHooks

	schema     collections.Schema
	params     collections.Item[types.Params]
	epoch      collections.Item[uint64]
	starts     collections.Map[uint64, int64]
	profiles   collections.Map[sdk.AccAddress, types.NodeProfile]
	states     collections.Map[sdk.AccAddress, types.NodeState]
	workers    collections.Map[sdk.AccAddress, sdk.AccAddress]
	totals     collections.Map[string, types.ClassSnapshot]
	snapshots  collections.Map[collections.Pair[uint64, string], types.ClassSnapshot]
	unbondings collections.Map[collections.Pair[sdk.AccAddress, int64], math.Int]
	queue      heightQueue
	leases     heightQueue
}

// NewKeeper returns the keeper. The parameter authority is the address that may change the
// parameters. NewKeeper panics if the collections clash, which is a programming error.
func NewKeeper(
	cdc codec.BinaryCodec, stores store.KVStoreService, addresses address.Codec,
	bank types.BankKeeper, community types.CommunityPoolKeeper, authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(stores)
	snapshot := codec.CollValue[types.ClassSnapshot](cdc)
	k := &Keeper{
		addresses: addresses,
		bank:      bank,
		community: community,
		authority: authority,
		params:    collections.NewItem(sb, types.ParamsPrefix, "params", codec.CollValue[types.Params](cdc)),
		epoch:     collections.NewItem(sb, types.EpochPrefix, "epoch", collections.Uint64Value),
		starts:    collections.NewMap(sb, types.EpochStartsPrefix, "epoch_starts", collections.Uint64Key, collections.Int64Value),
		profiles: collections.NewMap(sb, types.ProfilesPrefix, "profiles",
			sdk.AccAddressKey, codec.CollValue[types.NodeProfile](cdc)),
		states: collections.NewMap(sb, types.StatesPrefix, "states",
			sdk.AccAddressKey, codec.CollValue[types.NodeState](cdc)),
		workers: collections.NewMap(sb, types.WorkersPrefix, "workers",
			sdk.AccAddressKey, collcodec.KeyToValueCodec(sdk.AccAddressKey)),
		totals: collections.NewMap(sb, types.TotalsPrefix, "totals", collections.StringKey, snapshot),
		snapshots: collections.NewMap(sb, types.SnapshotsPrefix, "snapshots",
			collections.PairKeyCodec(collections.Uint64Key, collections.StringKey), snapshot),
		unbondings: collections.NewMap(sb, types.UnbondingsPrefix, "unbondings",
			collections.PairKeyCodec(sdk.AccAddressKey, collections.Int64Key), sdk.IntValue),
		queue: collections.NewKeySet(sb, types.UnbondingQueuePrefix, "unbonding_queue",
			collections.PairKeyCodec(collections.Int64Key, sdk.AccAddressKey)),
		leases: collections.NewKeySet(sb, types.LeaseQueuePrefix, "lease_queue",
			collections.PairKeyCodec(collections.Int64Key, sdk.AccAddressKey)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.schema = schema
	return k
}

// SetHooks sets who is told of changes of stake. It panics if that is set already, which is a
// programming error.
func (k *Keeper) SetHooks(hooks types.StakeHooks) {
	if k.hooks != nil {
		panic("expected hooks to be set once")
	}
	k.hooks = hooks
}

// Stake returns what an operator has at stake; an account without a node has nothing.
func (k *Keeper) Stake(ctx context.Context, operator sdk.AccAddress) (types.Stake, error) {
	state, err := k.states.Get(ctx, operator)
	if errors.Is(err, collections.ErrNotFound) {
		return types.NoStake(), nil
	}
	return state.Stake(), err
}

// Authority returns the address that may change the parameters.
func (k *Keeper) Authority() string { return k.authority }

// Params returns the parameters.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) { return k.params.Get(ctx) }

func (k *Keeper) logger(ctx context.Context) log.Logger {
	return sdk.UnwrapSDKContext(ctx).Logger().With("module", "x/"+types.ModuleName)
}

// parse returns the bytes of an address. The parameter what names the address in the error.
func (k *Keeper) parse(what, text string) (sdk.AccAddress, error) {
	bz, err := k.addresses.StringToBytes(text)
	if err != nil {
		return nil, types.ErrInvalidAddress.Wrapf("%s: expected an account address, found %q: %s", what, text, err)
	}
	return bz, nil
}

// text returns an address in the form in which people write it.
func (k *Keeper) text(addr sdk.AccAddress) (string, error) { return k.addresses.BytesToString(addr) }

func emit(ctx context.Context, event proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(event)
}

func height(ctx context.Context) int64 { return sdk.UnwrapSDKContext(ctx).BlockHeight() }
