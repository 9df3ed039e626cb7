package why

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/bid"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// some makes a fact known, unknown for a reason, or unknown without one.
func some[T any](t *rapid.T, name string, value T) Fact[T] {
	switch rapid.IntRange(0, 3).Draw(t, name) {
	case 0:
		return Fact[T]{}
	case 1:
		return Unknown[T](errors.New("no answer"))
	}
	return Known(value)
}

// amount draws an amount, among them 0 and one that is missing.
func amount(t *rapid.T, name string) math.Int {
	n := rapid.Int64Range(-1, 1<<40).Draw(t, name)
	if n < 0 {
		return math.Int{}
	}
	return math.NewInt(n)
}

func drawNode(t *rapid.T) *edgenodetypes.Node {
	if rapid.IntRange(0, 4).Draw(t, "no node") == 0 {
		return nil
	}
	n := &edgenodetypes.Node{Profile: edgenodetypes.NodeProfile{Operator: "theta1operator", Class: class}}
	n.State = edgenodetypes.NodeState{
		Status: edgenodetypes.NodeStatus(rapid.Int32Range(0, 6).Draw(t, "status")),
		Bond:   amount(t, "bond"), Locked: amount(t, "locked"),
		Slots: rapid.Uint32Range(0, 5).Draw(t, "slots"), UsedSlots: rapid.Uint32Range(0, 5).Draw(t, "used"),
		LeaseEnd: rapid.Int64().Draw(t, "lease"), Jail: edgenodetypes.JailRecord{Until: rapid.Int64Range(-9, 1<<48).Draw(t, "until")},
	}
	if rapid.Bool().Draw(t, "weighs") {
		n.State.Weights = []edgenodetypes.WeightCheckpoint{{Epoch: rapid.Uint64Range(0, 10).Draw(t, "epoch"), Weight: amount(t, "weight"), Class: class}}
	}
	if rapid.Bool().Draw(t, "holds") {
		n.State.Holds = []edgenodetypes.Hold{{Until: 9, Amount: amount(t, "hold")}}
	}
	return n
}

func drawMachine(t *rapid.T) Machine {
	m := Machine{Mode: rapid.SampledFrom([]string{"", "working", "draining", "suspended"}).Draw(t, "mode"), FreeSlots: rapid.IntRange(-1, 2).Draw(t, "free slots")}
	if rapid.Bool().Draw(t, "paid") {
		m.Paid = &Paid{At: now().Add(time.Duration(rapid.Int64().Draw(t, "paid at")))}
	}
	for range rapid.IntRange(0, 3).Draw(t, "counts") {
		m.Counts = append(m.Counts, bid.Count{Cause: bid.Cause(rapid.Uint8Range(0, 20).Draw(t, "cause")), Draws: rapid.IntRange(0, 9).Draw(t, "draws"), Last: now()})
	}
	for range rapid.IntRange(0, 2).Draw(t, "executors") {
		m.Executors = append(m.Executors, Executor{Profile: "wasm/1", Healthy: rapid.Bool().Draw(t, "healthy")})
	}
	return m
}

func drawFacts(t *rapid.T) Facts {
	coin := func(name string) sdk.Coin {
		return sdk.Coin{Denom: rapid.SampledFrom([]string{"", "atfuel", "uother"}).Draw(t, name+" denom"), Amount: amount(t, name)}
	}
	f := Facts{
		Daemon:    some(t, "daemon", Daemon{Running: rapid.Bool().Draw(t, "running")}),
		Machine:   some(t, "machine", drawMachine(t)),
		Paused:    some(t, "paused", rapid.Bool().Draw(t, "is paused")),
		FreeDisk:  some(t, "disk", rapid.Uint64().Draw(t, "free")),
		FeesToday: some(t, "today", Budget{Limited: rapid.Bool().Draw(t, "limited"), Left: amount(t, "left today")}),
		ChainID:   some(t, "chain", rapid.SampledFrom([]string{"theta-1", "theta-2"}).Draw(t, "chain id")),
		Syncing:   some(t, "syncing", rapid.Bool().Draw(t, "is syncing")),
		Tip:       some(t, "tip", Tip{Height: rapid.Int64Range(0, 1<<48).Draw(t, "height"), Time: now().Add(time.Duration(rapid.Int64().Draw(t, "age")))}),
		Node:      some(t, "node", drawNode(t)), Other: some(t, "other", drawNode(t)),
		Params:  some(t, "params", edgenodetypes.Params{BondDenom: "atfuel", MinBond: amount(t, "least bond"), MinVersion: rapid.SampledFrom([]string{"", "1.4.0"}).Draw(t, "least version")}),
		Grant:   some(t, "grant", Grant{None: rapid.Bool().Draw(t, "no grant")}),
		TaskFee: some(t, "fee", coin("task fee")), GasPrice: some(t, "gas", coin("gas price")),
		BlockTime: some(t, "block time", time.Duration(rapid.Int64().Draw(t, "pace"))),
		Class: some(t, "class", edgenodetypes.QueryClassResponse{
			Epoch: rapid.Uint64Range(0, 10).Draw(t, "now"), Snapshot: edgenodetypes.ClassSnapshot{Weight: amount(t, "class weight")},
		}),
		Market: some(t, "market", computetypes.QueryMarketResponse{Market: computetypes.Market{
			OpenTasks: rapid.Uint64Range(0, 2).Draw(t, "open"), Prices: []computetypes.Price{{Denom: "atfuel", Last: amount(t, "last"), Recent: amount(t, "recent")}},
		}}),
		Pace:  some(t, "settles", Pace{Settled: rapid.Uint64().Draw(t, "settled"), Over: time.Duration(rapid.Int64().Draw(t, "over"))}),
		Open:  some(t, "draws", Open{Draws: make([]computetypes.OpenDraw, rapid.IntRange(0, 2).Draw(t, "open draws"))}),
		Rules: some(t, "rules", Rules{Asked: rapid.IntRange(0, 2).Draw(t, "asked"), Refused: rapid.IntRange(0, 2).Draw(t, "refused")}),
	}
	f.Settings = Settings{Version: rapid.SampledFrom([]string{"", "1.3.0", "dev"}).Draw(t, "version"), Home: "home", ChainID: rapid.SampledFrom([]string{"", "theta-1"}).Draw(t, "want"), GasPrice: coin("most")}
	if rapid.Bool().Draw(t, "clock") {
		f.Now = now()
	}
	if rapid.Bool().Draw(t, "choosy") {
		f.Settings.MinRewards = sdk.Coins{{Denom: "atfuel", Amount: amount(t, "least")}}
	}
	return f
}

