// Package config contains the daemon's settings. A flag takes precedence over an environment
// variable, the environment over config.toml, and config.toml over the default.
package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/worker"
	"github.com/thetaedge/theta/tensor/backend"
)

const (
	// FileName is the name of the settings file in the home folder.
	FileName = "config.toml"
	// EnvPrefix is the prefix of environment variables, for example THETAEDGE_CHAIN_GRPC.
	EnvPrefix = "THETAEDGE"
	// EnvReleases is where scripts/install.sh finds releases. It is not a setting.
	EnvReleases = EnvPrefix + "_RELEASES"
)

// Config contains every setting of the owner.
type Config struct {
	Chain   Chain   `mapstructure:"chain"`
	Tx      Tx      `mapstructure:"tx"`
	Fees    Fees    `mapstructure:"fees"`
	Payout  Payout  `mapstructure:"payout"`
	Keyring Keyring `mapstructure:"keyring"`
	Policy  Policy  `mapstructure:"policy"`
	Owner   Owner   `mapstructure:"owner"`
	Egress  Egress  `mapstructure:"egress"`
	Work    Work    `mapstructure:"work"`
	Tensors Tensors `mapstructure:"tensors"`
	// Container says whether and how container images are run.
	Container Container `mapstructure:"container"`
	API       API       `mapstructure:"api"`
	// Dashboard is what a browser on this machine shows.
	Dashboard Dashboard `mapstructure:"dashboard"`
	Alerts    Alerts    `mapstructure:"alerts"`
	Fleet     Fleet     `mapstructure:"fleet"`
	// Update says how the program is kept up to date.
	Update Update `mapstructure:"update"`
	Log    Log    `mapstructure:"log"`
}

// Chain says which chain the daemon works for.
type Chain struct {
	// GRPC is the gRPC endpoint of a node, and Others contains those of further nodes that are
	// used when that one is in trouble, in order of preference.
	GRPC   string   `mapstructure:"grpc"`
	Others []string `mapstructure:"others"`
	// ID is the id of the chain. If it is empty, the daemon uses the id that the node reports.
	ID string `mapstructure:"id"`
	// Operator is the address of the operator that the worker key serves. If it is empty, the
	// daemon serves the operator who has registered the key.
	Operator string `mapstructure:"operator"`
	// Poll is the pause between two queries for the height.
	Poll time.Duration `mapstructure:"poll"`
	// Verify is "proof", "agreement" or "none".
	Verify string `mapstructure:"verify"`
	// RPC is the CometBFT RPC endpoint of a node, for headers and proofs. If it is empty, they
	// are read through GRPC.
	RPC string `mapstructure:"rpc"`
	// Witnesses contains the gRPC endpoints of further nodes.
	Witnesses []string `mapstructure:"witnesses"`
	// TrustHeight and TrustHash name a header that the owner trusts. If they are 0 and "", the
	// daemon trusts the first header that it is shown.
	TrustHeight int64  `mapstructure:"trust-height"`
	TrustHash   string `mapstructure:"trust-hash"`
	// TrustPeriod is the maximum age of a trusted header from which the daemon follows later
	// headers.
	TrustPeriod time.Duration `mapstructure:"trust-period"`
	// InsecurePlaintext allows connections without TLS to nodes that are not on this machine.
	InsecurePlaintext bool `mapstructure:"insecure-plaintext"`
}

// Fees contains the highest amounts that the daemon pays, whatever price a node reports.
type Fees struct {
	// MaxGasPrice is the limit per unit of gas, MaxTx per transaction and MaxDay per day in
	// UTC. MaxTx and MaxDay may be empty, which means no limit.
	MaxGasPrice string `mapstructure:"max-gas-price"`
	MaxTx       string `mapstructure:"max-tx"`
	MaxDay      string `mapstructure:"max-day"`
	// DutyPercent limits the fee for a duty when the minimum price of a block is not enough.
	// It is a percentage of what the node would lose by missing the duty.
	DutyPercent float64 `mapstructure:"duty-percent"`
	// UrgentPercent is the same limit for a duty that is due within 40 blocks, if it is above
	// DutyPercent.
	UrgentPercent float64 `mapstructure:"urgent-percent"`
}

