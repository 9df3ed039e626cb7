package grpcnode

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
)

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// several opens endpoints to nodes of the same chain.
func several(t *testing.T, options EndpointOptions, nodes ...*model) *Endpoints {
	t.Helper()
	var addresses []string
	for _, m := range nodes {
		addresses = append(addresses, m.address)
	}
	e, err := OpenEndpoints(addresses, options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	id, err := e.ChainID(t.Context(), "theta-test")
	require.NoError(t, err)
	require.Equal(t, "theta-test", id)
	return e
}

// answeredBy returns the node that has answered a call.
func answeredBy(t *testing.T, conn Connection) string {
	t.Helper()
	res, err := nodeservice.NewServiceClient(conn).Config(t.Context(), &nodeservice.ConfigRequest{})
	require.NoError(t, err)
	return res.PruningKeepRecent
}

func TestACallThatOneEndpointDoesNotAnswerGoesToAnother(t *testing.T) {
	for name, fault := range map[string]func(*model){
		"it hangs":                  func(m *model) { m.hangs = true },
		"it is not available":       func(m *model) { m.fails = status.Error(codes.Unavailable, "no") },
		"it fails":                  func(m *model) { m.fails = status.Error(codes.Internal, "no") },
		"it limits calls":           func(m *model) { m.fails = status.Error(codes.ResourceExhausted, "slow down") },
		"its answer has no end":     func(m *model) { m.pad = maxAnswerBytes + 1 },
		"it was just started again": func(m *model) { m.fails = status.Error(codes.Unknown, startingText) },
		"it catches up":             func(m *model) { m.fails = status.Error(codes.Unknown, catchingUpText) },
		"it has other services":     func(m *model) { m.fails = status.Error(codes.Unimplemented, "no") },
	} {
		t.Run(name, func(t *testing.T) {
			bad, good := serveModel(t), serveModel(t)
			e := several(t, EndpointOptions{Attempt: time.Second}, bad, good)
			require.Equal(t, bad.address, answeredBy(t, e))
			bad.set(fault)
			require.Equal(t, good.address, answeredBy(t, e))
		})
	}
}

func TestADeadEndpointIsReplacedBeforeTheFirstAnswer(t *testing.T) {
	good := serveModel(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dead := listener.Addr().String()
	require.NoError(t, listener.Close())
	e, err := OpenEndpoints([]string{dead, good.address}, EndpointOptions{})
	require.NoError(t, err)
	defer e.Close()
	id, err := e.ChainID(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, "theta-test", id)
	require.Equal(t, good.address, e.Using())
	require.Contains(t, e.States()[0].Trouble, "does not answer")
}

func TestWithoutAnAnswerTheErrorIsThatOfTheFirstEndpoint(t *testing.T) {
	one, two := serveModel(t), serveModel(t)
	e := several(t, EndpointOptions{}, one, two)
	one.set(func(m *model) { m.fails = status.Error(codes.NotFound, "the first") })
	two.set(func(m *model) { m.fails = status.Error(codes.Internal, "the second") })
	_, err := ReadTip(t.Context(), e)
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorContains(t, err, "the first")
}

func TestAnEndpointThatIsIllIsNotUsed(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(*model)
		says  string
	}{
		"behind":           {func(m *model) { m.height = 60 }, "its newest block is 60"},
		"catching up":      {func(m *model) { m.syncing = true }, "catches up"},
		"of another chain": {func(m *model) { m.chain = "other-1" }, `chain "other-1"`},
		"slow":             {func(m *model) { m.hangs = true }, "no answer within"},
		"gone":             {func(m *model) { m.fails = status.Error(codes.Unavailable, "gone") }, "does not answer"},
		"of no height":     {func(m *model) { m.height = 1 << 60 }, "no usable answer"},
	} {
		t.Run(name, func(t *testing.T) {
			preferred, other := serveModel(t), serveModel(t)
			hand := &clock{now: time.Now()}
			e := several(t, EndpointOptions{Attempt: time.Second, Now: hand.Now}, preferred, other)
			preferred.set(c.fault)
			e.Examine(t.Context())
			e.Examine(t.Context())
			require.Equal(t, other.address, e.Using())
			require.Contains(t, e.States()[0].Trouble, c.says)
			require.Empty(t, e.States()[1].Trouble)

			// It is used again when it has been in order for a while, and not at once.
			preferred.set(func(m *model) {
				m.height, m.syncing, m.chain, m.hangs, m.fails = 100, false, "theta-test", false, nil
			})
			require.Eventually(t, func() bool { // a connection that was closed opens again
				e.Examine(t.Context())
				return e.States()[0].Trouble == ""
			}, patience, time.Millisecond)
			require.Equal(t, other.address, e.Using())
			hand.move(defaultReturnAfter - time.Second)
			e.Examine(t.Context())
			require.Equal(t, other.address, e.Using())
			hand.move(2 * time.Second)
			e.Examine(t.Context())
			require.Equal(t, preferred.address, e.Using())
			require.Equal(t, uint64(2), e.Switches())
		})
	}
}

func TestWithoutProofsAHigherHeightAloneReplacesNoEndpoint(t *testing.T) {
	honest, liar := serveModel(t), serveModel(t)
	hand := &clock{now: time.Now()}
	e := several(t, EndpointOptions{Now: hand.Now, Unproven: true}, honest, liar)
	liar.set(func(m *model) { m.height = 100_000 })
	for range 5 {
		honest.set(func(m *model) { m.height++ })
		e.Examine(t.Context())
		hand.move(defaultProbePause)
	}
	require.Equal(t, honest.address, e.Using())
	hand.move(stillAfter) // it stands still now
	e.Examine(t.Context())
	e.Examine(t.Context())
	require.Equal(t, liar.address, e.Using())
}

func TestAnEndpointThatFlipsBetweenTwoStatesDoesNotMakeTheUsedOneFlap(t *testing.T) {
	flips, steady := serveModel(t), serveModel(t)
	hand := &clock{now: time.Now()}
	e := several(t, EndpointOptions{Now: hand.Now}, flips, steady)
	for i := range 100 {
		flips.set(func(m *model) { m.syncing = i%2 == 0 })
		e.Examine(t.Context())
		hand.move(defaultProbePause)
	}
	require.Equal(t, steady.address, e.Using())
	require.Equal(t, uint64(1), e.Switches())
}

func TestALiarIsAvoidedForLongerEachTimeAndUsedIfNothingElseAnswers(t *testing.T) {
	liar, other := serveModel(t), serveModel(t)
	hand := &clock{now: time.Now()}
	var told []string
	e := several(t, EndpointOptions{Now: hand.Now, Switched: func(from, to, why string) { told = append(told, from+" "+to+" "+why) }}, liar, other)
	e.Distrust(liar.address, "it hides something")
	require.Equal(t, other.address, e.Using())
	require.Len(t, told, 1)
	require.Contains(t, told[0], "it hides something")
	require.Contains(t, e.States()[0].Trouble, "it hides something; it is avoided until")
	require.Error(t, func() error { _, err := ReadTip(t.Context(), e.Second()); return err }(), "a liar is not what to compare with")

	other.set(func(m *model) { m.fails = status.Error(codes.Unavailable, "gone") })
	e.Examine(t.Context())
	require.Equal(t, liar.address, e.Using())
	other.set(func(m *model) { m.fails = nil })
	e.Examine(t.Context())
	require.Equal(t, other.address, e.Using())

	hand.move(defaultDistrust + time.Second)
	e.Examine(t.Context())
	require.Equal(t, liar.address, e.Using(), "its time is over")
	e.Distrust(liar.address, "again")
	hand.move(defaultDistrust + time.Second)
	e.Examine(t.Context())
	require.Equal(t, other.address, e.Using(), "the second time is longer")
}

func TestAnEndpointThatRefusesWhatOthersAnswerIsAvoided(t *testing.T) {
	bad, good := serveModel(t), serveModel(t)
	e := several(t, EndpointOptions{}, bad, good)
	bad.set(func(m *model) { m.fails = status.Error(codes.Internal, "no luck") })
	for range maxErrs {
		require.Equal(t, good.address, answeredBy(t, e))
	}
	require.Equal(t, good.address, e.Using())
	require.Contains(t, e.States()[0].Trouble, "no luck")
}

func TestATransactionGoesToAllEndpoints(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(*model)
		by    int
	}{
		"the used one drops it":   {func(*model) {}, 0},
		"the used one refuses it": {func(m *model) { m.refuses = 5 }, 1},
		"the used one is gone":    {func(m *model) { m.fails = status.Error(codes.Unavailable, "gone") }, 1},
		"the used one hangs":      {func(m *model) { m.hangs = true }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			nodes := []*model{serveModel(t), serveModel(t)}
			e := several(t, EndpointOptions{Attempt: time.Second}, nodes...)
			nodes[0].set(c.fault)
			res, err := txtypes.NewServiceClient(e).BroadcastTx(t.Context(), &txtypes.BroadcastTxRequest{TxBytes: []byte("tx")})
			require.NoError(t, err)
			require.Zero(t, res.TxResponse.Code)
			require.Equal(t, nodes[c.by].address, res.TxResponse.TxHash)
			require.Eventually(t, func() bool { return nodes[1].read(func(m *model) int { return m.took }) == 1 }, patience, time.Millisecond)
		})
	}
	t.Run("all refuse it", func(t *testing.T) {
		one, two := serveModel(t), serveModel(t)
		e := several(t, EndpointOptions{}, one, two)
		one.set(func(m *model) { m.refuses = 5 })
		two.set(func(m *model) { m.refuses = 7 })
		res, err := txtypes.NewServiceClient(e).BroadcastTx(t.Context(), &txtypes.BroadcastTxRequest{TxBytes: []byte("tx")})
		require.NoError(t, err)
		require.Equal(t, uint32(5), res.TxResponse.Code)
	})
}

