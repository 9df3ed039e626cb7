// Package keeper runs jobs: it holds their escrow, draws nodes for their tasks, counts the
// votes of these nodes, and settles payments.
package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/address"
	"cosmossdk.io/core/store"
	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
	"github.com/thetaedge/theta/x/internal/isolated"
)

type (
	taskKey       = collections.Pair[types.JobID, uint64]
	heldKey       = collections.Triple[sdk.AccAddress, types.JobID, uint64]
	dueKey        = collections.Triple[int64, types.JobID, uint64]
	redeliveryKey = collections.Pair[int64, types.JobID]
	pruneKey      = collections.Pair[int64, types.JobID]
	postingKey    = collections.Pair[uint64, uint32]
	postedKey     = collections.Pair[string, types.JobID]
	drawKey       = collections.Quad[string, int64, types.JobID, uint64]
)

// Keeper owns the state of x/compute and the coins of its escrow account.
type Keeper struct {
	addresses address.Codec
	bank      types.BankKeeper
	beacon    types.BeaconKeeper
	nodes     types.EdgenodeKeeper
	rewards   types.RewardsKeeper
	authority string
	escrow    sdk.AccAddress
	// deps contains what the rounds of tasks call.
	deps round.Deps

	schema   collections.Schema
	params   collections.Item[types.Params]
	jobs     collections.Map[types.JobID, types.Job]
	specs    collections.Map[types.JobID, types.JobSpec]
	chunks   collections.Map[taskKey, types.Chunk]
	held     collections.KeySet[heldKey]
	receipts collections.Map[taskKey, types.Receipt]
	// draws contains the draws of the requester's replicas, and calls contains all others.
	draws      collections.KeySet[drawKey]
	calls      collections.KeySet[drawKey]
	requesters collections.KeySet[collections.Pair[sdk.AccAddress, types.JobID]]
	// urgent is the queue of tasks in which a node has something at stake, or which call
	// nodes; due is the queue of other tasks and of jobs.
	urgent   collections.KeySet[dueKey]
	due      collections.KeySet[dueKey]
	prunable collections.KeySet[pruneKey]
	// redeliveries contains the newest request of each job, by its height.
	redeliveries collections.KeySet[redeliveryKey]
	taskBits     collections.Map[taskKey, types.TaskBits]
	markets      collections.Map[string, types.Market]
	challenges   collections.Map[taskKey, types.Challenge]
	// energy contains what nodes claim, and carbon what governance says about regions.
	// energyAges lists the epochs and classes with sums, the oldest epoch first.
	energy     collections.Map[energyKey, types.EnergySum]
	energyAges collections.KeySet[collections.Pair[uint64, string]]
	carbon     collections.Map[string, types.CarbonFactor]
	// notes are in the transient store. They are folded into jobs at the block's end.
	notes collections.Map[taskKey, types.ChunkNote]
	// posted contains the number of new tasks of this block by class and job; ids counts new
	// jobs by the transaction that posts them.
	posted collections.Map[postedKey, uint64]
	ids    collections.Map[postingKey, uint32]
}

