package drand

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/beacon/bls"
	"github.com/thetaedge/theta/x/beacon/types"
)

// ledger is a chain in memory that waits for all rounds up to newest.
type ledger struct {
	mu      sync.Mutex
	key     bls.PublicKey
	newest  uint64
	known   map[uint64]bool
	txs     [][]uint64
	deep    []bool
	failing error // the error of the next Submit
	settled chan struct{}
}

func newLedger(key bls.PublicKey, newest uint64) *ledger {
	return &ledger{key: key, newest: newest, known: map[uint64]bool{}, settled: make(chan struct{}, 1)}
}

func (l *ledger) Schedule(context.Context) (types.Schedule, error) {
	return types.Schedule{Id: 1, PublicKey: l.key.String(), PeriodSeconds: 1, GenesisTime: genesisAt}, nil
}

func (l *ledger) Missing(_ context.Context, limit int, deep bool) ([]uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deep = append(l.deep, deep)
	var rounds []uint64
	for round := l.newest; round > 0 && len(rounds) < limit; round-- {
		if !l.known[round] && (deep || round+10 > l.newest) {
			rounds = append(rounds, round)
		}
	}
	return rounds, nil
}

func (l *ledger) Submit(_ context.Context, rounds []Beacon) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.failing; err != nil {
		l.failing = nil
		return err
	}
	var tx []uint64
	for _, b := range rounds {
		if l.known[b.Round] {
			return ErrBeaten
		}
		if err := l.key.Verify(b.Round, b.Signature); err != nil {
			return err
		}
		tx = append(tx, b.Round)
	}
	for _, round := range tx {
		l.known[round] = true
	}
	l.txs = append(l.txs, tx)
	if uint64(len(l.known)) == l.newest {
		l.settled <- struct{}{}
	}
	return nil
}

func TestARelayCatchesUpNewestFirstInFullTxs(t *testing.T) {
	signer, server := devnet(t, 10)
	chain := newLedger(signer.key.Public(), 10)
	chain.known[7] = true
	relay := NewRelay(newClient(t, server.URL), chain, quiet(), 0)
	for _, size := range []int{4, 4, 1} {
		wait, err := relay.Step(t.Context())
		require.NoError(t, err)
		require.Len(t, chain.txs[len(chain.txs)-1], size)
		require.Equal(t, size == batchLimit, wait == 0, "go on at once while there is more")
	}
	require.Equal(t, uint64(10), chain.txs[0][0])
	require.NotContains(t, slices.Concat(chain.txs...), uint64(7))
	wait, err := relay.Step(t.Context())
	require.NoError(t, err)
	require.Equal(t, 500*time.Millisecond, wait)
	require.Len(t, chain.txs, 3)
	require.Equal(t, []bool{true, true, true, false}, chain.deep, "old gaps are looked for until they are filled")
}

func TestARelayWaitsForRoundsThatAreNotPublishedYet(t *testing.T) {
	signer, server := devnet(t, 3)
	chain := newLedger(signer.key.Public(), 4)
	relay := NewRelay(newClient(t, server.URL), chain, quiet(), 0)
	_, err := relay.Step(t.Context())
	require.NoError(t, err)
	require.Equal(t, [][]uint64{{3, 2, 1}}, chain.txs)
	_, err = relay.Step(t.Context())
	require.NoError(t, err, "a round to come is no failure")
	require.Len(t, chain.txs, 1)
}

func TestARelaySubmitsNothingThatDoesNotVerify(t *testing.T) {
	_, liar := devnet(t, 3)
	chain := newLedger(bls.GenerateKey().Public(), 3)
	_, err := NewRelay(newClient(t, liar.URL), chain, quiet(), 0).Step(t.Context())
	require.ErrorIs(t, err, bls.ErrForged)
	require.Empty(t, chain.txs)
}

func TestARelayLeavesOldGapsToOthersWhenTold(t *testing.T) {
	signer, server := devnet(t, 30)
	chain := newLedger(signer.key.Public(), 30)
	relay := NewRelay(newClient(t, server.URL), chain, quiet(), 3)
	_, err := relay.Step(t.Context())
	require.NoError(t, err)
	require.Equal(t, [][]uint64{{30, 29, 28, 27}}, chain.txs)
}

func TestARelayGoesOnAfterItWasBeatenAndAfterFailures(t *testing.T) {
	for _, failing := range []error{ErrBeaten, errors.New("node is down")} {
		signer, server := devnet(t, 5)
		chain := newLedger(signer.key.Public(), 5)
		chain.failing = failing
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		relay := NewRelay(newClient(t, server.URL), chain, quiet(), 0)
		go func() { done <- relay.Run(ctx) }()
		select {
		case <-chain.settled:
		case <-time.After(20 * time.Second):
			t.Fatal("the relay did not submit again")
		}
		cancel()
		require.NoError(t, <-done, "stopping is no error")
	}
}

func TestOneMissingRoundDoesNotHoldUpTheOthers(t *testing.T) {
	key := bls.GenerateKey()
	chain := newLedger(key.Public(), 5)
	source := sourceFunc(func(round uint64) (Beacon, error) {
		if round == 4 {
			return Beacon{}, errors.New("lost")
		}
		signature, err := key.Sign(round)
		return Beacon{Round: round, Signature: signature}, err
	})
	_, err := NewRelay(source, chain, quiet(), 0).Step(t.Context())
	require.NoError(t, err)
	require.Equal(t, [][]uint64{{5, 3, 2, 1}}, chain.txs)
}

func TestARelayThatLosesRacesStepsBackAndReturnsWhenItWins(t *testing.T) {
	signer, server := devnet(t, 1)
	chain := newLedger(signer.key.Public(), 1)
	relay := NewRelay(newClient(t, server.URL), chain, quiet(), 0)
	poll := time.Second
	var waits []time.Duration
	for range 6 {
		waits = append(waits, relay.after(poll, ErrBeaten)/poll)
	}
	require.Equal(t, []time.Duration{2, 3, 5, 9, 9, 9}, waits)
	require.Equal(t, 9*poll, relay.after(poll, nil), "nothing was missing")
	require.Zero(t, relay.after(0, nil), "there is more to bring")
	_, err := relay.Step(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5*poll, relay.after(poll, nil), "it won one")
}

func TestARelayRetriesFailuresEverMoreSlowly(t *testing.T) {
	relay := NewRelay(nil, nil, quiet(), 0)
	down := errors.New("node is down")
	for _, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, maxBackoff, maxBackoff} {
		require.Equal(t, want, relay.after(time.Second, down))
	}
	require.Equal(t, time.Second, relay.after(time.Second, nil))
	require.Equal(t, time.Second, relay.after(time.Second, down))
}