func TestARefusedSimulationCountsUnlessAllAreRefused(t *testing.T) {
	refuses, takes := serveModel(t), serveModel(t)
	e := several(t, EndpointOptions{Attempt: time.Second}, refuses, takes)
	refuses.set(func(m *model) { m.refuses = 5 })
	try := func() error {
		_, err := txtypes.NewServiceClient(e).Simulate(t.Context(), &txtypes.SimulateRequest{TxBytes: []byte("tx")})
		return err
	}
	for range maxErrs {
		require.ErrorContains(t, try(), "refused by "+refuses.address, "the other one may have an older state")
	}
	require.NoError(t, try())
	refuses.set(func(m *model) { m.refuses = 0 })
	require.NoError(t, try())
	refuses.set(func(m *model) { m.refuses = 5 })
	require.ErrorContains(t, try(), "refused by", "the count has begun again")
	takes.set(func(m *model) { m.refuses = 5 })
	for range maxErrs + 1 {
		require.ErrorContains(t, try(), "refused by "+refuses.address)
	}
	refuses.set(func(m *model) { m.refuses, m.fails = 0, status.Error(codes.Unavailable, "gone") })
	takes.set(func(m *model) { m.refuses = 0 })
	require.NoError(t, try())
}

func TestARecordThatOneEndpointHidesIsFoundAtAnother(t *testing.T) {
	hides, shows := serveModel(t), serveModel(t)
	e := several(t, EndpointOptions{}, hides, shows)
	shows.set(func(m *model) { m.knows["AA"] = true })
	res, err := txtypes.NewServiceClient(e).GetTx(t.Context(), &txtypes.GetTxRequest{Hash: "AA"})
	require.NoError(t, err)
	require.Equal(t, "AA", res.TxResponse.TxHash)
	require.Equal(t, hides.address, e.Using(), "its state may only be older")
}

