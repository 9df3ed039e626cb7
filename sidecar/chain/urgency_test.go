package chain

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdkmath "cosmossdk.io/math"
)

// owed returns a batch with one commitment that is worth an amount.
func owed(loss, deadline int64) Batch {
	batch := Batch{Commits: fullBatch().Commits}
	batch.Stakes = map[Duty]Stake{{Commit, batch.Commits[0].Ref}: {Loss: sdkmath.NewInt(loss), Deadline: deadline}}
	return batch
}

// TestADutyThatNoBlockTakesIsBidForWithMoreEachTime: the price may have risen while it waited, or others
// may pay a little more.
func TestADutyThatNoBlockTakesIsBidForWithMoreEachTime(t *testing.T) {
	n := newFakeNode(t)
	n.loses = true
	s := n.sender(TxConfig{GasAdjustment: 1, TimeoutBlocks: 3})
	for range 3 {
		done, err := s.Submit(t.Context(), owed(1<<40, 1<<20), 100)
		require.ErrorIs(t, err, ErrNotIncluded)
		require.True(t, done.Items[0].Unsent)
	}
	n.mu.Lock()
	n.loses = false
	n.mu.Unlock()
	_, err := s.Submit(t.Context(), owed(1<<40, 1<<20), 100)
	require.NoError(t, err)
	_, err = s.Submit(t.Context(), owed(1<<40, 1<<20), 100)
	require.NoError(t, err)
	var fees []string
	last := ""
	for _, sent := range n.sent {
		if fee := sent.fee.String(); fee != last { // the same bytes are handed over again
			fees, last = append(fees, fee), fee
		}
	}
	require.Equal(t, []string{"1000000atfuel", "1300000atfuel", "1700000atfuel", "2200000atfuel", "1000000atfuel"}, fees)
}

func TestADutyIsNotBidForWithMoreThanItIsWorth(t *testing.T) {
	n := newFakeNode(t)
	n.loses = true
	s := n.sender(TxConfig{GasAdjustment: 1, TimeoutBlocks: 3})
	for range 3 {
		_, err := s.Submit(t.Context(), owed(24_000_000, 1<<20), 100)
		require.ErrorIs(t, err, ErrNotIncluded)
	}
	for _, sent := range n.sent {
		require.LessOrEqual(t, sent.fee.AmountOf("atfuel").Int64(), int64(1_200_000), "5 percent of what missing it costs")
	}
}

func TestADutyThatIsDueSoonMayCostMore(t *testing.T) {
	for name, c := range map[string]struct {
		left int64
		want error
	}{"later": {urgentBlocks + 20, ErrFeeCap}, "soon": {urgentBlocks - 20, nil}} {
		t.Run(name, func(t *testing.T) {
			n := newFakeNode(t)
			n.crowd = 100
			// Twice as much as the lane accepts for an item.
			n.gas = 2_000_000
			s := n.sender(TxConfig{GasAdjustment: 1})
			// 2,000,000 gas at 1,000 or a little more cost a fifth of this.
			_, err := s.Submit(t.Context(), owed(10_000_000_000, 100+c.left), 100)
			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestATransactionWaitsForAPartOfTheTimeThatIsLeft(t *testing.T) {
	for _, c := range []struct{ deadline, patience, want int64 }{
		{0, 0, 20},
		{1000, 0, 20},
		{160, 0, 20},
		{130, 0, 10},
		{110, 0, leastWait},
		{101, 0, leastWait},
		{90, 0, 20},
		{0, 6, 6},
		{1000, 6, 6},
	} {
		o := order{deadline: c.deadline, patience: c.patience}
		require.Equal(t, c.want, o.life(20, 100), "%+v", c)
	}
	o := order{deadline: 140}
	require.True(t, o.urgent(100))
	require.False(t, o.urgent(99))
	require.False(t, o.urgent(141), "it is late")
	require.False(t, (&order{}).urgent(100))
}

func TestWhatIsNotDueAnyMoreIsForgotten(t *testing.T) {
	m := misses{}
	pieces := owed(1, 1).pieces()
	m.note(pieces, ErrNotIncluded)
	require.Equal(t, 1, m.of(pieces))
	m.note(pieces, ErrPoolFull)
	require.Equal(t, 1, m.of(pieces))
	m.keep(nil)
	require.Empty(t, m)
	m.note(Batch{Claims: fullBatch().Claims}.pieces(), ErrNotIncluded)
	require.Empty(t, m, "a claim is no duty")
}
