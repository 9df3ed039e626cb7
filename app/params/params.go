// Package params holds the chain's names and units, and sets them in the SDK's
// globals. It imports nothing of the app, so that every binary and every test
// can call SetSDKDefaults before anything reads a prefix, a denom or the power
// reduction.
package params

import (
	"os"
	"sync"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/version"
)

const (
	// AppName names the node binary and its home folder.
	AppName = "thetad"
	// Bech32Prefix starts every address: theta1…, thetavaloper1…, thetavalcons1….
	Bech32Prefix = "theta"
	// CoinType is the SLIP-44 coin type of derived keys, that of all Cosmos wallets.
	CoinType = 118
	// BaseDenom is the unit in which the chain counts: gas, bonds, jobs, votes.
	BaseDenom = "atfuel"
	// DisplayDenom is what people see: 1 tfuel is 10^18 atfuel.
	DisplayDenom = "tfuel"
	// DisplayExponent is the power of ten between the two.
	DisplayExponent = 18
	// DefaultMinGasPrice is the price of a unit of gas, in atfuel, below which
	// no block takes a tx: a bank send of 100,000 gas costs 0.0001 tfuel.
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

// setOnce keeps the globals from being written while another goroutine reads
// them: tests and commands all call SetSDKDefaults first.
var setOnce sync.Once

// SetSDKDefaults writes the chain's prefixes, coin type, bond denom and power
// reduction into the SDK's globals and seals its config. It may be called any
// number of times and must be called first: the SDK copies these values into
// codecs and default parameters. It panics when the config has already been
// sealed with another prefix.
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

// nameConfig gives the SDK's config a fixed name. Without one the SDK asks the
// system for host, program and process at every conversion of an address, which
// took a seventh of a bank send, and loses its prefixes when the host is renamed.
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

// registerDenoms lets commands that normalise coins take tfuel as well as atfuel.
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
