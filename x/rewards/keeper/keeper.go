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

	computetypes "github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/rewards/types"
)

// accountKey is the key of a ledger entry: operator and denom.
type accountKey = collections.Pair[sdk.AccAddress, string]

type (
	// heldKey is the key of held pay: operator, epoch in which it matures, and grant.
	heldKey = collections.Triple[sdk.AccAddress, uint64, uint64]
	// grantNoteKey is the key of a note about pay of this block: grant, operator and class.
	grantNoteKey = collections.Triple[uint64, sdk.AccAddress, string]
)

// Others are the keepers of other modules.
type Others struct {
	Accounts types.AccountKeeper
	// Bank mints what grants pay, and burns the share of rewards.
	Bank types.BankKeeper
	// Fees burns fees of jobs and deposits of revoked grants, which the supply ledger counts apart.
	Fees      types.BankKeeper
	Community types.CommunityPoolKeeper
	Staking   types.StakingKeeper
	Nodes     types.NodeKeeper
	Epochs    types.EpochsKeeper
	// Supply counts what Bank mints and burns.
	Supply *SupplyLedger
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
	paid      collections.Map[accountKey, math.Int]
	emission  collections.Item[types.EmissionState]
	summaries collections.Map[int64, types.EpochSummary]
	open      collections.Item[types.OpenEpoch]
	// work is what nodes were credited with in the open epoch, up to the last block.
	work collections.Item[types.PaidWork]
	// earned contains what operators were credited with by epoch, and credits the chunks of the last
	// epochs that it came from.
	earned  collections.Map[earnedKey, types.CreditSums]
	credits collections.Map[creditKey, types.CreditSums]
	// complete is the first epoch of which no record of earned or credits was removed.
	complete collections.Item[int64]
	grants   collections.Map[uint64, types.Grant]
	// nextGrant counts the grants that were created.
	nextGrant collections.Sequence
	// held is pay of grants that was not claimed, and heldTotals adds it up by grant and epoch.
	held       collections.Map[heldKey, math.Int]
	heldTotals collections.Map[collections.Pair[uint64, uint64], math.Int]
	// unminted is the queue of pay that could not be minted, and unmintedTotals adds it up by grant.
	unminted       collections.Map[uint64, types.UnmintedPay]
	nextUnminted   collections.Sequence
	unmintedTotals collections.Map[uint64, types.UnmintedTotal]
	// grantNotes contains what grants pay in this block. A note has the operator in its key, so
	// that settlements of different nodes do not share a key.
	grantNotes collections.Map[grantNoteKey, types.GrantNote]
	// grantCredits contains the chunks for which grants pay in this block.
	grantCredits collections.Map[grantCreditKey, math.Int]
	// notes contains what was credited in this block. A note has the key of a ledger entry that the
	// same settlement writes anyway, so that no two nodes share a key.
	notes collections.Map[accountKey, types.SettlementNote]
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
	k := &Keeper{
		addresses:    addresses.Accounts,
		validators:   addresses.Validators,
		others:       others,
		feeCollector: feeCollector,
		escrow:       escrow,
		authority:    authority,
		params:       collections.NewItem(sb, types.ParamsPrefix, "params", codec.CollValue[types.Params](cdc)),
		earnings:     collections.NewMap(sb, types.EarningsPrefix, "earnings", account, sdk.IntValue),
		pending:      collections.NewItem(sb, types.PendingPrefix, "pending", codec.CollValue[types.PendingFees](cdc)),
		payouts:      collections.NewMap(sb, types.PayoutPrefix, "payouts", sdk.AccAddressKey, codec.CollValue[types.Payout](cdc)),
		paid:         collections.NewMap(sb, types.PaidPrefix, "paid", account, sdk.IntValue),
		notes:        collections.NewMap(tb, types.NotesPrefix, "notes", account, codec.CollValue[types.SettlementNote](cdc)),
		emission:     collections.NewItem(sb, types.EmissionPrefix, "emission", codec.CollValue[types.EmissionState](cdc)),
		summaries:    collections.NewMap(sb, types.SummariesPrefix, "summaries", collections.Int64Key, codec.CollValue[types.EpochSummary](cdc)),
		open:         collections.NewItem(sb, types.OpenEpochPrefix, "open_epoch", codec.CollValue[types.OpenEpoch](cdc)),
		work:         collections.NewItem(sb, types.WorkPrefix, "work", codec.CollValue[types.PaidWork](cdc)),
		earned: collections.NewMap(sb, types.EarnedPrefix, "earned",
			collections.PairKeyCodec(collections.Int64Key, sdk.AccAddressKey), codec.CollValue[types.CreditSums](cdc)),
		credits: collections.NewMap(sb, types.CreditsPrefix, "credits",
			collections.QuadKeyCodec(collections.Int64Key, sdk.AccAddressKey, computetypes.JobIDKey, collections.Uint64Key), codec.CollValue[types.CreditSums](cdc)),
		complete: collections.NewItem(sb, types.CompletePrefix, "complete_from", collections.Int64Value),
		grantCredits: collections.NewMap(tb, types.GrantCreditsPrefix, "grant_credits",
			collections.QuadKeyCodec(collections.Uint64Key, sdk.AccAddressKey, computetypes.JobIDKey, collections.Uint64Key), sdk.IntValue),
		grants:    collections.NewMap(sb, types.GrantsPrefix, "grants", collections.Uint64Key, codec.CollValue[types.Grant](cdc)),
		nextGrant: collections.NewSequence(sb, types.GrantNextPrefix, "next_grant"),
		held: collections.NewMap(sb, types.HeldPrefix, "held",
			collections.TripleKeyCodec(sdk.AccAddressKey, collections.Uint64Key, collections.Uint64Key), sdk.IntValue),
		heldTotals: collections.NewMap(sb, types.HeldTotalsPrefix, "held_totals",
			collections.PairKeyCodec(collections.Uint64Key, collections.Uint64Key), sdk.IntValue),
		unminted:       collections.NewMap(sb, types.UnmintedPrefix, "unminted", collections.Uint64Key, codec.CollValue[types.UnmintedPay](cdc)),
		nextUnminted:   collections.NewSequence(sb, types.UnmintedNextPrefix, "next_unminted"),
		unmintedTotals: collections.NewMap(sb, types.UnmintedTotalsPrefix, "unminted_totals", collections.Uint64Key, codec.CollValue[types.UnmintedTotal](cdc)),
		grantNotes: collections.NewMap(tb, types.GrantNotesPrefix, "grant_notes",
			collections.TripleKeyCodec(collections.Uint64Key, sdk.AccAddressKey, collections.StringKey), codec.CollValue[types.GrantNote](cdc)),
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

// FeeDenom returns the denom of gas and burns, which is that of the chain.
func (k *Keeper) FeeDenom(ctx context.Context) (string, error) {
	params, err := k.params.Get(ctx)
	return params.FeeDenom, err
}

// checkParams checks parameters, also against the denom of the chain. Gas is paid in that denom
// whatever fee_denom says. With another one, the part of fees above the floor would not be burned,
// and the burned share of a voucher would be lost instead of funding the community pool.
func (k *Keeper) checkParams(params types.Params) error {
	if err := params.Validate(); err != nil {
		return err
	}
	if denom := k.others.Supply.denom; params.FeeDenom != denom {
		return types.ErrInvalidParams.Wrapf("fee_denom: expected %s, the denom of the chain, in which gas is paid, found %s; leave it as it is", denom, params.FeeDenom)
	}
	return nil
}

// updateParams replaces the parameters.
func (k *Keeper) updateParams(ctx context.Context, authority string, params types.Params) error {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), k.authority, authority); err != nil {
		return err
	}
	if err := k.checkParams(params); err != nil {
		return err
	}
	if _, err := k.others.Epochs.GetEpochInfo(sdk.UnwrapSDKContext(ctx), params.EpochIdentifier); err != nil {
		return types.ErrInvalidParams.Wrapf(
			"epoch_identifier: expected an epoch of x/epochs, found %q: %s; list them with: thetad query epochs epoch-infos", params.EpochIdentifier, err)
	}
	before, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	if err := k.changeEmission(ctx, before, params); err != nil {
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
