package pool_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/pool"
)

// Kinds in the order of a block's lane.
const (
	rounds = iota + 1
	duties
	claims
)

// brings returns a transaction of the lane with keys.
func brings(sender string, sequence uint64, kind int, deadline int64, keys ...string) *pool.Entry {
	e := due(sender, sequence, deadline)
	e.Kind, e.Keys = kind, keys
	return e
}

func inLane(p *pool.Pool) []string {
	lane, _ := p.Entries()
	return names(lane)
}

func outside(p *pool.Pool) []string {
	_, ordinary := p.Entries()
	return names(ordinary)
}

func add(t *testing.T, p *pool.Pool, entries ...*pool.Entry) {
	t.Helper()
	for _, e := range entries {
		require.NoError(t, p.Add(e))
	}
}

func TestAClaimDrivesOutNoRevealAndNoRound(t *testing.T) {
	p := newPool()
	const never = 1 << 62 // rounds do not always have a deadline
	add(t, p,
		brings("relay", 0, rounds, never, "round/1"), brings("n", 0, duties, 400, "reveal/n"),
		brings("m", 0, duties, 500, "reveal/m"), brings("c", 0, claims, 9, "claim/c"))
	require.ErrorIs(t, p.Add(brings("d", 0, claims, 9, "claim/d")), pool.ErrFull)
	add(t, p, brings("d", 0, claims, 3, "claim/d"))
	require.Equal(t, []string{"relay0", "n0", "m0", "d0"}, inLane(p), "a claim drives out a claim that is due later")
}

func TestADutyDrivesOutClaims(t *testing.T) {
	p := newPool()
	for i := range int64(4) {
		add(t, p, brings(fmt.Sprint("c", i), 0, claims, i, fmt.Sprint("claim/", i)))
	}
	add(t, p, brings("n", 0, duties, 900, "reveal/n"))
	require.Equal(t, []string{"n0", "c00", "c10", "c20"}, inLane(p))
}

// For each key, one transaction in the lane counts. Copies of it only use room that no other
// transaction needs.
func TestCopiesOfADutyGiveWayToAllElse(t *testing.T) {
	p := newPool()
	add(t, p, brings("relay", 0, rounds, 1, "round/1"))
	for i := range 3 {
		add(t, p, brings(fmt.Sprint("copy", i), 0, rounds, 1, "round/1"))
	}
	add(t, p, brings("c", 0, claims, 900, "claim/c"), brings("n", 0, duties, 900, "reveal/n"))
	require.Equal(t, []string{"relay0", "n0", "c0", "copy00"}, inLane(p))
	require.ErrorIs(t, p.Add(brings("late", 0, rounds, 1, "round/1")), pool.ErrFull, "a copy drives out nothing")
}

func TestWhoSendsADutyAgainIsNotTurnedAway(t *testing.T) {
	p := newPool()
	first := brings("n", 5, duties, 100, "reveal/n")
	add(t, p, first)
	other := brings("n", 5, duties, 100, "reveal/n")
	other.Raw, other.Gas = append(other.Raw, "another signature"...), 2
	add(t, p, other)
	require.Equal(t, 1, p.CountTx(), "the same sequence: it takes the place of the first")
	require.True(t, p.Has(other.Raw, 1))

	newer := brings("n", 6, duties, 100, "reveal/n")
	add(t, p, newer)
	require.Equal(t, []string{"n5", "n6"}, inLane(p), "a newer sequence waits behind the first, whose sequence it needs")

	// When the first is gone, the second counts.
	p.Forget([][]byte{other.Raw}, 2)
	require.NoError(t, p.Refresh(newer.Raw, newer.Terms))
	for i := range 4 {
		_ = p.Add(brings(fmt.Sprint("c", i), 0, claims, 1, fmt.Sprint("claim/", i)))
	}
	require.Equal(t, "n6", inLane(p)[0])
}

func TestASenderHasAShareOfTheLane(t *testing.T) {
	p := newPool()
	add(t, p, brings("n", 0, duties, 1, "a"), brings("n", 1, duties, 1, "b"))
	require.ErrorIs(t, p.Add(brings("n", 2, duties, 1, "c")), pool.ErrTooMany)
	paid := brings("n", 2, duties, 1, "c")
	paid.Pays = true
	add(t, p, paid)
	require.Equal(t, []string{"n0", "n1"}, inLane(p))
	require.Equal(t, []string{"n2"}, outside(p), "who pays as others do may wait among them")
}

func TestWhatTheLaneHasNoRoomForWaitsAmongTheOthersIfItPays(t *testing.T) {
	p := newPool()
	for i := range int64(4) {
		e := brings(fmt.Sprint("n", i), 0, duties, 100+i, fmt.Sprint("reveal/", i))
		e.Pays = i == 3
		add(t, p, e)
	}
	late := brings("late", 0, duties, 200, "reveal/late")
	require.ErrorIs(t, p.Add(late), pool.ErrFull)
	late.Pays = true
	add(t, p, late)
	require.Equal(t, []string{"late0"}, outside(p))

	add(t, p, brings("urgent", 0, duties, 1, "reveal/urgent"))
	require.Equal(t, []string{"urgent0", "n00", "n10", "n20"}, inLane(p))
	require.ElementsMatch(t, []string{"late0", "n30"}, outside(p), "so may what it has driven out")
	add(t, p, brings("first", 0, duties, 0, "reveal/first"))
	require.ElementsMatch(t, []string{"late0", "n30"}, outside(p), "but not what does not pay")
}

func TestWhatATransactionIsChangesWithTheBlocks(t *testing.T) {
	p := newPool()
	early := entry("n", 0, 100)
	add(t, p, early)
	require.Empty(t, inLane(p))
	due := pool.Terms{Lane: true, Kind: duties, Deadline: 9, Keys: []string{"reveal/n"}, Pays: true, Height: 2}
	require.NoError(t, p.Refresh(early.Raw, due))
	require.Equal(t, []string{"n0"}, inLane(p), "it has become due")
	require.Empty(t, outside(p))

	require.NoError(t, p.Refresh(early.Raw, pool.Terms{Pays: true, Height: 3}))
	require.Equal(t, []string{"n0"}, outside(p), "it is due no more, and pays")
	require.NoError(t, p.Refresh([]byte("unknown"), due))
	require.Equal(t, 1, p.CountTx(), "what does not wait is not added")

	for i := range int64(4) {
		add(t, p, brings(fmt.Sprint("m", i), 0, duties, 1, fmt.Sprint("reveal/", i)))
	}
	due.Pays = false
	require.ErrorIs(t, p.Refresh(early.Raw, due), pool.ErrFull)
	require.False(t, p.Has(early.Raw, 4), "there is room for it nowhere")
}

func TestABidFollowsWhatGoesBeforeIt(t *testing.T) {
	p := newPool()
	cheap, dear := entry("a", 0, 10), entry("a", 1, 1_000)
	add(t, p, cheap, dear, entry("b", 0, 500))
	require.Equal(t, []string{"b0", "a0", "a1"}, outside(p))
	p.Forget([][]byte{cheap.Raw}, 2)
	require.Equal(t, int64(1_000), dear.Bid())
	require.Equal(t, []string{"a1", "b0"}, outside(p))

	add(t, p, entry("a", 0, 20))
	require.Equal(t, int64(20), dear.Bid())
	add(t, p, entry("a", 0, 2_000))
	require.Equal(t, []string{"a0", "a1", "b0"}, outside(p))
}