// Tx says how the fees of transactions are paid.
type Tx struct {
	GasAdjustment  float64 `mapstructure:"gas-adjustment"`
	GasPriceFactor float64 `mapstructure:"gas-price-factor"`
	TimeoutBlocks  int64   `mapstructure:"timeout-blocks"`
}

// Keyring says where the worker key is. Its folder is in the home folder.
type Keyring struct {
	Backend        string `mapstructure:"backend"`
	PassphraseFile string `mapstructure:"passphrase-file"`
}

// Policy says which work the owner allows.
type Policy struct {
	MaxJobs    int      `mapstructure:"max-jobs"`
	MinRewards []string `mapstructure:"min-rewards"`
	// MinPrices contains the least pay for 10^9 fuel by profile, such as "wasm/1=0.2tfuel".
	MinPrices []string `mapstructure:"min-prices"`
	MaxFuel   uint64   `mapstructure:"max-fuel"`
	// FuelPerBlock contains a cautious rate of this machine for each profile, such as
	// "wasm/1=1500000000", or one number for all profiles. The defaults are those of slow cores,
	// with blocks of 1.5 s. With 0, the node accepts tasks whatever their commit window is.
	FuelPerBlock []string `mapstructure:"fuel-per-block"`
	MaxMemory    Bytes    `mapstructure:"max-memory"`
	// MaxDevice is the largest memory of a program's tensors.
	MaxDevice Bytes `mapstructure:"max-device"`
	MaxInput  Bytes `mapstructure:"max-input"`
	MaxOutput Bytes `mapstructure:"max-output"`
	// MaxChallengeBlocks is the largest number of blocks for which a paid task may keep bond
	// locked. 0 means no limit.
	MaxChallengeBlocks uint64 `mapstructure:"max-challenge-blocks"`
	// Trust is "off", "named" or "any".
	Trust string `mapstructure:"trust"`
	// Grants is "all" or "none": which jobs are taken that a grant pays for.
	Grants string `mapstructure:"grants"`
	// OwnRiskPrograms contains SHA-256 digests in hex.
	OwnRiskPrograms []string `mapstructure:"own-risk-programs"`
	// DenyRequesters contains addresses.
	DenyRequesters []string `mapstructure:"deny-requesters"`
}

// Work says how the daemon handles assignments.
type Work struct {
	Cache         Bytes         `mapstructure:"cache"`
	Retention     time.Duration `mapstructure:"retention"`
	RevealMargin  int64         `mapstructure:"reveal-margin"`
	RefusePrivate bool          `mapstructure:"refuse-private"`
	// OwnAddresses contains public addresses, networks or names that belong to the owner. A
	// job cannot make this machine connect to them.
	OwnAddresses   []string      `mapstructure:"own-addresses"`
	TransferLimit  time.Duration `mapstructure:"transfer-limit"`
	DrainTimeout   time.Duration `mapstructure:"drain-timeout"`
	ExecutionLimit time.Duration `mapstructure:"execution-limit"`
	// KeepWeights is the time for which the weights of models stay in device memory after a task.
	// 0 means that they do not stay.
	KeepWeights time.Duration `mapstructure:"keep-weights"`
	// Swap bounds what the tensors of suspended programs take on the disk of the home. 0 means that
	// they stay in memory.
	Swap Bytes `mapstructure:"swap"`
	// Layers contains the layers that have to be available before any program is run, see
	// worker.Layers.
	Layers []string `mapstructure:"layers"`
	// Priority is that of worker processes: Lowest or Normal.
	Priority string `mapstructure:"priority"`
	// Processors is the part of the processors that programs may use, in percent.
	Processors int `mapstructure:"processors"`
}

// Tensors says what executes the tensors of programs of tensor/1.
type Tensors struct {
	// Device is "auto", "cpu", "ref", "cuda", "vulkan", or one of the last two with ":" and the UUID or the number
	// of a device, see backend.ParseChoice.
	Device string `mapstructure:"device"`
}

// API says on which addresses the daemon answers.
type API struct {
	GRPC string `mapstructure:"grpc"`
	HTTP string `mapstructure:"http"`
}

