package app

import (
	icatypes "github.com/cosmos/ibc-go/v11/modules/apps/27-interchain-accounts/types"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// moduleAccountPermissions returns the modules that own an account, and whether they may
// mint, burn or stake from it.
func moduleAccountPermissions() map[string][]string {
	return map[string][]string{
		authtypes.FeeCollectorName:     nil,
		distrtypes.ModuleName:          nil,
		minttypes.ModuleName:           {authtypes.Minter},
		stakingtypes.BondedPoolName:    {authtypes.Burner, authtypes.Staking},
		stakingtypes.NotBondedPoolName: {authtypes.Burner, authtypes.Staking},
		govtypes.ModuleName:            {authtypes.Burner},
		edgenodetypes.ModuleName:       {authtypes.Burner},
		computetypes.ModuleName:        {authtypes.Burner, authtypes.Minter},
		feemarkettypes.ModuleName:      {authtypes.Burner},
		transfertypes.ModuleName:       {authtypes.Minter, authtypes.Burner},
		icatypes.ModuleName:            nil,
	}
}

// BlockedAddresses returns the module accounts that must not receive coins from other
// accounts, because their balance must always equal the amount that their module has
// recorded. x/gov is the exception, so that proposals can pay it.
func BlockedAddresses() map[string]bool {
	blocked := make(map[string]bool)
	for name := range moduleAccountPermissions() {
		if name != govtypes.ModuleName {
			blocked[authtypes.NewModuleAddress(name).String()] = true
		}
	}
	return blocked
}
