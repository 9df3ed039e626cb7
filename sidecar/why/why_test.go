package why

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	height = 5000
	epoch  = 7
	class  = "cpu-small"
)

func now() time.Time { return time.Unix(1_800_000_000, 0) }

// node is a node that can be drawn.
func node() *edgenodetypes.Node {
	n := &edgenodetypes.Node{
		Profile: edgenodetypes.NodeProfile{Operator: "theta1operator", Worker: "theta1worker", Moniker: "attic", Class: class, Executors: []string{"wasm/1"}},
		State:   edgenodetypes.NewNodeState(params.Tfuel(300), 3),
	}
	n.State.LeaseEnd = height + 100
	n.State.Weights = []edgenodetypes.WeightCheckpoint{{Epoch: 2, Weight: params.Tfuel(300), Class: class, Slots: 3}}
	return n
}

// healthy returns the facts about a node that nothing holds back, in a class with demand.
func healthy() Facts {
	gas := func(n int64) sdk.Coin { return sdk.NewInt64Coin(params.BaseDenom, n) }
	edges := edgenodetypes.DefaultParams()
	return Facts{
		Settings: Settings{Home: "home", Endpoint: "127.0.0.1:9090", Worker: "theta1worker", GasPrice: gas(100), Verifies: true},
		Now:      now(),
		Daemon:   Known(Daemon{Running: true}),
		Machine:  Known(Machine{Mode: "working", HeightAt: now(), FreeSlots: 3, Executors: []Executor{{Profile: "wasm/1", Healthy: true}}}),
		Paused:   Known(false), FreeDisk: Known[uint64](50 << 30), FeesToday: Known(Budget{}),
		ChainID: Known("theta-1"), Syncing: Known(false), Tip: Known(Tip{Height: height, Time: now().Add(-2 * time.Second), Advances: true}),
		Node: Known(node()), Params: Known(edges), Grant: Known(Grant{}),
		TaskFee: Known(params.TfuelCoin(1)), GasPrice: Known(gas(10)), BlockTime: Known(1500 * time.Millisecond),
		Class: Known(edgenodetypes.QueryClassResponse{Epoch: epoch, Snapshot: edgenodetypes.ClassSnapshot{Weight: params.Tfuel(3000), Nodes: 10, Slots: 30}}),
		Market: Known(computetypes.QueryMarketResponse{
			Market:    computetypes.Market{Class: class, OpenTasks: 2, Prices: []computetypes.Price{{Denom: params.BaseDenom, Last: params.Tfuel(2), Recent: params.Tfuel(2), Settled: 90}}},
			LiveNodes: 10, FundedSlots: 30, FreeSlots: 28,
		}),
		Pace:  Known(Pace{Settled: 5, Over: time.Hour}),
		Open:  Known(Open{Draws: []computetypes.OpenDraw{{Reward: params.TfuelCoin(2), Policy: computetypes.Policy{Replicas: 1}}}}),
		Rules: Known(Rules{Asked: 1}),
	}
}

func edit[T any](f Fact[T], change func(*T)) Fact[T] {
	value, _ := f.Get()
	change(&value)
	return Known(value)
}