func TestAHeightThatNoOtherEndpointIsNearIsContradicted(t *testing.T) {
	liar, honest := serveModel(t), serveModel(t)
	hand := &clock{now: time.Now()}
	e := several(t, EndpointOptions{Now: hand.Now}, liar, honest)
	require.NoError(t, e.Ahead(1_000_000), "nothing is known of the others yet")
	e.Examine(t.Context())
	require.NoError(t, e.Ahead(100+farAhead))
	err := e.Ahead(101 + farAhead)
	require.ErrorContains(t, err, liar.address)
	require.ErrorContains(t, err, honest.address)
	hand.move(time.Second)
	require.NoError(t, e.Ahead(101+farAhead), "blocks may have come since")
	hand.move(stillAfter)
	require.NoError(t, e.Ahead(1_000_000), "the other one stands still")
}

func TestEndpointsOfDifferentChainsAreNotMixed(t *testing.T) {
	one, two := serveModel(t), serveModel(t)
	one.set(func(m *model) { m.chain = "other-1" })
	e, err := OpenEndpoints([]string{one.address, two.address}, EndpointOptions{})
	require.NoError(t, err)
	defer e.Close()
	_, err = e.ChainID(t.Context(), "")
	require.ErrorIs(t, err, errChains)
	require.ErrorContains(t, err, "set chain.id")
	id, err := e.ChainID(t.Context(), "theta-test")
	require.NoError(t, err)
	require.Equal(t, "theta-test", id)
	require.Equal(t, two.address, e.Using())
	require.Equal(t, two.address, answeredBy(t, e))
	before := one.read(func(m *model) int { return m.calls })
	two.set(func(m *model) { m.fails = status.Error(codes.Unavailable, "gone") })
	_, err = ReadTip(t.Context(), e)
	require.ErrorIs(t, err, ErrUnreachable, "another chain does not stand in")
	require.Equal(t, before, one.read(func(m *model) int { return m.calls }))
	none, err := e.ChainID(t.Context(), "third-1")
	require.ErrorContains(t, err, "expected chain third-1, found other-1")
	require.Equal(t, "other-1", none)
}