// NewKeeper returns the keeper. authority is the address that may change the parameters.
// NewKeeper panics if the schema of the collections is invalid, which is a programming error.
func NewKeeper(
	cdc codec.BinaryCodec, stores store.KVStoreService, transient store.TransientStoreService, addresses address.Codec,
	bank types.BankKeeper, beacon types.BeaconKeeper, nodes types.EdgenodeKeeper, rewards types.RewardsKeeper,
	authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(stores)
	tb := collections.NewSchemaBuilderFromAccessor(transient.OpenTransientStore)
	task := collections.PairKeyCodec(types.JobIDKey, collections.Uint64Key)
	draw := collections.QuadKeyCodec(collections.StringKey, collections.Int64Key, types.JobIDKey, collections.Uint64Key)
	due := collections.TripleKeyCodec(collections.Int64Key, types.JobIDKey, collections.Uint64Key)
	k := &Keeper{
		addresses: addresses,
		bank:      bank,
		beacon:    beacon,
		nodes:     nodes,
		rewards:   rewards,
		authority: authority,
		escrow:    authtypes.NewModuleAddress(types.ModuleName),
		params:    collections.NewItem(sb, types.ParamsPrefix, "params", codec.CollValue[types.Params](cdc)),
		jobs:      collections.NewMap(sb, types.JobsPrefix, "jobs", types.JobIDKey, completed[types.Job]{codec.CollValue[types.Job](cdc), (*types.Job).Complete}),
		specs:     collections.NewMap(sb, types.SpecsPrefix, "specs", types.JobIDKey, codec.CollValue[types.JobSpec](cdc)),
		chunks:    collections.NewMap(sb, types.ChunksPrefix, "chunks", task, completed[types.Chunk]{codec.CollValue[types.Chunk](cdc), (*types.Chunk).Complete}),
		held: collections.NewKeySet(sb, types.HeldPrefix, "held",
			collections.TripleKeyCodec(sdk.AccAddressKey, types.JobIDKey, collections.Uint64Key)),
		receipts: collections.NewMap(sb, types.ReceiptsPrefix, "receipts", task, codec.CollValue[types.Receipt](cdc)),
		draws:    collections.NewKeySet(sb, types.OpenDrawsPrefix, "open_draws", draw),
		calls:    collections.NewKeySet(sb, types.CallsPrefix, "calls", draw),
		requesters: collections.NewKeySet(sb, types.RequestersPrefix, "requesters",
			collections.PairKeyCodec(sdk.AccAddressKey, types.JobIDKey)),
		urgent: collections.NewKeySet(sb, types.UrgentPrefix, "urgent", due),
		due:    collections.NewKeySet(sb, types.DuePrefix, "due", due),
		prunable: collections.NewKeySet(sb, types.PrunePrefix, "prunable",
			collections.PairKeyCodec(collections.Int64Key, types.JobIDKey)),
		redeliveries: collections.NewKeySet(sb, types.RedeliveriesPrefix, "redeliveries",
			collections.PairKeyCodec(collections.Int64Key, types.JobIDKey)),
		taskBits: collections.NewMap(sb, types.TaskBitsPrefix, "task_bits", task, codec.CollValue[types.TaskBits](cdc)),
		markets: collections.NewMap(sb, types.MarketsPrefix, "markets", collections.StringKey,
			codec.CollValue[types.Market](cdc)),
		challenges: collections.NewMap(sb, types.ChallengesPrefix, "challenges", task,
			completed[types.Challenge]{codec.CollValue[types.Challenge](cdc), (*types.Challenge).Complete}),
		energy: collections.NewMap(sb, types.EnergyPrefix, "energy",
			collections.PairKeyCodec(collections.StringKey, collections.PairKeyCodec(collections.Uint64Key, collections.StringKey)),
			codec.CollValue[types.EnergySum](cdc)),
		energyAges: collections.NewKeySet(sb, types.EnergyAgesPrefix, "energy_ages", collections.PairKeyCodec(collections.Uint64Key, collections.StringKey)),
		carbon:     collections.NewMap(sb, types.CarbonPrefix, "carbon_factors", collections.StringKey, codec.CollValue[types.CarbonFactor](cdc)),
		notes:      collections.NewMap(tb, types.NotesPrefix, "notes", task, codec.CollValue[types.ChunkNote](cdc)),
		posted: collections.NewMap(tb, types.PostedPrefix, "posted",
			collections.PairKeyCodec(collections.StringKey, types.JobIDKey), collections.Uint64Value),
		ids: collections.NewMap(tb, types.IDsPrefix, "ids",
			collections.PairKeyCodec(collections.Uint64Key, collections.Uint32Key), collections.Uint32Value),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(fmt.Sprintf("x/%s: %s", types.ModuleName, err))
	}
	if _, err := tb.Build(); err != nil {
		panic(fmt.Sprintf("x/%s: %s", types.ModuleName, err))
	}
	k.schema = schema
	k.deps = round.Deps{
		Addresses: addresses, Bank: bank, Beacon: beacon, Nodes: nodes, Rewards: rewards, Records: taskRecords{k},
	}
	return k
}

// Authority returns the address that may change the parameters.
func (k *Keeper) Authority() string { return k.authority }

// Params returns the parameters.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) { return k.params.Get(ctx) }

// Job returns a job without its spec. It returns ErrJobNotFound.
func (k *Keeper) Job(ctx context.Context, id types.JobID) (types.Job, error) {
	job, err := k.jobs.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return types.Job{}, types.ErrJobNotFound.Wrapf("no job %s", id)
	}
	return job, err
}

// Receipt returns the receipt of a task that has ended. It returns ErrReceiptNotFound.
func (k *Keeper) Receipt(ctx context.Context, id types.JobID, task uint64) (types.Receipt, error) {
	receipt, err := k.receipts.Get(ctx, collections.Join(id, task))
	if errors.Is(err, collections.ErrNotFound) {
		return types.Receipt{}, types.ErrReceiptNotFound.Wrapf(
			"task %d of job %s has not ended, does not exist, or is one of an array, whose job holds the root of all receipts", task, id)
	}
	return receipt, err
}

func (k *Keeper) logger(ctx context.Context) log.Logger {
	return sdk.UnwrapSDKContext(ctx).Logger().With("module", "x/"+types.ModuleName)
}

// isolated runs an item of a block in a cached context and recovers from panics. A faulty
// item is logged, does not change the state, and does not stop other items. isolated reports
// whether the item succeeded.
func (k *Keeper) isolated(ctx sdk.Context, what string, item func(sdk.Context) error) bool {
	return isolated.Try(ctx, k.logger(ctx), what, func(ctx context.Context) error { return item(sdk.UnwrapSDKContext(ctx)) })
}
