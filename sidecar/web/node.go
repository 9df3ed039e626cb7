package web

import (
	"context"
	"time"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/store"
)

// Node is the daemon whose state the pages show. Its methods may be called from any goroutine.
type Node interface {
	// Status returns what the daemon does. It also answers while the daemon waits for the chain.
	Status(ctx context.Context) (*sidecarv1.StatusResponse, error)
	// Why explains why the node earns what it earns. It may take seconds, and may give the same answer again.
	Why(ctx context.Context) (*sidecarv1.WhyResponse, error)
	// Judge says what rules of the owner that are not in force yet would do now. It may take a second.
	Judge(ctx context.Context, rules config.Owner) (owner.Decision, error)
	// Jobs returns a page of assignments, newest first.
	Jobs(ctx context.Context, req *sidecarv1.JobsRequest) (*sidecarv1.JobsResponse, error)
	// Unfinished returns the assignments on which work is left, as Jobs shows them, running ones first.
	Unfinished(ctx context.Context) ([]*sidecarv1.Assignment, error)
	// Job returns an assignment as Jobs shows it and as the journal contains it, or
	// store.ErrNotFound.
	Job(ctx context.Context, key store.Key) (*sidecarv1.Assignment, store.Assignment, error)
	// Records returns everything in the journal.
	Records() ([]store.Assignment, error)
	// Account returns what the chain knows about the operator's money.
	Account(ctx context.Context) (Account, error)
	// Machine describes the hardware.
	Machine() []Fact
	// Checks compares the machine, the settings and the node with the chain. It may take seconds.
	Checks(ctx context.Context) []Check
	// Funds returns what an operator has and needs before it registers the node.
	Funds(ctx context.Context, operator string) (Funds, error)
	// Running returns the settings that count now.
	Running() config.Config
	// Reload reads the settings again and takes over those that are config.Reloadable. It returns the keys of the others
	// that have changed, which count from the next start of the daemon on.
	Reload(ctx context.Context) (later []string, err error)
	// Pause makes the node claim nothing new. With suspend, the programs that run stand still too.
	Pause(suspend bool) error
	// Resume ends a pause.
	Resume() error
}

// Account is an operator's part in the chain's ledger.
type Account struct {
	// Unclaimed contains the earnings that the operator can claim, for people.
	Unclaimed []string `json:"unclaimed"`
	// OperatorBps is the share of a gross payment that the operator earns, in basis points.
	OperatorBps uint32 `json:"operator_bps"`
	// Operator is the operator's address. It is empty if there is none yet, and so is what follows.
	Operator string `json:"operator"`
	// PaidTo is the account that earnings are paid to, and Validator the validator to which collected coins are
	// delegated, "" if there is none.
	PaidTo    string `json:"paid_to"`
	Validator string `json:"validator,omitempty"`
	// Paid contains what earnings have paid so far, and Staked is what PaidTo has delegated, for people.
	Paid   []string `json:"paid"`
	Staked string   `json:"staked"`
	// Waits says why the node has not collected earnings at its last look, "" if it has or need not.
	Waits string `json:"waits,omitempty"`
}

// Funds is what an operator has and needs, for people.
type Funds struct {
	Balance, LeastBond string
	// Enough reports whether the balance is more than the least bond.
	Enough bool
}

// Fact is a property of the machine.
type Fact struct{ Name, Text string }

// Check is the result of a check.
type Check struct {
	// Verdict is "ok", "warn", "missing" or "note".
	Verdict string
	// What names what was checked, and Text says what was found and what to do.
	What, Text string
}

// Reading is what a sensor of the machine reports.
type Reading struct {
	// Name is "cpu", "temperature", "power", "gpu" or "gpu_temperature". Unit is "%", "°C" or "W".
	Name, Unit string
	Value      float64
	// Missing explains why there is no value. It is empty if there is one.
	Missing string
}

// Sensors reads the sensors of the machine.
type Sensors interface {
	// Read returns the readings, always the same ones in the same order.
	Read(now time.Time) []Reading
}
