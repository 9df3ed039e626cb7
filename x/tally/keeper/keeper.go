// Package keeper counts the votes on proposals as they are cast: each vote, and each change of
// what a voter has at stake, moves a few sums, so that the end of a voting costs the same
// whatever the number of voters.
package keeper

import (
	"context"
	"errors"

	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/collections"
	"cosmossdk.io/collections/indexes"
	"cosmossdk.io/core/address"
	"cosmossdk.io/core/store"
	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/x/tally/types"
)

type (
	// ballotKey is a proposal and a voter.
	ballotKey = collections.Pair[uint64, sdk.AccAddress]
	// sharesKey is a proposal and a validator.
	sharesKey = collections.Pair[uint64, sdk.ValAddress]
)

// ballotIndexes finds the ballots of a voter.
type ballotIndexes struct {
	voter *indexes.ReversePair[uint64, sdk.AccAddress, types.Ballot]
}

// IndexesList returns all indexes.
func (i ballotIndexes) IndexesList() []collections.Index[ballotKey, types.Ballot] {
	return []collections.Index[ballotKey, types.Ballot]{i.voter}
}

// Keeper owns votings, ballots and their sums.
type Keeper struct {
	addresses address.Codec
	gov       types.GovKeeper
	staking   types.StakingKeeper
	nodes     types.NodeKeeper
	policy    Policy

	params  collections.Item[types.Params]
	number  collections.Item[uint64]
	votings collections.Map[uint64, types.Voting]
	// open and ended are indexes of votings.
	open      collections.Map[uint64, uint64]
	ended     collections.KeySet[uint64]
	ballots   *collections.IndexedMap[ballotKey, types.Ballot, ballotIndexes]
	shares    collections.Map[sharesKey, types.Sums]
	bonds     collections.Map[uint64, types.Sums]
	increases collections.Map[sdk.AccAddress, types.Increases]
	tallies   collections.Map[uint64, types.Tally]
}

// Policy is what the app says of proposals and their messages.
type Policy struct {
	// StakersMustAccept reports whether validators and delegators alone must accept a proposal too.
	StakersMustAccept func(govv1.Proposal) bool
	// Routine contains the type URLs of the messages that governance may open to optimistic proposals.
	Routine []string
	// CheckRoutine refuses a message of these types that changes more, as things stand, than voters may overlook.
	CheckRoutine func(context.Context, sdk.Msg) error
	// Authority is the address that may change the parameters.
	Authority string
}

// NewKeeper returns the keeper. It panics if the collections clash, which is a programming error.
func NewKeeper(
	cdc codec.BinaryCodec, stores store.KVStoreService, addresses address.Codec,
	gov types.GovKeeper, staking types.StakingKeeper, nodes types.NodeKeeper, policy Policy,
) *Keeper {
	sb := collections.NewSchemaBuilder(stores)
	ballot := collections.PairKeyCodec(collections.Uint64Key, sdk.AccAddressKey)
	k := &Keeper{
		addresses: addresses, gov: gov, staking: staking, nodes: nodes, policy: policy,
		params:  collections.NewItem(sb, types.ParamsPrefix, "params", codec.CollValue[types.Params](cdc)),
		number:  collections.NewItem(sb, types.NumberPrefix, "number", collections.Uint64Value),
		votings: collections.NewMap(sb, types.VotingsPrefix, "votings", collections.Uint64Key, codec.CollValue[types.Voting](cdc)),
		open:    collections.NewMap(sb, types.OpenPrefix, "open", collections.Uint64Key, collections.Uint64Value),
		ended:   collections.NewKeySet(sb, types.EndedPrefix, "ended", collections.Uint64Key),
		ballots: collections.NewIndexedMap(sb, types.BallotsPrefix, "ballots", ballot, codec.CollValue[types.Ballot](cdc), ballotIndexes{
			voter: indexes.NewReversePair[types.Ballot](sb, types.BallotsOfPrefix, "ballots_of", ballot),
		}),
		shares: collections.NewMap(sb, types.SharesPrefix, "shares",
			collections.PairKeyCodec(collections.Uint64Key, sdk.ValAddressKey), codec.CollValue[types.Sums](cdc)),
		bonds: collections.NewMap(sb, types.BondsPrefix, "bonds", collections.Uint64Key, codec.CollValue[types.Sums](cdc)),
		increases: collections.NewMap(sb, types.IncreasesPrefix, "increases",
			sdk.AccAddressKey, codec.CollValue[types.Increases](cdc)),
		tallies: collections.NewMap(sb, types.TalliesPrefix, "tallies", collections.Uint64Key, codec.CollValue[types.Tally](cdc)),
	}
	if _, err := sb.Build(); err != nil {
		panic(err)
	}
	return k
}

func (k *Keeper) logger(ctx context.Context) log.Logger {
	return sdk.UnwrapSDKContext(ctx).Logger().With("module", "x/"+types.ModuleName)
}

// text returns an address in the form in which people write it.
func (k *Keeper) text(addr sdk.AccAddress) (string, error) { return k.addresses.BytesToString(addr) }

func emit(ctx context.Context, event proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(event)
}

// found separates a missing record from other errors.
func found(err error) (bool, error) {
	if errors.Is(err, collections.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
