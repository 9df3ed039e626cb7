package why

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// fakeChain is a chain at the height of the facts in healthy.
type fakeChain struct {
	id      string
	node    *edgenodetypes.Node
	grant   error
	tips    []chain.Tip
	pruned  int64
	explain []computetypes.Check
	asked   map[string]int
}

func (c *fakeChain) count(what string) { c.asked[what]++ }

func (c *fakeChain) ChainID(context.Context) (string, error) {
	if c.id == "" {
		return "", errors.New("connection refused")
	}
	return c.id, nil
}
func (c *fakeChain) Syncing(context.Context) (bool, error) { return false, nil }
func (c *fakeChain) Tip(context.Context) (chain.Tip, error) {
	tip := c.tips[0]
	if len(c.tips) > 1 {
		c.tips = c.tips[1:]
	}
	return tip, nil
}

func (c *fakeChain) BlockTime(_ context.Context, at int64) (time.Time, error) {
	c.count("block time")
	if at < c.pruned {
		return time.Time{}, errors.New("block is not kept")
	}
	return now().Add(-time.Duration(height-at) * time.Second), nil
}

func (c *fakeChain) Node(context.Context, string) (edgenodetypes.Node, error) {
	c.count("node")
	if c.node == nil {
		return edgenodetypes.Node{}, chain.ErrNotFound
	}
	return *c.node, nil
}

func (c *fakeChain) NodeOf(context.Context, string) (edgenodetypes.Node, error) {
	c.count("other")
	return *node(), nil
}

func (c *fakeChain) EdgenodeParams(context.Context) (edgenodetypes.Params, error) {
	return edgenodetypes.DefaultParams(), nil
}

func (c *fakeChain) RewardsParams(context.Context) (rewardstypes.Params, error) {
	return rewardstypes.Params{FeeDenom: params.BaseDenom, MinGasPrice: math.NewInt(10)}, nil
}

func (c *fakeChain) BaseFee(context.Context) (feemarkettypes.QueryBaseFeeResponse, error) {
	price, _ := healthy().GasPrice.Get()
	return feemarkettypes.QueryBaseFeeResponse{BaseFee: price, Floor: price}, nil
}

func (c *fakeChain) Grant(context.Context, string, string) (chain.Grant, error) {
	return chain.Grant{}, c.grant
}

func (c *fakeChain) Class(context.Context, string) (edgenodetypes.QueryClassResponse, error) {
	found, _ := healthy().Class.Get()
	return found, nil
}

func (c *fakeChain) Market(_ context.Context, _ string, at int64) (computetypes.QueryMarketResponse, error) {
	found, _ := healthy().Market.Get()
	if at != 0 {
		if at < c.pruned {
			return found, errors.New("state is not kept")
		}
		found.Market.Prices = []computetypes.Price{{Denom: params.BaseDenom, Settled: 70}}
	}
	return found, nil
}

func (c *fakeChain) OpenDraws(context.Context, string) ([]computetypes.OpenDraw, bool, error) {
	open, _ := healthy().Open.Get()
	return open.Draws, false, nil
}

func (c *fakeChain) Explain(context.Context, computetypes.ChunkRef, string) (computetypes.QueryExplainResponse, error) {
	return computetypes.QueryExplainResponse{Checks: c.explain}, nil
}

func newFake() *fakeChain {
	return &fakeChain{id: "theta-1", node: node(), tips: []chain.Tip{{Height: height, UnixSeconds: now().Unix()}}, asked: map[string]int{}}
}

func collect(t *testing.T, c *fakeChain, settings Settings) Facts {
	t.Helper()
	good := healthy()
	machine, _ := good.Machine.Get()
	machine.HeightAt = time.Time{}
	return NewCollector(Sources{
		Settings: settings, Chain: c, Now: now,
		Daemon:    func() (Daemon, error) { return Daemon{Running: true}, nil },
		Machine:   func(context.Context) (Machine, error) { return machine, nil },
		FeesToday: func() (math.Int, bool, error) { return math.Int{}, false, nil },
		Paused:    func() bool { return false }, FreeDisk: func() (uint64, error) { return 50 << 30, nil },
	}).Collect(t.Context())
}