func TestASingleEndpointIsAConnectionLikeAnyOther(t *testing.T) {
	only := serveModel(t)
	e := several(t, EndpointOptions{}, only)
	e.Examine(t.Context())
	require.False(t, e.Several())
	require.Equal(t, []EndpointState{{
		Address: only.address, Used: true, Height: 100, UnixSeconds: e.States()[0].UnixSeconds, Since: e.States()[0].Since,
	}}, e.States())
	e.Distrust(only.address, "it hides something")
	require.Equal(t, only.address, answeredBy(t, e))
	require.Contains(t, e.States()[0].Trouble, "hides something")
	_, err := ReadTip(t.Context(), e.Second())
	require.ErrorIs(t, err, ErrUnreachable)
}

func TestWatchingEndsWithItsContext(t *testing.T) {
	e := several(t, EndpointOptions{ProbePause: time.Millisecond}, serveModel(t))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.Watch(ctx)
	}()
	require.Eventually(t, func() bool { return e.States()[0].Height == 100 }, patience, time.Millisecond)
	cancel()
	<-done
}

func TestAHeightThatHasReplacedAnEndpointIsContradictedByIt(t *testing.T) {
	honest, liar := serveModel(t), serveModel(t)
	hand := &clock{now: time.Now()}
	e := several(t, EndpointOptions{Now: hand.Now}, honest, liar)
	liar.set(func(m *model) { m.height = 100_000 })
	for range lagLooks {
		hand.move(defaultProbePause)
		honest.set(func(m *model) { m.height++ })
		e.Examine(t.Context())
	}
	require.Equal(t, liar.address, e.Using())
	require.ErrorContains(t, e.Ahead(100_000), honest.address)
	e.Distrust(liar.address, "it named a height that is not so")
	e.Examine(t.Context())
	require.Equal(t, honest.address, e.Using())
}
