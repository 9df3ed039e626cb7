// Package keeper keeps the earnings of edge nodes and divides paid rewards.
package keeper

import (
	"context"

	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/address"
	"cosmossdk.io/core/store"
	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// accountKey is the key of a ledger entry: operator and denom.
type accountKey = collections.Pair[sdk.AccAddress, string]

// Others are the keepers of other modules.
type Others struct {
	Accounts  types.AccountKeeper
	Bank      types.BankKeeper
	Community types.CommunityPoolKeeper
	Staking   types.StakingKeeper
	Nodes     types.NodeKeeper
}

// Addresses are the forms in which the chain writes addresses.
type Addresses struct{ Accounts, Validators address.Codec }

// Keeper owns the ledger of earnings. The coins that back it are in the escrow account of
// x/compute.
type Keeper struct {
	addresses    address.Codec
	validators   address.Codec
	others       Others
	feeCollector string
	escrow       string
	authority    string

	schema   collections.Schema
	params   collections.Item[types.Params]
	earnings collections.Map[accountKey, math.Int]
	pending  collections.Item[types.PendingFees]
	payouts  collections.Map[sdk.AccAddress, types.Payout]
	// paid contains what earnings have paid so far.
	paid collections.Map[accountKey, math.Int]
	// notes contains the shares of this block. A note has the key of a ledger entry that the
	// same settlement writes anyway, so that no two nodes share a key.
	notes collections.Map[accountKey, types.PendingFees]
}

// NewKeeper returns the keeper. feeCollector and escrow are module accounts; authority is the
// address that may change the parameters. NewKeeper panics if the schema of the collections
// is invalid, which is a programming error.
func NewKeeper(
	cdc codec.BinaryCodec, stores store.KVStoreService, transient store.TransientStoreService, addresses Addresses,
	others Others, feeCollector, escrow, authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(stores)
	tb := collections.NewSchemaBuilderFromAccessor(transient.OpenTransientStore)
	account := collections.PairKeyCodec(sdk.AccAddressKey, collections.StringKey)
	shares := codec.CollValue[types.PendingFees](cdc)
	k := &Keeper{
		addresses:    addresses.Accounts,
		validators:   addresses.Validators,
		others:       others,
		feeCollector: feeCollector,
		escrow:       escrow,
		authority:    authority,
		params:       collections.NewItem(sb, types.ParamsPrefix, "params", codec.CollValue[types.Params](cdc)),
		earnings:     collections.NewMap(sb, types.EarningsPrefix, "earnings", account, sdk.IntValue),
		pending:      collections.NewItem(sb, types.PendingPrefix, "pending", shares),
		payouts:      collections.NewMap(sb, types.PayoutPrefix, "payouts", sdk.AccAddressKey, codec.CollValue[types.Payout](cdc)),
		paid:         collections.NewMap(sb, types.PaidPrefix, "paid", account, sdk.IntValue),
		notes:        collections.NewMap(tb, types.NotesPrefix, "notes", account, shares),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	if _, err := tb.Build(); err != nil {
		panic(err)
	}
	k.schema = schema
	return k
}

// Authority returns the address that may change the parameters.
func (k *Keeper) Authority() string { return k.authority }

// Params returns the parameters.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) { return k.params.Get(ctx) }

// MinGasPrice returns the lowest price of a unit of gas that a block accepts, in units of the
// fee denom.
func (k *Keeper) MinGasPrice(ctx context.Context) (math.Int, error) {
	params, err := k.params.Get(ctx)
	return params.MinGasPrice, err
}

// FeeDenom returns the denom of gas and burns.
func (k *Keeper) FeeDenom(ctx context.Context) (string, error) {
	params, err := k.params.Get(ctx)
	return params.FeeDenom, err
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

func (k *Keeper) logger(ctx context.Context) log.Logger {
	return sdk.UnwrapSDKContext(ctx).Logger().With("module", "x/"+types.ModuleName)
}

func (k *Keeper) parse(what, text string) (sdk.AccAddress, error) {
	bz, err := k.addresses.StringToBytes(text)
	if err != nil {
		return nil, types.ErrInvalidAddress.Wrapf("%s: expected an account address, found %q: %s", what, text, err)
	}
	return bz, nil
}

func emit(ctx context.Context, event proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(event)
}