func TestABrokenSetUpIsNamedFirst(t *testing.T) {
	machine := func(f *Facts, change func(*Machine)) { f.Machine = edit(f.Machine, change) }
	state := func(f *Facts, change func(*edgenodetypes.NodeState)) { change(&f.registered().State) }
	for name, c := range map[string]struct {
		breaks func(*Facts)
		cause  Cause
		says   string
		cure   string
	}{
		"the daemon does not run": {func(f *Facts) { f.Daemon, f.Machine = Known(Daemon{}), Fact[Machine]{} }, DaemonStopped, "does not run", "thetaedge start --home home"},
		"the endpoint is wrong": {func(f *Facts) {
			f.ChainID, f.Node, f.Tip = Unknown[string](errors.New("connection refused")), Fact[*edgenodetypes.Node]{}, Fact[Tip]{}
		}, EndpointUnreachable, "127.0.0.1:9090 does not answer", "chain.grpc"},
		"the chain is another one": {func(f *Facts) { f.Settings.ChainID = "theta-9" }, OtherChain, "chain theta-1, and chain.id is theta-9", "chain.grpc"},
		"one of two endpoints lies": {func(f *Facts) {
			f.Endpoints = []Endpoint{{Address: "https://a.example", Trouble: "it hides something"}, {Address: "https://b.example", Used: true}}
			machine, _ := f.Machine.Get()
			machine.Paid = nil
			f.Machine = Known(machine)
		}, EndpointTrouble, "The node of the chain at https://a.example is in trouble, and https://b.example is asked instead: it hides something.", "chain.others"},
		"the only endpoint lies": {func(f *Facts) {
			f.Endpoints = []Endpoint{{Address: "https://a.example", Used: true, Trouble: "it hides something"}}
		}, EndpointTrouble, "is asked all the same", "chain.others"},
		"the endpoint catches up": {func(f *Facts) { f.Syncing = Known(true) }, EndpointBehind, "catches up", "wait"},
		"the chain has halted":    {func(f *Facts) { f.Tip = Known(Tip{Height: height, Time: now().Add(-time.Hour)}) }, EndpointBehind, "60 minutes old", "chain.grpc"},
		"the clock is ahead":      {func(f *Facts) { f.Tip = edit(f.Tip, func(t *Tip) { t.Time = now().Add(-7 * time.Minute) }) }, ClockOff, "7 minutes ahead", "set the clock"},
		"the clock is behind":     {func(f *Facts) { f.Tip = edit(f.Tip, func(t *Tip) { t.Time = now().Add(30 * time.Second) }) }, ClockOff, "30 seconds behind", "set the clock"},
		"nothing is proven":       {func(f *Facts) { machine(f, func(m *Machine) { m.Unproven = "no header" }) }, Unproven, "can be proven", "doctor"},
		"unregistered":            {func(f *Facts) { f.Node, f.Other = Known[*edgenodetypes.Node](nil), Known[*edgenodetypes.Node](nil) }, Unregistered, "No node", "run thetaedge register --from KEY --home "},
		"another worker key":      {func(f *Facts) { f.Node, f.Other = Known[*edgenodetypes.Node](nil), Known(node()) }, OtherWorker, "another worker key", "--rotate"},
		"another operator":        {func(f *Facts) { f.Settings.Operator = "theta1other" }, OtherWorker, "chain.operator is theta1other", "chain.operator"},
		"retired": {func(f *Facts) {
			state(f, func(s *edgenodetypes.NodeState) { s.Status = edgenodetypes.NODE_STATUS_RETIRED })
		}, Retired, "retired", "register"},
		"jailed":            {func(f *Facts) { state(f, jail(400)) }, Jailed, "until block 5400, 400 blocks from now, in about 10 minutes", "unjail"},
		"jailed, term over": {func(f *Facts) { state(f, jail(-1)) }, Jailed, "over since block 4999", "unjail"},
		"paused on the chain": {func(f *Facts) {
			state(f, func(s *edgenodetypes.NodeState) { s.Status = edgenodetypes.NODE_STATUS_PAUSED })
		}, PausedOnChain, "operator has paused", "resume"},
		"the version is old": {func(f *Facts) {
			f.Settings.Version = "v1.3.2"
			f.Params = edit(f.Params, func(p *edgenodetypes.Params) { p.MinVersion = "1.4.0" })
		}, VersionOld, "asks for version 1.4.0 of thetaedge or a newer one, and this is 1.3.2", "thetaedge update"},
		"lapsed because the version is old": {func(f *Facts) {
			f.Settings.Version = "1.3.2"
			f.Params = edit(f.Params, func(p *edgenodetypes.Params) { p.MinVersion = "1.4.0" })
			state(f, func(s *edgenodetypes.NodeState) { s.Status, s.LeaseEnd = edgenodetypes.NODE_STATUS_LAPSED, height-9 })
		}, VersionOld, "claims nothing new", "thetaedge update"},
		"lapsed": {func(f *Facts) {
			state(f, func(s *edgenodetypes.NodeState) { s.Status, s.LeaseEnd = edgenodetypes.NODE_STATUS_LAPSED, height-9 })
		}, LeaseLapsed, "after block 4991", "renews"},
		"lapsed because of a pause": {func(f *Facts) {
			f.Paused = Known(true)
			state(f, func(s *edgenodetypes.NodeState) { s.LeaseEnd = height - 9 })
		}, LeaseLapsed, "lapsed", "thetaedge resume"},
		"lapsed because of a rule": {func(f *Facts) {
			machine(f, func(m *Machine) { m.Pauses = []Pause{{"hours", "it is outside of owner.hours", "change owner.hours"}} })
			state(f, func(s *edgenodetypes.NodeState) { s.LeaseEnd = height - 9 })
		}, LeaseLapsed, "lapsed", "change owner.hours"},
		"the bond is too small": {func(f *Facts) { state(f, func(s *edgenodetypes.NodeState) { s.Bond = params.Tfuel(1) }) }, BondTooSmall, "1 tfuel", "bond"},
		"the bond is locked":    {func(f *Facts) { state(f, func(s *edgenodetypes.NodeState) { s.Locked = s.Bond }) }, BondTooSmall, "locked", "wait"},
		"no weight yet": {func(f *Facts) {
			state(f, func(s *edgenodetypes.NodeState) { s.Weights[0].Epoch = epoch + 1 })
		}, WeightZero, "before the next epoch", ""},
		"no grant": {func(f *Facts) { f.Grant = Known(Grant{None: true}) }, GrantMissing, "no fee grant", "register"},
		"the grant is over": {func(f *Facts) {
			ended := now().Add(-time.Hour)
			f.Grant = Known(Grant{Grant: chain.Grant{Expiry: &ended}})
		}, GrantMissing, "ended at", "register"},
		"the grant is used up": {func(f *Facts) {
			f.Grant = Known(Grant{Grant: chain.Grant{Left: sdk.NewCoins(sdk.NewInt64Coin(params.BaseDenom, 5))}})
		}, GrantMissing, "used up", "register"},
		"gas is too dear": {func(f *Facts) { f.GasPrice = Known(sdk.NewInt64Coin(params.BaseDenom, 101)) }, GasTooDear, "101atfuel", "fees.max-gas-price"},
		"the day's fees":  {func(f *Facts) { f.FeesToday = Known(Budget{Limited: true, Left: math.NewInt(3)}) }, DaySpent, "for today are spent", "fees.max-day"},
		"an executor broken": {func(f *Facts) {
			machine(f, func(m *Machine) { m.Executors[0] = Executor{Profile: "wasm/1", Why: "no memory."} })
		}, ExecutorUnhealthy, "wasm/1: no memory.", "doctor"},
		"paused": {func(f *Facts) { f.Paused = Known(true); machine(f, func(m *Machine) { m.Mode = "paused" }) }, Paused, "owner has paused", "thetaedge resume"},
		"paused by a rule": {func(f *Facts) {
			machine(f, func(m *Machine) { m.Pauses = []Pause{{"hours", "it is outside of owner.hours", "change owner.hours"}} })
		}, Paused, "outside of owner.hours", "change owner.hours"},
		"the disk is full": {func(f *Facts) { f.FreeDisk = Known[uint64](bid.DiskReserve) }, DiskFull, "1.0 GiB is free", "make room"},
		"the slots are full": {func(f *Facts) {
			machine(f, func(m *Machine) { m.FreeSlots = 0; m.Held = []Held{{"9-0-0/0/0", "committed", "reveals"}} })
			state(f, func(s *edgenodetypes.NodeState) { s.UsedSlots = 3 })
		}, SlotsFull, "holds 3 of 3", "max-jobs"},
		"no tasks": {func(f *Facts) {
			f.Market, f.Open, f.Pace = edit(f.Market, func(m *computetypes.QueryMarketResponse) { m.Market.OpenTasks = 0 }), Known(Open{}), Known(Pace{Over: time.Hour})
		}, NoTasks, "No task is open in class cpu-small", "requesters"},
		"the price is too high": {func(f *Facts) { f.Settings.MinRewards = sdk.NewCoins(params.TfuelCoin(5)) }, PriceTooHigh, "at most 2 tfuel, and yours is 5 tfuel", "policy.min-rewards"},
		"the price of the last tasks": {func(f *Facts) {
			f.Settings.MinRewards, f.Open = sdk.NewCoins(params.TfuelCoin(5)), Known(Open{})
		}, PriceTooHigh, "pays less", "policy.min-rewards"},
		"the hosts of jobs are not on the list": {func(f *Facts) {
			machine(f, func(m *Machine) {
				m.Counts = []bid.Count{
					{Cause: bid.CauseHost, Draws: 11, Reason: "names relay.example, which is not in egress.hosts", Last: now()},
					{Cause: bid.CauseHost, Draws: 1, Reason: "names other.example, which is not in egress.hosts", Last: now()},
				}
			})
		}, HostsUnlisted, "12 tasks of the last hour asked for hosts that are not on your list", "egress.hosts"},
		"the policy refuses": {func(f *Facts) {
			machine(f, func(m *Machine) {
				m.Counts = []bid.Count{{Cause: bid.CausePolicy, Draws: 4, Reason: "asks for 9 fuel, more than 1", Last: now()}}
			})
		}, PolicyRefuses, "refuse all 4 draws", "[policy]"},
		"the chain refuses": {func(f *Facts) {
			f.Rules = Known(Rules{Asked: 2, Refused: 2, Failed: []Rule{{"executor", "runs tensor/1: the node runs [wasm/1]", 2}}})
		}, ChainRefuses, "refuses this node for all 2 open draws", "register"},
		"inputs cannot be fetched": {func(f *Facts) {
			machine(f, func(m *Machine) { m.Failures = []string{"9-0-0/0/0 is released: connection refused"} })
		}, WorkFails, "connection refused", "network"},
		"the turn of others": {func(*Facts) {}, FewTasks, "10 nodes of class cpu-small share about 5.0 tasks an hour, and your share of the weight, 10.0%, is one task in about 2.0 hours.", "wait"},
		"it earns": {func(f *Facts) {
			machine(f, func(m *Machine) { m.Paid = &Paid{now().Add(-5 * time.Minute), "task 9-0-0/0/0", "2 tfuel"} })
		}, Earning, "last paid 5 minutes ago, 2 tfuel for task 9-0-0/0/0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			facts := healthy()
			c.breaks(&facts)
			first := Diagnose(facts)[0]
			require.Equal(t, c.cause, first.Cause, "%+v", first)
			require.Contains(t, first.Sentence, c.says)
			require.Contains(t, first.Cure, c.cure)
		})
	}
}

