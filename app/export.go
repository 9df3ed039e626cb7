package app

import (
	"encoding/json"
	"fmt"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	"github.com/cosmos/cosmos-sdk/x/staking"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// ExportAppStateAndValidators returns the state as a genesis of the given modules, or of all
// modules. If forZeroHeight is set, the chain can restart from it at height one: rewards are
// paid out and heights are reset. In addition, if allowedValidators is not empty, all other
// validators are jailed.
func (app *App) ExportAppStateAndValidators(
	forZeroHeight bool, allowedValidators, modules []string,
) (servertypes.ExportedApp, error) {
	// One past the last height, because the genesis is for the next block.
	height := app.LastBlockHeight() + 1
	ctx := app.NewContextLegacy(true, cmtproto.Header{Height: app.LastBlockHeight()})
	if forZeroHeight {
		height = 0
		if err := app.prepareZeroHeight(ctx, allowedValidators); err != nil {
			return servertypes.ExportedApp{}, fmt.Errorf("prepare for height zero: %w", err)
		}
	}

	genesis, err := app.ModuleManager.ExportGenesisForModules(ctx, app.encoding.Codec, modules)
	if err != nil {
		return servertypes.ExportedApp{}, err
	}
	if forZeroHeight {
		if err := app.restartJobs(genesis, ctx.BlockHeight()); err != nil {
			return servertypes.ExportedApp{}, fmt.Errorf("prepare jobs for height zero: %w", err)
		}
	}
	state, err := json.MarshalIndent(genesis, "", "  ")
	if err != nil {
		return servertypes.ExportedApp{}, err
	}
	validators, err := staking.WriteValidators(ctx, app.StakingKeeper)
	return servertypes.ExportedApp{
		AppState:        state,
		Validators:      validators,
		Height:          height,
		ConsensusParams: app.GetConsensusParams(ctx),
	}, err
}

// prepareZeroHeight removes from the state everything that only has a meaning at the heights
// of the old chain.
func (app *App) prepareZeroHeight(ctx sdk.Context, allowedValidators []string) error {
	allowed := make(map[string]bool, len(allowedValidators))
	for _, address := range allowedValidators {
		if _, err := sdk.ValAddressFromBech32(address); err != nil {
			return fmt.Errorf("expected a validator address, found %q: %w", address, err)
		}
		allowed[address] = true
	}
	if err := app.refuseOpenWork(ctx); err != nil {
		return err
	}
	if err := app.restartEdge(ctx); err != nil {
		return err
	}
	height := ctx.BlockHeight()
	if err := app.settleDistribution(ctx); err != nil {
		return err
	}
	if err := app.resetStakingHeights(ctx.WithBlockHeight(0)); err != nil {
		return err
	}
	if err := app.jailOthers(ctx, allowed); err != nil {
		return err
	}
	return app.resetSigningInfos(ctx.WithBlockHeight(height))
}

// settleDistribution pays out all rewards and commissions, at the height up to which they
// were earned. It then restarts the accounting of each validator and delegation at height
// zero. If it paid out at height zero, the rewards of genesis delegations would be lost as
// dust, because x/distribution assumes that a delegation made at the current height has not
// earned anything yet.
func (app *App) settleDistribution(ctx sdk.Context) error {
	validators, err := app.StakingKeeper.GetAllValidators(ctx)
	if err != nil {
		return err
	}
	delegations, err := app.StakingKeeper.GetAllDelegations(ctx)
	if err != nil {
		return err
	}
	for _, validator := range validators {
		operator, err := app.StakingKeeper.ValidatorAddressCodec().StringToBytes(validator.GetOperator())
		if err != nil {
			return err
		}
		commission, err := app.DistrKeeper.GetValidatorAccumulatedCommission(ctx, operator)
		if err != nil {
			return err
		}
		// A commission of less than one atfuel cannot be withdrawn.
		if payable, _ := commission.Commission.TruncateDecimal(); payable.IsZero() {
			continue
		}
		if _, err := app.DistrKeeper.WithdrawValidatorCommission(ctx, operator); err != nil {
			return err
		}
	}
	for _, delegation := range delegations {
		delegator, operator, err := app.delegationAddresses(delegation)
		if err != nil {
			return err
		}
		if _, err := app.DistrKeeper.WithdrawDelegationRewards(ctx, delegator, operator); err != nil {
			return err
		}
	}
	app.DistrKeeper.DeleteAllValidatorSlashEvents(ctx)
	app.DistrKeeper.DeleteAllValidatorHistoricalRewards(ctx)
	return app.restartDistribution(ctx.WithBlockHeight(0), validators, delegations)
}

func (app *App) restartDistribution(
	ctx sdk.Context, validators []stakingtypes.Validator, delegations []stakingtypes.Delegation,
) error {
	for _, validator := range validators {
		operator, err := app.StakingKeeper.ValidatorAddressCodec().StringToBytes(validator.GetOperator())
		if err != nil {
			return err
		}
		// Amounts that are too small to pay go to the community pool.
		dust, err := app.DistrKeeper.GetValidatorOutstandingRewardsCoins(ctx, operator)
		if err != nil {
			return err
		}
		pool, err := app.DistrKeeper.FeePool.Get(ctx)
		if err != nil {
			return err
		}
		pool.CommunityPool = pool.CommunityPool.Add(dust...)
		if err := app.DistrKeeper.FeePool.Set(ctx, pool); err != nil {
			return err
		}
		if err := app.DistrKeeper.Hooks().AfterValidatorCreated(ctx, operator); err != nil {
			return err
		}
	}
	for _, delegation := range delegations {
		delegator, operator, err := app.delegationAddresses(delegation)
		if err != nil {
			return err
		}
		if err := app.DistrKeeper.Hooks().BeforeDelegationCreated(ctx, delegator, operator); err != nil {
			return err
		}
		if err := app.DistrKeeper.Hooks().AfterDelegationModified(ctx, delegator, operator); err != nil {
			return err
		}
	}
	return nil
}

func (app *App) delegationAddresses(delegation stakingtypes.Delegation) (sdk.AccAddress, sdk.ValAddress, error) {
	delegator, err := AddressCodec().StringToBytes(delegation.DelegatorAddress)
	if err != nil {
		return nil, nil, err
	}
	operator, err := app.StakingKeeper.ValidatorAddressCodec().StringToBytes(delegation.ValidatorAddress)
	return delegator, operator, err
}

// resetStakingHeights sets the creation height of unbonding and redelegating entries to zero.
func (app *App) resetStakingHeights(ctx sdk.Context) error {
	var redelegations []stakingtypes.Redelegation
	if err := app.StakingKeeper.IterateRedelegations(ctx, func(_ int64, red stakingtypes.Redelegation) bool {
		redelegations = append(redelegations, red)
		return false
	}); err != nil {
		return err
	}
	for _, red := range redelegations {
		for i := range red.Entries {
			red.Entries[i].CreationHeight = 0
		}
		if err := app.StakingKeeper.SetRedelegation(ctx, red); err != nil {
			return err
		}
	}

	var unbondings []stakingtypes.UnbondingDelegation
	if err := app.StakingKeeper.IterateUnbondingDelegations(ctx, func(_ int64, ubd stakingtypes.UnbondingDelegation) bool {
		unbondings = append(unbondings, ubd)
		return false
	}); err != nil {
		return err
	}
	for _, ubd := range unbondings {
		for i := range ubd.Entries {
			ubd.Entries[i].CreationHeight = 0
		}
		if err := app.StakingKeeper.SetUnbondingDelegation(ctx, ubd); err != nil {
			return err
		}
	}
	return nil
}

// jailOthers resets every validator's unbonding height. If allowed is not empty, it jails the
// validators that are not in it.
func (app *App) jailOthers(ctx sdk.Context, allowed map[string]bool) error {
	validators, err := app.StakingKeeper.GetAllValidators(ctx)
	if err != nil {
		return err
	}
	for _, validator := range validators {
		validator.UnbondingHeight = 0
		if len(allowed) > 0 && !allowed[validator.OperatorAddress] && !validator.Jailed {
			if err := app.StakingKeeper.DeleteValidatorByPowerIndex(ctx, validator); err != nil {
				return err
			}
			validator.Jailed = true
		}
		if err := app.StakingKeeper.SetValidator(ctx, validator); err != nil {
			return err
		}
	}
	_, err = app.StakingKeeper.ApplyAndReturnValidatorSetUpdates(ctx)
	return err
}

// resetSigningInfos starts the liveness windows at height zero.
func (app *App) resetSigningInfos(ctx sdk.Context) error {
	type entry struct {
		address sdk.ConsAddress
		signing slashingtypes.ValidatorSigningInfo
	}
	var entries []entry
	if err := app.SlashingKeeper.IterateValidatorSigningInfos(ctx,
		func(address sdk.ConsAddress, signing slashingtypes.ValidatorSigningInfo) bool {
			entries = append(entries, entry{address, signing})
			return false
		}); err != nil {
		return err
	}
	for _, e := range entries {
		e.signing.StartHeight = 0
		if err := app.SlashingKeeper.SetValidatorSigningInfo(ctx, e.address, e.signing); err != nil {
			return err
		}
	}
	return nil
}
