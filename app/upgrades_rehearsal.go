//go:build rehearsal

package app

import (
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
)

// rehearsal is the name of the upgrade in a binary that stands in for the next release, and of the
// store that it adds. Validators and tests build it to rehearse an upgrade.
const rehearsal = "rehearsal"

// upgradePlans lists the upgrades that this binary can carry out, oldest first.
func upgradePlans() []upgradePlan {
	return []upgradePlan{{name: rehearsal, stores: storetypes.StoreUpgrades{Added: rehearsalStoreKeys()}}}
}

func rehearsalStoreKeys() []string { return []string{rehearsal} }
