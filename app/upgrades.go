package app

import (
	"context"
	"fmt"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"
)

// upgradePlan is one release that changes the state machine: the name under which governance
// schedules it, and the stores that it adds or drops. The modules' own migrations rewrite
// their state.
type upgradePlan struct {
	name   string
	stores storetypes.StoreUpgrades
}

// UpgradeNames returns the names of the upgrades that this binary can carry out, oldest first.
func UpgradeNames() []string {
	var names []string
	for _, plan := range upgradePlans() {
		names = append(names, plan.name)
	}
	return names
}

// setUpgrades registers a handler for each plan. If the node was stopped for one of them, it
// changes the stores when it loads them.
func (app *App) setUpgrades() {
	for _, plan := range upgradePlans() {
		app.UpgradeKeeper.SetUpgradeHandler(plan.name,
			func(ctx context.Context, _ upgradetypes.Plan, from module.VersionMap) (module.VersionMap, error) {
				return app.ModuleManager.RunMigrations(ctx, app.configurator, from)
			})
		due, err := app.UpgradeKeeper.ReadUpgradeInfoFromDisk()
		if err != nil {
			panic(fmt.Errorf("read the pending upgrade: %w", err))
		}
		if due.Name == plan.name && !app.UpgradeKeeper.IsSkipHeight(due.Height) {
			app.SetStoreLoader(upgradetypes.UpgradeStoreLoader(due.Height, &plan.stores))
		}
	}
}
