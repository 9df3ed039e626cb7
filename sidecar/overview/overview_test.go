package overview

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/grpcnode"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/chain"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// ledger is a chain with one node. An error makes it answer nothing.
type ledger struct {
	node  edgenodetypes.Node
	grant chain.Grant
	err   error
}

func (l *ledger) Tip(context.Context) (grpcnode.Tip, error) {
	return grpcnode.Tip{Height: 1_000}, l.err
}

func (l *ledger) BlockTime(_ context.Context, height int64) (time.Time, error) {
	return time.Unix(1_800_000_000+2*height, 0), l.err
}

func (l *ledger) Node(context.Context, string) (edgenodetypes.Node, error) { return l.node, l.err }

func (l *ledger) Grant(context.Context, string, string) (chain.Grant, error) { return l.grant, l.err }

func (l *ledger) EdgenodeParams(context.Context) (edgenodetypes.Params, error) {
	return edgenodetypes.Params{BondDenom: "atfuel", LeaseBlocks: 57_600}, l.err
}

func (l *ledger) RewardsParams(context.Context) (rewardstypes.Params, error) {
	return rewardstypes.Params{FeeSplit: rewardstypes.FeeSplit{BurnBps: 500, StakersBps: 500}}, l.err
}

func sources(l *ledger, now func() time.Time) Sources {
	celsius := int64(61_000)
	return Sources{
		Worker: "theta1worker", Chain: l, Now: now,
		Status: func(context.Context) (*sidecarv1.StatusResponse, error) {
			return &sidecarv1.StatusResponse{
				Version: "v1", Mode: "working", NodeStatus: "active", Height: 1_000, HeightAt: timestamppb.New(now()), Slots: 6, UsedSlots: 2, Running: 1,
				Cards:  []*sidecarv1.CardStatus{{Id: "GPU-1", Model: "card", Healthy: true, TemperatureMillicelsius: &celsius}},
				Pauses: []*sidecarv1.PauseReason{{Rule: "idle", Sentence: "used", Action: "suspend"}},
			}, nil
		},
		Why: func(context.Context) (*sidecarv1.WhyResponse, error) {
			return &sidecarv1.WhyResponse{Findings: []*sidecarv1.Finding{{Cause: "earning", Sentence: "The node earned."}}}, nil
		},
		Days: func() ([]Day, error) {
			day := func(before int) string { return now().Local().AddDate(0, 0, -before).Format(time.DateOnly) }
			return []Day{
				{Date: day(0), Ended: 2, Paid: 2, Pay: "1000"}, {Date: day(6), Ended: 1, Paid: 1, Pay: "500", Lost: "50"}, {Date: day(7), Ended: 9, Paid: 9, Pay: "9000", Share: "11"},
			}, nil
		},
		Readings: func() []Reading { return []Reading{{Name: "temperature", Unit: "°C", Value: 48}} },
	}
}

func node() edgenodetypes.Node {
	return edgenodetypes.Node{
		Profile: edgenodetypes.NodeProfile{Operator: "theta1operator", Moniker: "rig", Class: "cpu-small"},
		State: edgenodetypes.NodeState{
			Status: edgenodetypes.NODE_STATUS_ACTIVE, Bond: sdkmath.NewInt(5_000), Locked: sdkmath.NewInt(70), LeaseEnd: 1_900,
			Faults: edgenodetypes.FaultCounts{Missed: 3, Wrong: 1},
		},
	}
}

// TestOnlyWhatIsEarnedMayBeNegative: a node that lies must not take anything off the totals of others.
func TestOnlyWhatIsEarnedMayBeNegative(t *testing.T) {
	s := Snapshot{Today: Sums{Pay: "-1", Lost: "-1", Earned: "-7"}, Chain: &OnChain{Bond: "-5", Locked: "-5", Grant: &Grant{Left: "-1"}}}
	s.Clean()
	require.Equal(t, Sums{Earned: "-7"}, s.Today)
	require.Equal(t, OnChain{Grant: &Grant{}}, *s.Chain)
}

// TestASnapshotIsNotChangedByTheNext: another machine may be reading it.
func TestASnapshotIsNotChangedByTheNext(t *testing.T) {
	l := &ledger{node: node(), grant: chain.Grant{}}
	c := NewCollector(sources(l, time.Now))
	first := c.Collect(t.Context())
	require.NotNil(t, first.Chain)
	require.NotNil(t, first.Chain.Grant)
	l.err = errors.New("the chain does not answer")
	second := c.Collect(t.Context())
	require.Equal(t, first.Chain, second.Chain, "the last answer stays")
	require.NotSame(t, first.Chain, second.Chain)
	require.NotSame(t, first.Chain.Grant, second.Chain.Grant)
}

