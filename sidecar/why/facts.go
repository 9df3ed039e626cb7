package why

import (
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Settings are what the owner has configured.
type Settings struct {
	// Home is the folder of the node, as a word of a shell.
	Home string
	// Endpoint is the node that is asked, of chain.grpc or chain.others. ChainID and Operator are chain.id and chain.operator; they may be
	// empty.
	Endpoint, ChainID, Operator string
	// Worker is the address of the worker key.
	Worker string
	// Version is the version of the program.
	Version string
	// MinRewards is policy.min-rewards; empty means that every reward is accepted.
	MinRewards sdk.Coins
	// GasPrice is fees.max-gas-price.
	GasPrice sdk.Coin
	// Verifies reports whether answers of the endpoint are proven.
	Verifies bool
}

// Facts are what Diagnose decides on. Any of them may be unknown.
type Facts struct {
	Settings Settings
	// Now is the time of this machine's clock.
	Now time.Time

	Daemon Fact[Daemon]
	// Machine is what the running daemon knows.
	Machine Fact[Machine]
	// Paused reports whether the owner has paused the node on this machine.
	Paused Fact[bool]
	// FreeDisk is the number of free bytes on the disk of the home.
	FreeDisk Fact[uint64]
	// FeesToday is what fees.max-day leaves for today.
	FeesToday Fact[Budget]

	// ChainID is the id that the endpoint names.
	ChainID Fact[string]
	// Endpoints are the nodes of the chain that are asked, in order of preference.
	Endpoints []Endpoint
	// Syncing reports whether the endpoint says that it catches up with its chain.
	Syncing Fact[bool]
	Tip     Fact[Tip]
	// Node is the node that the worker key serves; nil if there is none.
	Node Fact[*edgenodetypes.Node]
	// Other is the node of the configured operator if the worker key serves none; nil if there is
	// no such node.
	Other  Fact[*edgenodetypes.Node]
	Params Fact[edgenodetypes.Params]
	Grant  Fact[Grant]
	// TaskFee is the most that the transactions of one assignment cost at the lowest gas price.
	TaskFee Fact[sdk.Coin]
	// GasPrice is the price per unit of gas in the next block.
	GasPrice Fact[sdk.Coin]
	// BlockTime is the recent time between two blocks.
	BlockTime Fact[time.Duration]

	Class  Fact[edgenodetypes.QueryClassResponse]
	Market Fact[computetypes.QueryMarketResponse]
	Pace   Fact[Pace]
	Open   Fact[Open]
	// Rules are the rules of the chain that keep the node out of open draws, except for the lot.
	Rules Fact[Rules]
}

// Endpoint is a node of the chain that can be asked.
type Endpoint struct {
	Address string
	// Used reports whether it is asked now.
	Used bool
	// Trouble says what speaks against it; empty if nothing does.
	Trouble string
}

// Daemon says whether the daemon of the home runs.
type Daemon struct {
	Running bool
	// Waiting says what a running daemon waits for before it works; empty if it works.
	Waiting string
}

// Tip is the newest block of the endpoint.
type Tip struct {
	Height int64
	// Time is the time in its header. It is zero if the endpoint does not report it.
	Time time.Time
	// Advances reports whether blocks came while the facts were collected or shortly before.
	Advances bool
}

// Grant is the fee grant of the operator to the worker.
type Grant struct {
	// None reports that there is no grant.
	None bool
	chain.Grant
}

// Budget is an amount that may still be spent, in the fee denom.
type Budget struct {
	// Limited reports whether there is a limit at all.
	Limited bool
	Left    math.Int
}

// Pace says how many tasks of the class were settled in a recent time. Jobs under TRUST are not
// counted, and a chunk of tasks counts once.
type Pace struct {
	Settled uint64
	Over    time.Duration
}

// Open is what looks for nodes in the class now.
type Open struct {
	Draws []computetypes.OpenDraw
	// More reports whether there are more draws than these.
	More bool
}

// Rules says which rules of the chain the node did not meet in open draws.
type Rules struct {
	// Asked is the number of draws that were examined, and Refused the number of those that the
	// node could not enter for another reason than the lot.
	Asked, Refused int
	// Failed contains each rule that failed, with the number of draws and an example.
	Failed []Rule
}

// Rule is a rule of the chain that draws did not let the node pass.
type Rule struct {
	Name, Detail string
	Draws        int
}

// Machine is the state of the running daemon.
type Machine struct {
	// Mode is the mode of the agent, for example "working".
	Mode string
	// HeightAt is the time at which the daemon last saw a new block. It is zero before.
	HeightAt time.Time
	// Unproven explains why the endpoint's answers cannot be proven. It is empty if they can.
	Unproven string
	// LastError is the last error of the daemon, and LastErrorAt its time.
	LastError   string
	LastErrorAt time.Time
	// FreeSlots is the number of further assignments that the node can take.
	FreeSlots int
	Executors []Executor
	// Pauses are the rules of the owner that hold work back now.
	Pauses []Pause
	// Held are the assignments that are not over.
	Held []Held
	// Failures are the reasons why recent work of this machine failed, newest first.
	Failures []string
	// Counts say what the node did with the draws of the last hour.
	Counts []bid.Count
	// Paid is the last payment within work.retention. It is nil if there was none.
	Paid *Paid
}

// Executor is an executor of this machine.
type Executor struct {
	Profile string
	Healthy bool
	// Why says why it is not healthy.
	Why string
}

// Pause is a rule of the owner that holds work back.
type Pause struct{ Rule, Sentence, Cure string }

// Held is an assignment that is not over.
type Held struct {
	Name, Phase string
	// Waits says which other parties it waits for; empty if it waits for this machine.
	Waits string
}

// Paid is a payment for an assignment.
type Paid struct {
	At   time.Time
	Name string
	// Amount is the gross pay, for people.
	Amount string
}
