package apptest

import (
	"encoding/json"
	"maps"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
)

// Option changes how a chain is built.
type Option func(*settings)

// GenesisChange changes the app state before it is run. genesis maps a module's name to its
// document.
type GenesisChange func(cdc codec.Codec, genesis map[string]json.RawMessage)

type settings struct {
	accounts       int
	balance        sdk.Coins
	power          int64
	blockTime      time.Duration
	changes        []GenesisChange
	consensus      []func(*cmttypes.ConsensusParams)
	db             dbm.DB
	dir            string
	appOptions     appOptions
	baseAppOptions []func(*baseapp.BaseApp)
	// initial is the height of the first block.
	initial int64
}

func defaultSettings() settings {
	return settings{
		accounts:   4,
		balance:    sdk.NewCoins(params.TfuelCoin(1_000_000)),
		power:      1_000,
		blockTime:  1500 * time.Millisecond,
		db:         dbm.NewMemDB(),
		appOptions: appOptions{},
		initial:    1,
	}
}

// GenesisTime returns the time at which every test chain starts.
func GenesisTime() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// appOptions takes the place of app.toml and the command line.
type appOptions map[string]any

// Get returns the value of key, or nil.
func (o appOptions) Get(key string) any { return o[key] }

// WithGenesis changes the default genesis. Changes run in the given order.
func WithGenesis(change GenesisChange) Option {
	return func(s *settings) { s.changes = append(s.changes, change) }
}

// WithConsensus changes the consensus params of the genesis.
func WithConsensus(change func(*cmttypes.ConsensusParams)) Option {
	return func(s *settings) { s.consensus = append(s.consensus, change) }
}

// WithAccounts creates n accounts that each hold balance.
func WithAccounts(n int, balance ...sdk.Coin) Option {
	return func(s *settings) { s.accounts, s.balance = n, sdk.NewCoins(balance...) }
}

// WithValidatorPower sets the validator's bond in whole tfuel, which equals its power.
func WithValidatorPower(power int64) Option {
	return func(s *settings) { s.power = power }
}

// WithInitialHeight sets the height of the first block, as a genesis file does.
func WithInitialHeight(height int64) Option {
	return func(s *settings) { s.initial = height }
}

// WithBlockTime sets the time between the headers of two blocks.
func WithBlockTime(d time.Duration) Option {
	return func(s *settings) { s.blockTime = d }
}

// WithDir keeps the state in a pebble database under dir, which Restart closes and reopens.
func WithDir(dir string) Option {
	return func(s *settings) { s.dir = dir }
}

// WithAppOptions sets values of app.toml, such as "block-executor".
func WithAppOptions(values map[string]any) Option {
	return func(s *settings) { maps.Copy(s.appOptions, values) }
}

// WithBaseAppOptions passes options to baseapp.
func WithBaseAppOptions(options ...func(*baseapp.BaseApp)) Option {
	return func(s *settings) { s.baseAppOptions = append(s.baseAppOptions, options...) }
}
