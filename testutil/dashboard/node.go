// Package dashboard contains a node with a journal full of work, for tests of the dashboard and for
// looking at it.
package dashboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/api"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/sidecar/web"
	"github.com/thetaedge/theta/sidecar/why"
)

// Hostile is a text that a stranger could bring into the node's state.
const Hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`

// Operator returns the address of the node's operator. The prefix of addresses has to be set before.
func Operator() string { return sdk.AccAddress(bytes.Repeat([]byte{7}, 20)).String() }

// worker returns the address of the node's worker key.
func worker() string { return sdk.AccAddress(bytes.Repeat([]byte{9}, 20)).String() }

// Node implements web.Node with a real journal and a real service.
type Node struct {
	*api.Service
	Home    string
	journal *store.Journal

	mu        sync.Mutex
	endpoints []grpcnode.EndpointState
	status    agent.Status
	// Pauses contains what Pause and Resume were called with.
	Pauses []string
	// Unreachable makes the chain not answer.
	Unreachable bool
	// FundsAsked counts the calls of Funds.
	FundsAsked int
	// Explain answers Why. If it is nil, a finding and a second one are the answer.
	Explain func(ctx context.Context) (*sidecarv1.WhyResponse, error)
	// Verdict is what Judge returns, and Judged are the rules that it was asked about.
	Verdict owner.Decision
	Judged  []config.Owner
	// Started are the settings with which the daemon was started; nil means those of the file.
	Started *config.Config
	// ReloadError is why settings cannot be read again; nil if they can.
	ReloadError error
}

// Open creates a home with settings, and a node with a journal whose clock begins at start. Close has
// to be called.
func Open(home string, start time.Time) (*Node, error) {
	if err := config.Write(home, config.Default()); err != nil {
		return nil, err
	}
	now := start
	journal, err := store.Open(home, func() time.Time {
		now = now.Add(37 * time.Second)
		return now
	})
	if err != nil {
		return nil, err
	}
	n := &Node{Home: home, journal: journal}
	n.status = agent.Status{
		Mode: agent.Working, Operator: Operator(), NodeStatus: "active", Slots: 6, Height: 48_210, HeightAt: start,
		LeaseEnd: 105_810, Standing: "live; the lease ends at height 105810, in 57600 blocks: work renews it, and so does thetaedge start",
		Waits: map[store.Key]string{}, Chunks: map[store.Key]agent.Chunk{}, Progress: map[store.Key]executor.Progress{}, Deliveries: map[store.Key]agent.Delivery{},
	}
	identity := api.Identity{Version: "v0.0.0-test", ChainID: "theta-devnet-1", Worker: worker(), StartedAt: start}
	n.Service = api.NewService(identity, n.agentStatus, journal, []executor.Executor{healthy{}})
	n.Service.ShowDevices(twoCards{})
	n.endpoints = []grpcnode.EndpointState{
		{Address: "https://grpc-1.example:443", Height: 48_120, Trouble: "its newest block is 4 minutes old", Since: start},
		{Address: "https://grpc-2.example:443", Height: 48_210, Used: true},
		{Address: "192.0.2.17:9090"},
	}
	n.Service.ShowEndpoints(n.endpointStates)
	return n, n.fill()
}

// Hold makes rules of the owner hold the machine back, of which one is not seen. What would be done is
// the same with other rules.
func (n *Node) Hold() {
	n.Verdict = owner.Decision{
		Action: owner.Suspend, Until: time.Now().Add(2 * time.Hour),
		Reasons: []owner.Reason{
			{Rule: owner.Idle, Action: owner.Suspend, Sentence: "the keyboard or the mouse was used 3s ago (X11), and owner.idle is 10m0s", Cure: "leave the machine alone for that long, or shorten owner.idle", Since: time.Now()},
			{Rule: owner.Hours, Action: owner.Pause, Sentence: "it is Monday 18:02, and owner.hours has mon-fri 20:00-08:00", Cure: "wait until 20:00, or change owner.hours", Since: time.Now().Add(-time.Hour)},
		},
		Blind: []owner.Blind{{Rule: owner.Fan, Why: "hwmon: no fan of this machine shows its speed"}},
	}
	n.Set(func(s *agent.Status) { s.Mode, s.Holds = agent.Suspended, n.Verdict })
}

// Close closes the journal.
func (n *Node) Close() error { return n.journal.Close() }

func (n *Node) agentStatus() agent.Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.status
}

func (n *Node) endpointStates() []grpcnode.EndpointState {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.endpoints
}

// Ask sets the nodes of the chain that the daemon may ask.
func (n *Node) Ask(endpoints ...grpcnode.EndpointState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.endpoints = endpoints
}

// Set changes the status of the agent.
func (n *Node) Set(change func(*agent.Status)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(&n.status)
}

// healthy is an executor of which only the health is asked.
type healthy struct{ executor.Executor }

func (healthy) Profile() string { return "wasm/1" }

func (healthy) Fingerprint(context.Context) executor.Fingerprint {
	return executor.Fingerprint{Profile: "wasm/1", Health: executor.Healthy, Engine: "wazero 1.9"}
}

// Status implements web.Node.
func (n *Node) Status(ctx context.Context) (*sidecarv1.StatusResponse, error) {
	return n.Service.Status(ctx, &sidecarv1.StatusRequest{})
}

// Why implements web.Node.
func (n *Node) Why(ctx context.Context) (*sidecarv1.WhyResponse, error) {
	if n.Explain != nil {
		return n.Explain(ctx)
	}
	return &sidecarv1.WhyResponse{Height: 48_210, At: timestamppb.Now(), Findings: []*sidecarv1.Finding{
		{Cause: string(why.Earning), Sentence: "The node earned 0.313 tfuel within the last hour, with 64 tasks.", Evidence: []string{"the last one is task 47063-0-0/3, 12 minutes ago"}},
		{Cause: string(why.PolicyRefuses), Sentence: "The policy refuses 3 of 4 open draws " + Hostile + ".", Cure: "lower policy.min-rewards", Evidence: []string{"48188-0-1 pays 0.02 tfuel"}},
	}}, nil
}

// Judge implements web.Node.
func (n *Node) Judge(_ context.Context, rules config.Owner) (owner.Decision, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.Judged = append(n.Judged, rules)
	return n.Verdict, nil
}

// twoCards are a healthy card and one that fell off its bus, with the counters of a processor.
type twoCards struct{}

// Cards implements api.Devices.
func (twoCards) Cards() []device.CardHealth {
	well := device.Card{GPU: device.GPU{UUID: "GPU-1", Model: "NVIDIA GeForce RTX 3060"}, Source: "nvml", State: device.State{
		PowerCap: device.Measured(170_000), PowerLimits: device.PowerLimits{Least: device.Measured(100_000), Default: device.Measured(170_000), Most: device.Measured(212_000)},
		Temperature: device.Measured(61_000), Power: device.Measured(142_300), Busy: device.Measured(97), MemoryUsed: device.Measured(7 << 30), MemoryTotal: device.Measured(12 << 30),
	}}
	ill := device.Card{GPU: device.GPU{UUID: "GPU-2", Model: "NVIDIA GeForce GTX 1080"}, Source: "nvml", State: device.NoState("the card is gone")}
	return []device.CardHealth{{Card: well}, {Card: ill, Ailment: &device.Ailment{Why: "the card fell off the bus (XID 79)", Cure: "restart the machine, and check its power supply"}}}
}

// Counters implements api.Devices.
func (twoCards) Counters() []device.CounterState {
	return []device.CounterState{
		{Code: "nvml", Name: "NVIDIA GeForce RTX 3060", Idle: device.Measured(11_800), Runs: 1},
		{Code: "rapl", Name: "processor package 0", Missing: "permission denied; allow it with a udev rule"},
	}
}

// Unfinished implements web.Node.
func (n *Node) Unfinished(context.Context) ([]*sidecarv1.Assignment, error) {
	return n.Service.Unfinished()
}

// Job implements web.Node.
func (n *Node) Job(_ context.Context, key store.Key) (*sidecarv1.Assignment, store.Assignment, error) {
	return n.Service.Job(key)
}

// errUnreachable is the error of a chain that does not answer.
var errUnreachable = errors.New("the node at 127.0.0.1:9090 does not answer: connection refused")

// Account implements web.Node.
func (n *Node) Account(context.Context) (web.Account, error) {
	if n.Unreachable {
		return web.Account{}, errUnreachable
	}
	return web.Account{
		Unclaimed: []string{"41.825 tfuel"}, OperatorBps: 8_500, Operator: Operator(), PaidTo: Operator(), Validator: "thetavaloper1" + Hostile,
		Paid: []string{"117.5 tfuel"}, Staked: "90 tfuel",
	}, nil
}

// Machine implements web.Node.
func (n *Node) Machine() []web.Fact {
	return []web.Fact{{Name: "system", Text: "linux/amd64"}, {Name: "processor", Text: "AMD Ryzen 7 5800X 8-Core Processor, 16 cores"}, {Name: "memory", Text: "31.3 GiB"}, {Name: "graphics", Text: "NVIDIA GeForce RTX 3060, 12.0 GiB"}}
}

// Checks implements web.Node.
func (n *Node) Checks(context.Context) []web.Check {
	return []web.Check{
		{Verdict: "warn", What: "rate", Text: "policy.fuel-per-block has the defaults, which suit slow machines; measure this one with: thetaedge bench --write"},
		{Verdict: "ok", What: "disk", Text: "212.4 GiB free at " + n.Home},
		{Verdict: "ok", What: "chain", Text: "theta-devnet-1 at 127.0.0.1:9090"},
		{Verdict: "missing", What: "fees", Text: "the fee grant is used up; " + bid.RenewGrant + " " + Hostile},
	}
}

// Funds implements web.Node.
func (n *Node) Funds(context.Context, string) (web.Funds, error) {
	n.mu.Lock()
	n.FundsAsked++
	n.mu.Unlock()
	if n.Unreachable {
		return web.Funds{}, errUnreachable
	}
	return web.Funds{Balance: "120 tfuel", LeastBond: "100 tfuel", Enough: true}, nil
}

// Running implements web.Node.
func (n *Node) Running() config.Config {
	if n.Started != nil {
		return *n.Started
	}
	loaded, err := config.Load(n.Home, nil, nil)
	if err != nil {
		return config.Default()
	}
	return loaded
}

// Reload implements web.Node.
func (n *Node) Reload(context.Context) ([]string, error) {
	if n.ReloadError != nil {
		return nil, n.ReloadError
	}
	if n.Started == nil {
		return nil, nil // it works with what is in the file
	}
	file, err := config.Load(n.Home, nil, nil)
	if err != nil {
		return nil, err
	}
	next := n.Started.Reloaded(file)
	n.Started = &next
	return next.Differences(file), nil
}

// Pause implements web.Node.
func (n *Node) Pause(suspend bool) error {
	mode := agent.Paused
	if suspend {
		mode = agent.Suspended
	}
	n.Set(func(s *agent.Status) { s.Mode = mode })
	n.Pauses = append(n.Pauses, fmt.Sprint("pause ", suspend))
	return nil
}

// Resume implements web.Node.
func (n *Node) Resume() error {
	n.Set(func(s *agent.Status) { s.Mode = agent.Working })
	n.Pauses = append(n.Pauses, "resume")
	return nil
}

// step is a way of an assignment through its phases.
type step struct {
	key    store.Key
	to     []store.Phase
	change func(*store.Assignment)
	// trapped says how the program failed; empty if it did not.
	trapped string
}

// fill puts assignments of all kinds into the journal.
func (n *Node) fill() error {
	err := n.journal.Update(func(tx *store.Tx) error {
		for _, s := range steps(n.Home) {
			if err := s.walk(tx); err != nil {
				return err
			}
		}
		return nil
	})
	n.Set(func(s *agent.Status) {
		s.Running, s.UsedSlots = 2, 4
		s.Progress[key("48190-0-0", 0)] = executor.Progress{FuelUsed: 31_400_000_000, Fuel: 120_000_000_000}
		s.Chunks[key("48122-1-0", 640)] = agent.Chunk{Tasks: 128, Done: 41}
		s.Waits[key("48101-0-0", 0)] = "the other nodes of its round"
		s.Passed = []bid.Passed{
			{JobID: "48188-0-1", Draws: 3, Reason: "pays 0.02 tfuel, and policy.min-rewards is 0.05 tfuel", Height: 48_209},
			{JobID: "48203-2-0", Draws: 1, Reason: "its sink " + Hostile + " cannot be reached", Height: 48_209},
		}
	})
	return err
}

// walk puts an assignment into the journal and moves it through its phases.
func (s step) walk(tx *store.Tx) error {
	if err := tx.Put(store.Assignment{Key: s.key, Phase: store.PhaseClaimed, Deadlines: store.Deadlines{Claim: 48_000, Prepare: 48_100, Commit: 48_290}}); err != nil {
		return err
	}
	from := store.PhaseClaimed
	for i, to := range s.to {
		_, err := tx.Advance(s.key, from, to, func(a *store.Assignment) {
			if to == store.PhaseExecuted {
				result(a, s.trapped)
			}
			if i == len(s.to)-1 && s.change != nil {
				s.change(a)
			}
		})
		if err != nil {
			return err
		}
		from = to
	}
	return nil
}

func key(job string, task uint64) store.Key { return store.Key{JobID: job, Task: task} }

// result gives an assignment what a commitment needs.
func result(a *store.Assignment, trapped string) {
	a.Salt, a.ResultDigest, a.Trace, a.Tag, a.Commitment, a.Tasks = []byte{1}, make([]byte, 32), []byte{3}, []byte{4}, []byte{5}, 1
	a.ResultDigest[0] = 0xa7
	if trapped != "" {
		a.ExitCode, a.Detail = math.MaxUint32, trapped
	}
	energy := uint64(2_480_000)
	a.Metrics = store.Metrics{Fuel: 84_200_000_000, WallMillis: 61_400, PeakMemoryBytes: 412 << 20, OutputBytes: 18_400, EnergyMillijoules: &energy, EnergySource: "rapl"}
}

// steps returns assignments of all kinds. The last ones are still at work.
func steps(home string) []step {
	committed := []store.Phase{store.PhaseAssigned, store.PhasePreparing, store.PhaseRunning, store.PhaseExecuted, store.PhaseCommitSent, store.PhaseCommitted}
	through := func(more ...store.Phase) []store.Phase { return append(append([]store.Phase{}, committed...), more...) }
	settled := through(store.PhaseRevealed, store.PhaseSettled)
	verdict := func(status, paid, slashed string) func(*store.Assignment) {
		return func(a *store.Assignment) {
			a.Verdict = &store.Verdict{Status: status, Paid: paid, Slashed: slashed, Height: 48_150, Accepted: paid != ""}
			a.TxHash = "5F0C9E1D7B3A48C2A1E6F4D2B8A0937C5F0C9E1D7B3A48C2A1E6F4D2B8A0937C"
			a.Delivered, a.Folder = paid != "", filepath.Join(home, "work")
		}
	}
	var list []step
	for i := range 64 {
		list = append(list, step{store.Key{JobID: fmt.Sprintf("4%d-0-0", 7000+i), Task: uint64(i % 5)}, settled, verdict("paid", fmt.Sprintf("%d", 250_000_000_000_000_000+int64(i)*1_000_000_000_000_000), ""), ""})
	}
	list = append(list,
		step{key("47900-0-0", 0), settled, verdict("slashed", "", "4200000000000000000"), "unreachable executed " + Hostile},
		step{key("47910-0-0", 0), []store.Phase{store.PhaseAssigned, store.PhasePreparing, store.PhaseSettled}, verdict("missed", "", "60000000000000000"), ""},
		step{key("47920-0-0", 0), []store.Phase{store.PhaseReleased}, func(a *store.Assignment) { a.LastError = "not drawn" }, ""},
		step{key("47930-0-0", 0), []store.Phase{store.PhaseAssigned, store.PhaseFailed}, func(a *store.Assignment) {
			a.LastError = "input 2 cannot be fetched: the server said " + Hostile
		}, ""},
		step{key("48101-0-0", 0), committed, nil, ""},
		step{key("48122-1-0", 640), committed[:3], func(a *store.Assignment) { a.Count = 128 }, ""},
		step{key("48190-0-0", 0), committed[:3], nil, ""},
		step{key("48205-0-0", 7), nil, nil, ""},
	)
	return list
}

// Sensors is a machine with a steady load and without a meter of its power.
type Sensors struct{}

// Read implements web.Sensors.
func (Sensors) Read(now time.Time) []web.Reading {
	wave := float64(now.Unix()/5%40) / 40
	return []web.Reading{
		{Name: "cpu", Unit: "%", Value: 40 + 50*wave},
		{Name: "temperature", Unit: "°C", Value: 52 + 15*wave},
		{Name: "power", Unit: "W", Missing: "rapl: open /sys/class/powercap/intel-rapl:0/energy_uj: permission denied; allow it with a udev rule"},
		{Name: "gpu", Unit: "%", Value: 63},
		{Name: "gpu_temperature", Unit: "°C", Value: 58},
	}
}
