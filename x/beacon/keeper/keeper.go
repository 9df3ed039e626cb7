package keeper

import (
	"context"
	"crypto/sha256"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/address"
	"cosmossdk.io/core/store"
	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/beacon/types"
)

// Keeper pins heights to rounds and verifies rounds.
type Keeper struct {
	addresses    address.Codec
	bank         types.BankKeeper
	feeCollector string
	feeDenom     string
	authority    string

	// verified is not part of the state: it saves pairings.
	verified *verified

	schema         collections.Schema
	params         collections.Item[types.Params]
	current        collections.Item[uint32]
	schedules      collections.Map[uint32, types.Schedule]
	pins           collections.Map[int64, types.Pin]
	proofs         collections.Map[collections.Pair[uint32, uint64], types.Proof]
	reimbursements collections.Map[collections.Pair[uint32, uint64], []byte]
}

// NewKeeper returns a keeper. It reimburses from the module account feeCollector in feeDenom;
// authority is the address that may change the parameters. NewKeeper panics if the schema of
// the store is invalid.
func NewKeeper(
	cdc codec.BinaryCodec,
	ss store.KVStoreService,
	ac address.Codec,
	bank types.BankKeeper,
	feeCollector, feeDenom, authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(ss)
	key := collections.PairKeyCodec(collections.Uint32Key, collections.Uint64Key)
	k := &Keeper{
		addresses:      ac,
		bank:           bank,
		feeCollector:   feeCollector,
		feeDenom:       feeDenom,
		authority:      authority,
		verified:       &verified{results: make(map[[sha256.Size]byte]error)},
		params:         collections.NewItem(sb, types.ParamsPrefix, "params", codec.CollValue[types.Params](cdc)),
		current:        collections.NewItem(sb, types.CurrentSchedulePrefix, "current_schedule", collections.Uint32Value),
		schedules:      collections.NewMap(sb, types.SchedulesPrefix, "schedules", collections.Uint32Key, codec.CollValue[types.Schedule](cdc)),
		pins:           collections.NewMap(sb, types.PinsPrefix, "pins", collections.Int64Key, codec.CollValue[types.Pin](cdc)),
		proofs:         collections.NewMap(sb, types.ProofsPrefix, "proofs", key, codec.CollValue[types.Proof](cdc)),
		reimbursements: collections.NewMap(sb, types.ReimbursementsPrefix, "reimbursements", key, collections.BytesValue),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(fmt.Errorf("schema of x/%s: %w", types.ModuleName, err))
	}
	k.schema = schema
	return k
}

// Params returns the parameters.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) {
	return k.params.Get(ctx)
}

// Authority returns the address that may change the parameters.
func (k *Keeper) Authority() string { return k.authority }

func (k *Keeper) logger(ctx context.Context) log.Logger {
	return sdk.UnwrapSDKContext(ctx).Logger().With("module", "x/"+types.ModuleName)
}
