package app

import (
	"errors"
	"fmt"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"cosmossdk.io/math"

	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/thetaedge/theta/app/params"
	beaconkeeper "github.com/thetaedge/theta/x/beacon/keeper"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
)

const (
	// testnetFunds is the amount that is minted for the operator of a testnet, in whole
	// tfuel. A new validator stakes testnetStake of it.
	testnetFunds, testnetStake = 2_000_000, 1_000_000
)

// Testnet describes how a copy of a chain's state becomes a chain with one validator.
type Testnet struct {
	// ChainID of the testnet.
	ChainID string
	// Operator of the validator, which is given coins.
	Operator sdk.AccAddress
	// ConsensusKey is the public key of the key that signs the blocks.
	ConsensusKey cryptotypes.PubKey
	// Beacon replaces the source of randomness, unless it is nil.
	Beacon *BeaconSource
	// Upgrade runs in the first block, unless it is empty.
	Upgrade string
}

// BeaconSource is a drand network.
type BeaconSource struct {
	// PublicKey, in hex, verifies the rounds of the network.
	PublicKey string
	// PeriodSeconds is the time between two rounds; GenesisTime is the Unix time of round 1.
	PeriodSeconds uint64
	GenesisTime   int64
}

// BecomeTestnet makes the given validator the only one of the loaded state. It writes to the
// state that the next block commits. Nodes, jobs, balances and bonds stay.
func (app *App) BecomeTestnet(t Testnet) error {
	ctx := app.NewUncachedContext(true, cmtproto.Header{ChainID: t.ChainID, Height: app.LastBlockHeight()}) //nolint:staticcheck // its successors do not write to the state before the next block
	for _, step := range []struct {
		what string
		do   func(sdk.Context, Testnet) error
	}{
		{"unbond the validators of the chain", app.unbondAll},
		{"fund the operator", app.fundTestnet},
		{"make the validator", app.makeValidator},
		{"replace the beacon", app.replaceBeacon},
		{"plan the upgrade", app.planUpgrade},
	} {
		if err := step.do(ctx, t); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// unbondAll ends the bonded state of every validator, because none of them signs here.
// Consensus knows the new set already, so no validator update may follow.
func (app *App) unbondAll(ctx sdk.Context, _ Testnet) error {
	all, err := app.StakingKeeper.GetAllValidators(ctx)
	if err != nil {
		return err
	}
	bonded := math.ZeroInt()
	for _, validator := range all {
		operator, err := ValidatorAddressCodec().StringToBytes(validator.OperatorAddress)
		if err != nil {
			return err
		}
		if err := app.StakingKeeper.DeleteLastValidatorPower(ctx, operator); err != nil {
			return err
		}
		if !validator.IsBonded() {
			continue
		}
		if err := app.StakingKeeper.DeleteValidatorByPowerIndex(ctx, validator); err != nil {
			return err
		}
		bonded = bonded.Add(validator.Tokens)
		validator.Jailed = true
		if err := app.StakingKeeper.SetValidator(ctx, validator.UpdateStatus(stakingtypes.Unbonded)); err != nil {
			return err
		}
	}
	if bonded.IsZero() {
		return nil
	}
	denom, err := app.StakingKeeper.BondDenom(ctx)
	if err != nil {
		return err
	}
	return app.BankKeeper.SendCoinsFromModuleToModule(ctx, stakingtypes.BondedPoolName, stakingtypes.NotBondedPoolName,
		sdk.NewCoins(sdk.NewCoin(denom, bonded)))
}

func (app *App) fundTestnet(ctx sdk.Context, t Testnet) error {
	coins := sdk.NewCoins(params.TfuelCoin(testnetFunds))
	if err := app.BankKeeper.MintCoins(ctx, minttypes.ModuleName, coins); err != nil {
		return err
	}
	return app.BankKeeper.SendCoinsFromModuleToAccount(ctx, minttypes.ModuleName, t.Operator, coins)
}

// makeValidator makes the operator a validator: it uses the operator's validator if there is
// one with this key, and creates one otherwise.
func (app *App) makeValidator(ctx sdk.Context, t Testnet) error {
	address := sdk.ConsAddress(t.ConsensusKey.Address())
	operator := sdk.ValAddress(t.Operator)
	validator, err := app.StakingKeeper.GetValidator(ctx, operator)
	switch {
	case errors.Is(err, stakingtypes.ErrNoValidatorFound):
		err = app.createValidator(ctx, t, operator)
	case err == nil:
		err = app.reviveValidator(ctx, validator, address)
	}
	if err != nil {
		return err
	}
	if err := app.SlashingKeeper.DeleteMissedBlockBitmap(ctx, address); err != nil {
		return err
	}
	// x/staking creates this record when it bonds a validator, and the first block needs it.
	return app.SlashingKeeper.SetValidatorSigningInfo(ctx, address,
		slashingtypes.NewValidatorSigningInfo(address, app.LastBlockHeight(), 0, time.Unix(0, 0), false, 0))
}

func (app *App) createValidator(ctx sdk.Context, t Testnet, operator sdk.ValAddress) error {
	name, err := ValidatorAddressCodec().BytesToString(operator)
	if err != nil {
		return err
	}
	// Use at least the chain's smallest commission rate.
	least, err := app.StakingKeeper.MinCommissionRate(ctx)
	if err != nil {
		return err
	}
	msg, err := stakingtypes.NewMsgCreateValidator(name, t.ConsensusKey, params.TfuelCoin(testnetStake),
		stakingtypes.NewDescription(t.ChainID, "", "", "", ""),
		stakingtypes.NewCommissionRates(least, math.LegacyOneDec(), math.LegacyOneDec()), math.OneInt())
	if err != nil {
		return err
	}
	_, err = stakingkeeper.NewMsgServerImpl(app.StakingKeeper).CreateValidator(ctx, msg)
	if errors.Is(err, stakingtypes.ErrValidatorPubKeyExists) {
		return fmt.Errorf("the consensus key of this home is that of a validator of another operator: pass that operator's address, or move priv_validator_key.json of the copy away to have a new one made: %w", err)
	}
	return err
}

func (app *App) reviveValidator(ctx sdk.Context, validator stakingtypes.Validator, address sdk.ConsAddress) error {
	found, err := validator.GetConsAddr()
	if err != nil {
		return err
	}
	if !address.Equals(sdk.ConsAddress(found)) {
		return fmt.Errorf("expected an operator without a validator, or the one of this home's consensus key, found validator %s with another key; pass another address", validator.OperatorAddress)
	}
	validator.Jailed = false
	if err := app.StakingKeeper.SetValidator(ctx, validator); err != nil {
		return err
	}
	return app.StakingKeeper.SetValidatorByPowerIndex(ctx, validator)
}

func (app *App) replaceBeacon(ctx sdk.Context, t Testnet) error {
	if t.Beacon == nil {
		return nil
	}
	now, err := app.BeaconKeeper.Params(ctx)
	if err != nil {
		return err
	}
	now.PublicKey, now.PeriodSeconds, now.GenesisTime = t.Beacon.PublicKey, t.Beacon.PeriodSeconds, t.Beacon.GenesisTime
	_, err = beaconkeeper.NewMsgServer(app.BeaconKeeper).UpdateParams(ctx, &beacontypes.MsgUpdateParams{Authority: Authority(), Params: now})
	return err
}

func (app *App) planUpgrade(ctx sdk.Context, t Testnet) error {
	if t.Upgrade == "" {
		return nil
	}
	return app.UpgradeKeeper.ScheduleUpgrade(ctx, upgradetypes.Plan{Name: t.Upgrade, Height: app.LastBlockHeight() + 1})
}