func TestASnapshotShowsWhatDaemonChainAndLedgerSay(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.Local)
	expiry := now.Add(48 * time.Hour)
	l := &ledger{node: node(), grant: chain.Grant{Left: sdk.NewCoins(sdk.NewInt64Coin("atfuel", 77)), Expiry: &expiry}}
	s := NewCollector(sources(l, func() time.Time { return now })).Collect(t.Context())
	require.Equal(t, "rig", s.Moniker)
	require.Equal(t, "earning", s.Why[0].Cause)
	require.Equal(t, "idle", s.Held[0].Rule)
	require.Equal(t, "active", s.Chain.Status)
	require.Equal(t, "5000", s.Chain.Bond)
	require.Equal(t, int64(1_800), s.Chain.LeaseSeconds, "900 blocks of 2 s")
	require.Equal(t, int64(115_200), s.Chain.LeaseFullSeconds)
	require.Equal(t, "77", s.Chain.Grant.Left)
	require.True(t, expiry.Equal(s.Chain.Grant.Expires))
	require.Equal(t, "900", s.Today.Earned, "nine tenths of the pay")
	require.Equal(t, "1300", s.Week.Earned, "the day before seven days is not in it")
	require.Equal(t, "9411", s.Total.Earned)
	celsius, known := s.Celsius()
	require.True(t, known)
	require.InDelta(t, 61, celsius, 0.001)
	_, known = s.Watts()
	require.False(t, known, "nothing measures power")
}

// TestAChainThatDoesNotAnswerLeavesTheLastAnswerWithItsTime: alerts judge by it, and have to know how
// old it is.
func TestAChainThatDoesNotAnswerLeavesTheLastAnswerWithItsTime(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	l := &ledger{node: node()}
	c := NewCollector(sources(l, func() time.Time { return now }))
	require.Equal(t, now, c.Collect(t.Context()).Chain.At)
	l.err = errors.New("no answer")
	before := now
	now = now.Add(time.Hour)
	s := c.Collect(t.Context())
	require.Equal(t, before, s.Chain.At)
	require.Equal(t, now, s.At)
	l.err = chain.ErrNotFound
	require.Nil(t, c.Collect(t.Context()).Chain, "a node that is gone is not shown")
}

func TestWhatAnotherMachineSaysIsBounded(t *testing.T) {
	huge, no := int64(math.MaxInt64), int64(-1)
	s := Snapshot{
		Moniker: "\x1b[2J<script>alert(1)</script>\n\u202emirror" + strings.Repeat("x", 1<<20), Version: "\xff\xfe",
		At: time.Date(290_000, 1, 1, 0, 0, 0, 0, time.UTC), Height: math.MaxInt64, Slots: math.MaxUint32,
		Today: Sums{Earned: strings.Repeat("9", 1<<16), Pay: "1e9", Lost: "-5"},
		Chain: &OnChain{Bond: "NaN", LeaseSeconds: math.MinInt64, LeaseEnd: math.MaxInt64, Grant: &Grant{Left: "0x10"}},
		Cards: []Card{{Model: "a\tb", MilliCelsius: &huge, MemoryUsedBytes: &no}}, Readings: []Reading{{Value: math.Inf(1)}, {Value: math.NaN()}, {Name: "cpu", Value: 3}},
	}
	for range 10_000 {
		s.Why = append(s.Why, Finding{Sentence: strings.Repeat("ä", 1<<10)})
	}
	s.Clean()
	require.LessOrEqual(t, len(s.Moniker), maxName)
	require.True(t, utf8.ValidString(s.Moniker+s.Version+s.Why[0].Sentence))
	require.NotContains(t, s.Moniker, "\x1b")
	require.NotContains(t, s.Moniker, "\u202e")
	require.NotContains(t, s.Moniker, "\n")
	require.Len(t, s.Why, maxItems)
	require.LessOrEqual(t, len(s.Why[0].Sentence), maxText)
	require.True(t, s.At.IsZero())
	require.Equal(t, int64(maxHeight), s.Height)
	require.Empty(t, s.Today.Earned)
	require.Empty(t, s.Today.Pay)
	require.Empty(t, s.Today.Lost)
	require.Empty(t, s.Chain.Bond)
	require.Zero(t, s.Chain.LeaseSeconds)
	require.Empty(t, s.Chain.Grant.Left)
	require.Nil(t, s.Cards[0].MilliCelsius)
	require.Nil(t, s.Cards[0].MemoryUsedBytes)
	require.Equal(t, []Reading{{Name: "cpu", Value: 3}}, s.Readings)
	_, err := json.Marshal(s)
	require.NoError(t, err)
}

func TestMetricsAreGatheredWhateverASnapshotContains(t *testing.T) {
	var last *Snapshot
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(NewMetrics(func() *Snapshot { return last })))
	families, err := registry.Gather()
	require.NoError(t, err)
	require.Empty(t, families, "nothing was looked at yet")
	l := &ledger{node: node(), grant: chain.Grant{Left: sdk.NewCoins(sdk.NewInt64Coin("atfuel", 77))}}
	last = NewCollector(sources(l, time.Now)).Collect(t.Context())
	last.Cards = append(last.Cards, last.Cards[0])
	last.Held = append(last.Held, last.Held[0])
	families, err = registry.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, f := range families {
		values[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
	}
	require.InDelta(t, 1_800, values["thetaedge_node_lease_seconds"], 0)
	require.InDelta(t, 5e-15, values["thetaedge_node_bond_tfuel"], 1e-20)
	require.InDelta(t, 61, values["thetaedge_card_temperature_celsius"], 0)
	require.Contains(t, values, "thetaedge_owner_holds")
	require.NotContains(t, values, "thetaedge_machine_power_watts", "what is not measured is left out, and not zero")
}
