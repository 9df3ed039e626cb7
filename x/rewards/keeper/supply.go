package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// SupplyLedger counts what is minted and burned of one denom, by cause. The app gives it to the
// bank that all keepers use, so that it is built before them. It writes an entry exactly
// when x/bank writes the supply, and so never lets two transactions wait for each other that did not
// do so anyway.
type SupplyLedger struct {
	denom   string
	genesis collections.Item[math.Int]
	minted  collections.Map[int32, math.Int]
	burned  collections.Map[int32, math.Int]
}

// NewSupplyLedger returns the ledger of a denom in the store of x/rewards. It panics if the
// schema is invalid, which is a programming error.
func NewSupplyLedger(stores store.KVStoreService, denom string) *SupplyLedger {
	sb := collections.NewSchemaBuilder(stores)
	l := &SupplyLedger{
		denom:   denom,
		genesis: collections.NewItem(sb, types.GenesisSupplyPrefix, "genesis_supply", sdk.IntValue),
		minted:  collections.NewMap(sb, types.MintedPrefix, "minted", collections.Int32Key, sdk.IntValue),
		burned:  collections.NewMap(sb, types.BurnedPrefix, "burned", collections.Int32Key, sdk.IntValue),
	}
	if _, err := sb.Build(); err != nil {
		panic(err)
	}
	return l
}

// Denom returns the denom that the ledger counts.
func (l *SupplyLedger) Denom() string { return l.denom }

// CountMinted counts coins that x/bank has minted. It ignores other denoms.
func (l *SupplyLedger) CountMinted(ctx context.Context, cause types.SupplyCause, coins sdk.Coins) error {
	return l.count(ctx, l.minted, cause, coins)
}

// CountBurned counts coins that x/bank has burned. It ignores other denoms.
func (l *SupplyLedger) CountBurned(ctx context.Context, cause types.SupplyCause, coins sdk.Coins) error {
	return l.count(ctx, l.burned, cause, coins)
}

func (l *SupplyLedger) count(
	ctx context.Context, entries collections.Map[int32, math.Int], cause types.SupplyCause, coins sdk.Coins,
) error {
	amount := coins.AmountOf(l.denom)
	if !amount.IsPositive() {
		return nil
	}
	before, err := entries.Get(ctx, int32(cause))
	if errors.Is(err, collections.ErrNotFound) {
		before, err = math.ZeroInt(), nil
	}
	if err != nil {
		return err
	}
	return entries.Set(ctx, int32(cause), before.Add(amount))
}

// Flows returns what was minted and burned so far, sorted by cause.
func (l *SupplyLedger) Flows(ctx context.Context) (types.SupplyFlows, error) {
	minted, err := flowsOf(ctx, l.minted)
	if err != nil {
		return types.SupplyFlows{}, err
	}
	burned, err := flowsOf(ctx, l.burned)
	return types.SupplyFlows{Minted: minted, Burned: burned}, err
}

func flowsOf(ctx context.Context, entries collections.Map[int32, math.Int]) ([]types.SupplyFlow, error) {
	var flows []types.SupplyFlow
	err := entries.Walk(ctx, nil, func(cause int32, amount math.Int) (bool, error) {
		flows = append(flows, types.SupplyFlow{Cause: types.SupplyCause(cause), Amount: amount})
		return false, nil
	})
	return flows, err
}

// Genesis returns the supply at genesis.
func (l *SupplyLedger) Genesis(ctx context.Context) (math.Int, error) { return l.genesis.Get(ctx) }

// open starts the ledger: what the supply contains beyond earlier flows was there at genesis.
func (l *SupplyLedger) open(ctx context.Context, supply math.Int, flows types.SupplyFlows) error {
	genesis := supply.Sub(flows.Net())
	if genesis.IsNegative() {
		return types.ErrInvalidGenesis.Wrapf(
			"flows: expected at most the supply of %s%s to be left of what was minted, found %s; correct the flows, or leave them out",
			supply, l.denom, flows.Net())
	}
	if err := l.genesis.Set(ctx, genesis); err != nil {
		return err
	}
	for _, flow := range flows.Minted {
		if err := l.minted.Set(ctx, int32(flow.Cause), flow.Amount); err != nil {
			return err
		}
	}
	for _, flow := range flows.Burned {
		if err := l.burned.Set(ctx, int32(flow.Cause), flow.Amount); err != nil {
			return err
		}
	}
	return nil
}

// SupplyFlows returns what was minted and burned so far.
func (k *Keeper) SupplyFlows(ctx context.Context) (types.SupplyFlows, error) {
	return k.others.Supply.Flows(ctx)
}

// supply returns the supply in x/bank of the denom that the chain mints.
func (k *Keeper) supply(ctx context.Context) math.Int {
	return k.others.Bank.GetSupply(ctx, k.others.Supply.denom).Amount
}

// supplyLedger returns the ledger, and whether it accounts for the whole supply.
func (k *Keeper) supplyLedger(ctx context.Context) (*types.QuerySupplyLedgerResponse, error) {
	genesis, err := k.others.Supply.Genesis(ctx)
	if err != nil {
		return nil, err
	}
	flows, err := k.SupplyFlows(ctx)
	if err != nil {
		return nil, err
	}
	supply := k.supply(ctx)
	return &types.QuerySupplyLedgerResponse{
		Denom: k.others.Supply.denom, Genesis: genesis, Flows: flows, Supply: supply,
		Conserved: genesis.Add(flows.Net()).Equal(supply),
	}, nil
}

// checkSupply checks that the ledger accounts for the whole supply.
func (k *Keeper) checkSupply(ctx context.Context) error {
	ledger, err := k.supplyLedger(ctx)
	if err != nil {
		return err
	}
	if !ledger.Conserved {
		return types.ErrInvariantBroken.Wrapf("supply: expected %s at genesis and %s since, found %s%s",
			ledger.Genesis, ledger.Flows.Net(), ledger.Supply, ledger.Denom)
	}
	return ledger.Flows.Validate()
}