// Log says what the daemon writes to stderr.
type Log struct {
	Level  string `mapstructure:"level"`
	Format string `mapstructure:"format"`
}

// Default returns the settings of a home machine that works for a local node.
func Default() Config {
	return Config{
		Chain: Chain{
			GRPC: "127.0.0.1:9090", Others: []string{}, Poll: 500 * time.Millisecond,
			Verify: "proof", Witnesses: []string{}, TrustPeriod: 14 * 24 * time.Hour,
		},
		// The price is 20 times the chain's initial price. At that price and without the
		// factor, the daily limit pays for about 300 assignments.
		Fees:    Fees{MaxGasPrice: "20000000000atfuel", MaxTx: "0.1tfuel", MaxDay: "1tfuel", DutyPercent: 5, UrgentPercent: 50},
		Payout:  Payout{MostFeePercent: 1},
		Tx:      Tx{GasAdjustment: 1.5, GasPriceFactor: 1, TimeoutBlocks: 20},
		Keyring: Keyring{Backend: "test"},
		Policy: Policy{
			MaxJobs: 1, MinRewards: []string{}, MinPrices: []string{}, FuelPerBlock: defaultRates(),
			MaxMemory: 2 << 30, MaxDevice: 2 << 30, MaxInput: 1 << 30, MaxOutput: 256 << 20, MaxChallengeBlocks: 9_600,
			Trust: "named", Grants: "all", OwnRiskPrograms: []string{}, DenyRequesters: []string{},
		},
		Owner:  Owner{Hours: []string{}, WindDown: "5m", Processes: []string{}, Suspend: owner.DefaultSuspend()},
		Egress: Egress{Hosts: defaultHosts()},
		Work: Work{
			Cache: 4 << 30, Retention: 24 * time.Hour, RevealMargin: 200, RefusePrivate: true, OwnAddresses: []string{},
			TransferLimit: 15 * time.Minute, DrainTimeout: 30 * time.Second, ExecutionLimit: time.Hour, KeepWeights: 5 * time.Minute, Swap: 8 << 30,
			Layers: []string{}, Priority: Lowest, Processors: 100,
		},
		Tensors:   Tensors{Device: "auto"},
		Container: defaultContainer(),
		API:       API{GRPC: "127.0.0.1:9770", HTTP: "127.0.0.1:9771"},

		Dashboard: Dashboard{Listen: "127.0.0.1:9772", Language: AutoLanguage},
		Alerts:    defaultAlerts(),
		Fleet:     Fleet{Names: []string{}},
		Update:    Update{Key: []string{}, Channel: "stable", Hours: 6},
		Log:       Log{Level: "info", Format: "text"},
	}
}

// maxSwap is more than any disk of a machine has.
const maxSwap Bytes = 1 << 50

