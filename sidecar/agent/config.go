package agent

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/device"
)

// Config is everything that an agent works with.
type Config struct {
	// ChainID enters the tags of results.
	ChainID string
	Chain   Chain
	// Prover proves what allows a secret to leave this machine; nil believes Chain.
	Prover Prover
	// Operator whom this machine works for; without one it is whoever has registered the
	// worker key.
	Operator sdk.AccAddress
	Journal  Journal
	// Transfers fetches inputs and delivers outputs.
	Transfers Transfers
	// Uploads signs for what is delivered, with the worker key: a relay lets in whom the
	// chain shows at work. nil delivers unsigned.
	Uploads blob.Signer
	// Executors of this machine, one for each profile.
	Executors []executor.Executor
	// Meter measures the energy of executions; nil when nothing can.
	Meter device.Meter
	// Device that the node reports beside its results, at most 64 bytes.
	Device string

	// CacheDir keeps inputs by digest, at most CacheBytes of those not in use.
	CacheDir   string
	CacheBytes int64
	// WorkDir holds a folder for each assignment.
	WorkDir string
	// FreeBytes tells how much of the disk of a folder is free; nil never binds.
	FreeBytes func(path string) (uint64, error)
	// Retention is how long finished assignments and their outputs are kept.
	Retention time.Duration

	// Policy is what the owner of the machine allows.
	Policy bid.Policy
	// Paused tells whether the owner wants no new work now; nil never does.
	Paused func() bool
	// ExecutionLimit is a safety net against a stuck machine; 0 is none.
	ExecutionLimit time.Duration
	// RevealMargin is how many blocks before the reveal deadline the agent reveals
	// even if the outputs could not be delivered.
	RevealMargin int64
	// Poll is the pause between two looks at the chain's height.
	Poll time.Duration
	// Retry is the first pause after a failed upload; it doubles up to 16 times that.
	Retry time.Duration

	Logger *slog.Logger
	// Registry takes the metrics; nil for none.
	Registry prometheus.Registerer
	// Now is the clock of retention; nil is time.Now.
	Now func() time.Time
}

func (c *Config) validate() error {
	var errs []error
	missing := func(is bool, name string) {
		if is {
			errs = append(errs, fmt.Errorf("agent: expected %s, found none", name))
		}
	}
	missing(c.ChainID == "", "a chain id")
	missing(c.Chain == nil, "a chain")
	missing(c.Journal == nil, "a journal")
	missing(c.Transfers == nil, "a transfer client")
	missing(len(c.Executors) == 0, "an executor")
	missing(c.CacheDir == "", "a cache folder")
	missing(c.WorkDir == "", "a work folder")
	missing(c.Logger == nil, "a logger")
	if c.Policy.MaxJobs < 1 {
		errs = append(errs, fmt.Errorf("agent: expected at least 1 job at once, found %d", c.Policy.MaxJobs))
	}
	return errors.Join(errs...)
}

func (c *Config) setDefaults() {
	if c.Poll <= 0 {
		c.Poll = 500 * time.Millisecond
	}
	if c.Retry <= 0 {
		c.Retry = time.Second
	}
	if c.RevealMargin <= 0 {
		c.RevealMargin = 200
	}
	if c.Retention <= 0 {
		c.Retention = 24 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.FreeBytes == nil {
		c.FreeBytes = func(string) (uint64, error) { return math.MaxInt64, nil }
	}
	if c.Meter == nil {
		c.Meter = device.Unmeasured("no meter was configured")
	}
	if c.Policy.Trust == "" {
		c.Policy.Trust = bid.TrustNamed
	}
	if c.Paused == nil {
		c.Paused = func() bool { return false }
	}
}
