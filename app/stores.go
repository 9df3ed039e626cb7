package app

import (
	"slices"
	"strings"

	"github.com/cosmos/cosmos-sdk/baseapp"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	authzkeeper "github.com/cosmos/cosmos-sdk/x/authz/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
	tallytypes "github.com/thetaedge/theta/x/tally/types"
)

// stores contains every store key of the chain. Parallel execution needs the complete list: a
// store that is missing from it silently aliases another.
type stores struct {
	kv        map[string]*storetypes.KVStoreKey
	transient map[string]*storetypes.TransientStoreKey
	object    map[string]*storetypes.ObjectStoreKey
}

func newStores() stores {
	return stores{
		kv: storetypes.NewKVStoreKeys(append(append(ibcStoreKeys(), rehearsalStoreKeys()...),
			authtypes.StoreKey, banktypes.StoreKey, stakingtypes.StoreKey, slashingtypes.StoreKey,
			distrtypes.StoreKey, minttypes.StoreKey, govtypes.StoreKey, consensustypes.StoreKey,
			upgradetypes.StoreKey, evidencetypes.StoreKey, feegrant.StoreKey, authzkeeper.StoreKey,
			epochstypes.StoreKey,
			beacontypes.StoreKey, edgenodetypes.StoreKey, rewardstypes.StoreKey, computetypes.StoreKey,
			feemarkettypes.StoreKey, tallytypes.StoreKey,
		)...),
		transient: storetypes.NewTransientStoreKeys(
			rewardstypes.TStoreKey, computetypes.TStoreKey, feemarkettypes.TStoreKey),
		object: storetypes.NewObjectStoreKeys(banktypes.ObjectStoreKey),
	}
}

// all returns the keys of every kind, sorted by name.
func (s stores) all() []storetypes.StoreKey {
	keys := make([]storetypes.StoreKey, 0, len(s.kv)+len(s.transient)+len(s.object))
	for _, key := range s.kv {
		keys = append(keys, key)
	}
	for _, key := range s.transient {
		keys = append(keys, key)
	}
	for _, key := range s.object {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b storetypes.StoreKey) int { return strings.Compare(a.Name(), b.Name()) })
	return keys
}

func (s stores) mount(base *baseapp.BaseApp) {
	base.MountKVStores(s.kv)
	base.MountTransientStores(s.transient)
	base.MountObjectStores(s.object)
}

// KVStoreKeys returns the keys of the persistent stores by name, for export and tests.
func (app *App) KVStoreKeys() map[string]*storetypes.KVStoreKey { return app.stores.kv }