// TestAnySubsetOfFactsGivesAFindingInOrder: no subset of facts makes the diagnosis panic or say
// nothing, causes keep their order, and missing facts are said.
func TestAnySubsetOfFactsGivesAFindingInOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		facts := drawFacts(r)
		found := Diagnose(facts)
		require.NotEmpty(r, found)
		order := map[Cause]int{}
		for i, cause := range causes() {
			order[cause] = i
		}
		last := -1
		for _, f := range found {
			at, listed := order[f.Cause]
			require.True(r, listed, "%s", f.Cause)
			require.Greater(r, at, last, "%s", f.Cause)
			last = at
			require.NotEmpty(r, f.Sentence)
			require.Equal(r, ".", f.Sentence[len(f.Sentence)-1:], "%s", f.Sentence)
			require.NotContains(r, f.Sentence, "%!")
			require.NotContains(r, f.Cure, "%!")
		}
		require.Equal(r, len(facts.missing()) > 0, found[len(found)-1].Cause == NotKnown)
	})
}

// TestRandomFactsLeadToManyCauses: otherwise the test above would say little. The seeds are fixed.
func TestRandomFactsLeadToManyCauses(t *testing.T) {
	seen := map[Cause]bool{}
	facts := rapid.Custom(drawFacts)
	for seed := range 500 {
		for _, f := range Diagnose(facts.Example(seed)) {
			seen[f.Cause] = true
		}
	}
	require.Greater(t, len(seen), 15, "%v", seen)
}

// causes lists the causes in order of precedence.
func causes() []Cause {
	return []Cause{
		DaemonStopped, EndpointUnreachable, OtherChain, EndpointBehind, ClockOff, Unproven, Unregistered, OtherWorker, Retired,
		Jailed, PausedOnChain, VersionOld, LeaseLapsed, BondTooSmall, WeightZero, GrantMissing, GasTooDear, DaySpent, ExecutorUnhealthy,
		Paused, DiskFull, EndpointTrouble, Earning, SlotsFull, NoTasks, PriceTooHigh, HostsUnlisted, PolicyRefuses, ChainRefuses, WorkFails, FewTasks, NotKnown,
	}
}

func TestTheExpectedWaitFallsWithPaceAndShare(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		pace := Pace{Settled: rapid.Uint64Range(1, 1_000_000).Draw(r, "settled"), Over: time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(r, "over"))}
		share := rapid.Float64Range(0.0001, 0.5).Draw(r, "share")
		wait, some := Expect(pace, 1, share)
		if !some {
			return
		}
		more, some := Expect(pace, 1, 2*share)
		require.True(r, some)
		require.LessOrEqual(r, more, wait)
		faster, some := Expect(Pace{Settled: 2 * pace.Settled, Over: pace.Over}, 3, share)
		require.True(r, some)
		require.LessOrEqual(r, faster, more)
	})
	_, some := Expect(Pace{Over: time.Hour}, 1, 1)
	require.False(t, some)
	wait, some := Expect(Pace{Settled: 30, Over: time.Hour}, 2, 0.1)
	require.True(t, some)
	require.Equal(t, 10*time.Minute, wait.Round(time.Second))
}
