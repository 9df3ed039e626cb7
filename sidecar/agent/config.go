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
	"github.com/thetaedge/theta/sidecar/clock"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/owner"
)

// Config contains the dependencies and settings of an agent.
type Config struct {
	// ChainID is the id of the chain. It is part of the tags of results.
	ChainID string
	// Version is the version of this program. Without the version of a release, it may work whatever
	// version the chain asks for.
	Version string
	Chain   Chain
	// Prover proves that a secret may leave this machine. If it is nil, the agent believes
	// Chain.
	Prover Prover
	// Endpoints are the nodes behind Chain and Prover. They are told what one of them shows that is
	// not so. It may be nil.
	Endpoints Endpoints
	// Second is a node other than the one behind Chain, to compare the two. It may be nil.
	Second Second
	// ProvenElsewhere reports whether proofs do not come from the nodes of Endpoints now. If it is nil, they do.
	ProvenElsewhere func() bool
	// Operator is the operator that this machine works for. If it is empty, the machine works
	// for the operator who has registered the worker key.
	Operator sdk.AccAddress
	Journal  Journal
	// Transfers fetches inputs and delivers outputs.
	Transfers Transfers
	// Uploads signs deliveries with the worker key, because a relay admits the nodes that work
	// on a task according to the chain. If it is nil, deliveries are not signed.
	Uploads blob.Signer
	// Executors contains the executors of this machine, one per profile.
	Executors []executor.Executor
	// Meter measures the energy of executions. It is nil if the energy cannot be measured.
	Meter device.Meter
	// Meters measures the energy of executions of single profiles instead of Meter.
	Meters map[string]device.Meter
	// Device is the device that the node reports with its results, at most 64 bytes.
	Device string

	// CacheDir is the folder of cached inputs, by digest. Those that are not in use have at
	// most CacheBytes.
	CacheDir   string
	CacheBytes int64
	// WorkDir contains a folder per assignment.
	WorkDir string
	// FreeBytes returns the number of free bytes on the disk of a folder. If it is nil, the
	// disk does not limit anything.
	FreeBytes func(path string) (uint64, error)
	// Retention is the time for which finished assignments and their outputs are kept.
	Retention time.Duration

	// Line counts what passes the network. It may be nil. MaxDayBytes is the number of bytes in a day, in
	// UTC, above which nothing new is claimed; 0 means no limit.
	Line        *LineMeter
	MaxDayBytes uint64

	// Policy contains the limits that the owner of the machine has set.
	Policy bid.Policy
	// Paused reports whether the owner does not want new work now. If it is nil, the agent is
	// never paused.
	Paused func() bool
	// Away reports, while Paused does, whether the owner has paused the node by hand and not by a rule that
	// ends by itself. The lease of such a node ends. If it is nil, each pause is one by hand.
	Away func() bool
	// Suspended reports whether the owner does not want any program to run now. Programs that run
	// are suspended in mid-run; deadlines go on. While it reports true, Paused does too. If it is
	// nil, programs are never suspended.
	Suspended func() bool
	// Holds says why Paused and Suspended report true, and which rules cannot be judged. If it is
	// nil, there are no reasons.
	Holds func() owner.Decision
	// ExecutionLimit bounds the time of an execution in case the machine is stuck. 0 means no
	// limit.
	ExecutionLimit time.Duration
	// RevealMargin is the number of blocks before the reveal deadline at which the agent
	// reveals even if the outputs could not be delivered.
	RevealMargin int64
	// Poll is the pause between two queries for the chain's height.
	Poll time.Duration
	// FastestBlock is the shortest time between two blocks of the chain. It bounds the heights that
	// a node may name; 0 means 100 ms.
	FastestBlock time.Duration
	// Retry is the pause after the first failed upload. It doubles up to 16 times its length.
	Retry time.Duration

	Logger *slog.Logger
	// Registry registers the metrics. It may be nil.
	Registry prometheus.Registerer
	// Now is the clock for retention; nil means time.Now.
	Now func() time.Time
	// SinceBoot returns the time since a fixed moment, sleep of the machine included; nil means the
	// clock of the system.
	SinceBoot func() time.Duration
	// Woke is called when the machine has slept, or the process stood still. It may be nil.
	Woke func()
	// ClockWarning says what is wrong with the clock of this machine; it is empty if nothing is. It may
	// be nil.
	ClockWarning func() string
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
	missing(c.MaxDayBytes > 0 && c.Line == nil, "a meter of the line")
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
	if c.FastestBlock <= 0 {
		c.FastestBlock = 100 * time.Millisecond
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
	if c.Endpoints == nil {
		c.Endpoints = unwatched{}
	}
	if c.ProvenElsewhere == nil {
		c.ProvenElsewhere = func() bool { return false }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.SinceBoot == nil {
		c.SinceBoot = clock.SinceBoot
	}
	if c.Woke == nil {
		c.Woke = func() {}
	}
	if c.ClockWarning == nil {
		c.ClockWarning = func() string { return "" }
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
	if c.Away == nil {
		c.Away = func() bool { return true }
	}
	if c.Suspended == nil {
		c.Suspended = func() bool { return false }
	}
	if c.Holds == nil {
		c.Holds = func() owner.Decision { return owner.Decision{} }
	}
}

// meterOf returns what measures the energy of executions of a profile.
func (c *Config) meterOf(profile string) device.Meter {
	if meter, own := c.Meters[profile]; own {
		return meter
	}
	return c.Meter
}
