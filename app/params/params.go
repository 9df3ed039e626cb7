// Package params contains the chain's names and units, and sets them in the SDK's globals. It
// does not import other packages of the app, so that every binary and every test can call
// SetSDKDefaults before a prefix, a denom or the power reduction is read.
package params

import (
	"os"
	"sync"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/version"
)

const (
	// AppName is the name of the node binary and of its home folder.
	AppName = "thetad"
	// Bech32Prefix is the first part of every address: theta1…, thetavaloper1…,
	// thetavalcons1….
	Bech32Prefix = "theta"
	// CoinType is the SLIP-44 coin type of derived keys. It is the one that all Cosmos
	// wallets use.
	CoinType = 118
	// BaseDenom is the unit in which the chain counts: gas, bonds, jobs, votes.
	BaseDenom = "atfuel"
	// DisplayDenom is the unit in which amounts are displayed: 1 tfuel is 10^18 atfuel.
	DisplayDenom = "tfuel"
	// DisplayExponent is the power of ten between the two.
	DisplayExponent = 18
	// DefaultMinGasPrice is the lowest price of a unit of gas in a block, in atfuel: a bank
	// send of 100,000 gas costs 0.0001 tfuel.
	DefaultMinGasPrice int64 = 1_000_000_000
)

// Tfuel returns n whole tfuel in atfuel.
func Tfuel(n int64) math.Int {
	return math.NewInt(n).Mul(math.NewIntWithDecimal(1, DisplayExponent))
}

// TfuelCoin returns n whole tfuel as a coin in atfuel.
func TfuelCoin(n int64) sdk.Coin {
	return sdk.Coin{Denom: BaseDenom, Amount: Tfuel(n)}
}

// setOnce makes sure that the globals are not written while another goroutine reads them: all
// tests and commands call SetSDKDefaults first.
var setOnce sync.Once

// SetSDKDefaults writes the chain's prefixes, coin type, bond denom and power reduction into
// the SDK's globals and seals its config. It may be called any number of times, and must be
// called before anything else, because the SDK copies these values into codecs and default
// parameters. It panics if the config has already been sealed with another prefix.
func SetSDKDefaults() {
	setOnce.Do(func() {
		nameConfig()
		setAddressing()
		sdk.DefaultBondDenom = BaseDenom
		sdk.DefaultPowerReduction = Tfuel(1)
		registerDenoms()
		if version.Name == "" {
			version.Name = "theta"
		}
		if version.AppName == "" || version.AppName == "<appd>" {
			version.AppName = AppName
		}
	})
}

// nameConfig gives the SDK's config a fixed name. Without a name, the SDK asks the system for
// host, program and process at every conversion of an address. This took a seventh of the
// time of a bank send, and the config lost its prefixes when the host was renamed.
func nameConfig() {
	if err := os.Setenv(sdk.EnvConfigScope, AppName); err != nil {
		panic(err)
	}
}

func setAddressing() {
	config := sdk.GetConfig()
	if config.GetBech32AccountAddrPrefix() != Bech32Prefix {
		config.SetBech32PrefixForAccount(Bech32Prefix, Bech32Prefix+"pub")
		config.SetBech32PrefixForValidator(Bech32Prefix+"valoper", Bech32Prefix+"valoperpub")
		config.SetBech32PrefixForConsensusNode(Bech32Prefix+"valcons", Bech32Prefix+"valconspub")
		config.SetPurpose(44)
		config.SetCoinType(CoinType)
	}
	config.Seal()
}

// registerDenoms lets commands that normalise coins accept tfuel as well as atfuel.
func registerDenoms() {
	units := []struct {
		denom string
		unit  math.LegacyDec
	}{
		{DisplayDenom, math.LegacyOneDec()},
		{BaseDenom, math.LegacyNewDecWithPrec(1, DisplayExponent)},
	}
	for _, u := range units {
		if _, known := sdk.GetDenomUnit(u.denom); known {
			continue
		}
		if err := sdk.RegisterDenom(u.denom, u.unit); err != nil {
			panic(err)
		}
	}
}