func TestHostsThatAreNotOnTheListAreToldAlsoWhileTheNodeEarns(t *testing.T) {
	facts := healthy()
	facts.Machine = edit(facts.Machine, func(m *Machine) {
		m.Paid = &Paid{now().Add(-5 * time.Minute), "task 9-0-0/0/0", "2 tfuel"}
		m.Counts = []bid.Count{{Draws: 3, Last: now()}, {Cause: bid.CauseHost, Draws: 1, Reason: "names relay.example, which is not in egress.hosts", Last: now()}}
	})
	found := Diagnose(facts)
	require.Equal(t, Earning, found[0].Cause)
	require.Equal(t, HostsUnlisted, found[1].Cause)
	require.Equal(t, "1 task of the last hour asked for a host that is not on your list, and the node left it to others.", found[1].Sentence)
	require.Equal(t, []string{"1 draw: the job names relay.example, which is not in egress.hosts"}, found[1].Evidence)
}

func jail(blocks int64) func(*edgenodetypes.NodeState) {
	return func(s *edgenodetypes.NodeState) {
		s.Status, s.Jail.Until = edgenodetypes.NODE_STATUS_JAILED, height+blocks
	}
}

func TestCausesComeInTheOrderOfTheirPrecedence(t *testing.T) {
	facts := healthy()
	facts.Paused, facts.FreeDisk, facts.Grant = Known(true), Known[uint64](0), Known(Grant{None: true})
	facts.Settings.MinRewards = sdk.NewCoins(params.TfuelCoin(5))
	facts.Tip = edit(facts.Tip, func(t *Tip) { t.Time = now().Add(-time.Hour) })
	facts.Pace = Unknown[Pace](errors.New("state was pruned"))
	var causes []Cause
	for _, f := range Diagnose(facts) {
		causes = append(causes, f.Cause)
	}
	require.Equal(t, []Cause{ClockOff, GrantMissing, Paused, DiskFull, PriceTooHigh, FewTasks, NotKnown}, causes)
}

func TestAFactThatIsMissingIsSaid(t *testing.T) {
	facts := healthy()
	facts.Pace = Unknown[Pace](errors.New("state was pruned"))
	found := Diagnose(facts)
	last := found[len(found)-1]
	require.Equal(t, NotKnown, last.Cause)
	require.Contains(t, last.Sentence, "how many tasks the class settles")
	require.Contains(t, last.Evidence[0], "state was pruned")
}