// Validate reports every setting that cannot work, and says what would work.
func (c Config) Validate() error {
	var errs []error
	expect := func(ok bool, key, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: expected %s", key, fmt.Sprintf(format, args...)))
		}
	}
	expect(c.Chain.GRPC != "", "chain.grpc", "the gRPC address of a node such as 127.0.0.1:9090, found none")
	expect(c.Chain.Poll >= 10*time.Millisecond && c.Chain.Poll <= time.Minute, "chain.poll", "10ms to 1m, found %s", c.Chain.Poll)
	_, err := c.Chain.OperatorAddress()
	expect(err == nil, "chain.operator", "the address of an operator, found %q: %v", c.Chain.Operator, err)
	errs = append(errs, c.Chain.validate(), c.Fees.validate(), c.Payout.validate())
	expect(c.Tx.GasAdjustment >= 1 && c.Tx.GasAdjustment <= 10, "tx.gas-adjustment", "1 to 10, found %v", c.Tx.GasAdjustment)
	expect(c.Tx.GasPriceFactor >= 1 && c.Tx.GasPriceFactor <= 100, "tx.gas-price-factor", "1 to 100, found %v", c.Tx.GasPriceFactor)
	expect(c.Tx.TimeoutBlocks >= 2 && c.Tx.TimeoutBlocks <= 1000, "tx.timeout-blocks", "2 to 1000, found %d", c.Tx.TimeoutBlocks)
	switch c.Keyring.Backend {
	case "test", "os":
	case "file":
		expect(c.Keyring.PassphraseFile != "", "keyring.passphrase-file", "a file with the passphrase, because nobody is there to type it into a daemon; or choose keyring.backend = \"test\"")
	default:
		expect(false, "keyring.backend", "\"test\", \"file\" or \"os\", found %q", c.Keyring.Backend)
	}
	// In double quotes, TOML reads C:\temp as C:, a tabulator and emp.
	expect(strings.IndexFunc(c.Keyring.PassphraseFile, unicode.IsControl) < 0, "keyring.passphrase-file",
		"a path without control characters, found %q; write a path of Windows in single quotes", c.Keyring.PassphraseFile)
	expect(c.Policy.MaxJobs >= 1 && c.Policy.MaxJobs <= 1024, "policy.max-jobs", "1 to 1024, found %d; to take no jobs, run thetaedge pause", c.Policy.MaxJobs)
	errs = append(errs, c.Policy.validate())
	_, err = c.Owner.Rules()
	errs = append(errs, err)
	_, err = c.Egress.List()
	errs = append(errs, err)
	expect(c.Work.Retention >= time.Minute, "work.retention", "at least 1m, found %s", c.Work.Retention)
	expect(c.Work.RevealMargin >= 1 && c.Work.RevealMargin <= 1000, "work.reveal-margin", "1 to 1000 blocks, found %d", c.Work.RevealMargin)
	_, _, err = c.Work.Own()
	expect(err == nil, "work.own-addresses", "addresses, networks or names of hosts, found %v", err)
	expect(c.Work.TransferLimit >= time.Second, "work.transfer-limit", "at least 1s, found %s", c.Work.TransferLimit)
	expect(c.Work.DrainTimeout >= 0, "work.drain-timeout", "0s or more, found %s", c.Work.DrainTimeout)
	expect(c.Work.ExecutionLimit >= time.Second, "work.execution-limit", "at least 1s, found %s", c.Work.ExecutionLimit)
	expect(c.Work.KeepWeights >= 0 && c.Work.KeepWeights <= 24*time.Hour, "work.keep-weights", "0s to 24h, found %s", c.Work.KeepWeights)
	expect(c.Work.Swap <= maxSwap, "work.swap", "0B to %s, found %s", maxSwap, c.Work.Swap)
	expect(c.Work.Priority == Lowest || c.Work.Priority == Normal, "work.priority", "lowest or normal, found %q", c.Work.Priority)
	expect(c.Work.Processors >= 1 && c.Work.Processors <= 100, "work.processors", "1 to 100 percent, found %d", c.Work.Processors)
	if err := worker.CheckLayers(c.Work.Layers); err != nil {
		errs = append(errs, fmt.Errorf("work.layers: %w", err))
	}
	if _, err := backend.ParseChoice(c.Tensors.Device); err != nil {
		errs = append(errs, fmt.Errorf("tensors.device: %w", err))
	}
	errs = append(errs, c.Container.validate())
	for _, listen := range []struct{ key, address string }{{"api.grpc", c.API.GRPC}, {"api.http", c.API.HTTP}} {
		_, _, err := net.SplitHostPort(listen.address)
		expect(err == nil, listen.key, "an address to listen on such as 127.0.0.1:9770, found %q", listen.address)
	}
	errs = append(errs, c.Dashboard.validate(), c.Alerts.validate(), c.Fleet.validate(), c.Update.validate())
	switch c.Log.Level {
	case "debug", "info", "warn", "error":
	default:
		expect(false, "log.level", "debug, info, warn or error, found %q", c.Log.Level)
	}
	switch c.Log.Format {
	case "text", "json":
	default:
		expect(false, "log.format", "text or json, found %q", c.Log.Format)
	}
	return errors.Join(errs...)
}

// DefaultHome returns THETAEDGE_HOME, or .thetaedge in the user's folder if that variable is
// not set.
func DefaultHome() string {
	if home := os.Getenv(EnvPrefix + "_HOME"); home != "" {
		return home
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return ".thetaedge"
	}
	return filepath.Join(user, ".thetaedge")
}