func TestACollectorFindsOutAllThatADiagnosisNeeds(t *testing.T) {
	facts := collect(t, newFake(), healthy().Settings)
	require.Empty(t, facts.missing())
	pace, known := facts.Pace.Get()
	require.True(t, known)
	require.Equal(t, Pace{Settled: 20, Over: 2400 * time.Second}, pace)
	blocks, _ := facts.BlockTime.Get()
	require.Equal(t, time.Second, blocks)
	require.Equal(t, FewTasks, Diagnose(facts)[0].Cause)
}

func TestACollectorCountsOverTheBlocksThatTheNodeKeeps(t *testing.T) {
	fake := newFake()
	fake.pruned = height - 100
	pace, known := collect(t, fake, healthy().Settings).Pace.Get()
	require.True(t, known)
	require.Equal(t, 60*time.Second, pace.Over)
	fake = newFake()
	fake.pruned = height
	facts := collect(t, fake, healthy().Settings)
	require.Contains(t, facts.Pace.Failed(), "not kept")
	require.Equal(t, 3, fake.asked["block time"])
}

func TestACollectorAsksNothingElseOfAnotherChainOrOfNone(t *testing.T) {
	for _, id := range []string{"", "theta-9"} {
		fake, settings := newFake(), healthy().Settings
		fake.id, settings.ChainID = id, "theta-1"
		facts := collect(t, fake, settings)
		require.Zero(t, fake.asked["node"])
		require.Contains(t, []Cause{EndpointUnreachable, OtherChain}, Diagnose(facts)[0].Cause)
	}
}

func TestAWorkerKeyThatIsNotRegisteredIsToldFromOneThatWasReplaced(t *testing.T) {
	fake, settings := newFake(), healthy().Settings
	fake.node = nil
	require.Equal(t, Unregistered, Diagnose(collect(t, fake, settings))[0].Cause)
	require.Zero(t, fake.asked["other"])
	settings.Operator = "theta1operator"
	require.Equal(t, OtherWorker, Diagnose(collect(t, fake, settings))[0].Cause)
	require.Equal(t, 1, fake.asked["other"])
}

func TestAnOldBlockMeansAWrongClockIfBlocksCome(t *testing.T) {
	fake := newFake()
	old := now().Add(-time.Hour).Unix()
	fake.tips = []chain.Tip{{Height: height, UnixSeconds: old}, {Height: height, UnixSeconds: old}, {Height: height + 1, UnixSeconds: old + 1}}
	require.Equal(t, ClockOff, Diagnose(collect(t, fake, healthy().Settings))[0].Cause)
}

func TestAMissingGrantIsAFactAndNotAnError(t *testing.T) {
	fake := newFake()
	fake.grant = chain.ErrNotFound
	require.Equal(t, GrantMissing, Diagnose(collect(t, fake, healthy().Settings))[0].Cause)
	fake.grant = errors.New("timeout")
	found := Diagnose(collect(t, fake, healthy().Settings))
	require.Equal(t, NotKnown, found[len(found)-1].Cause)
	require.Contains(t, found[len(found)-1].Sentence, "the fee grant")
}

func TestRulesOfTheLotDoNotCountAsRefusals(t *testing.T) {
	fake := newFake()
	fake.explain = []computetypes.Check{{Rule: "ticket"}, {Rule: "rank"}, {Rule: "memory", Declared: true}, {Rule: "class", Ok: true}}
	rules, _ := collect(t, fake, healthy().Settings).Rules.Get()
	require.Equal(t, Rules{Asked: 1}, rules)
	fake.explain = append(fake.explain, computetypes.Check{Rule: "executor", Detail: "runs tensor/1"})
	facts := collect(t, fake, healthy().Settings)
	rules, _ = facts.Rules.Get()
	require.Equal(t, Rules{Asked: 1, Refused: 1, Failed: []Rule{{"executor", "runs tensor/1", 1}}}, rules)
	require.Equal(t, ChainRefuses, Diagnose(facts)[0].Cause)
}
