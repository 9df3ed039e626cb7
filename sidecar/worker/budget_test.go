package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAWorkerMayAnswerAllOrdersAndNotMuchMore: the tasks of a chunk may follow each other
// without any pause.
func TestAWorkerMayAnswerAllOrdersAndNotMuchMore(t *testing.T) {
	now := time.Now()
	b := newBudget(now)
	for range 100 * budgetBurst {
		b.order()
		for range budgetOrder {
			require.True(t, b.take(now))
		}
	}
	for range budgetBurst {
		require.True(t, b.take(now))
	}
	require.False(t, b.take(now), "orders that were answered leave nothing over")

	b = newBudget(now)
	for range 10 {
		b.order()
	}
	reports := 0
	for b.take(now) {
		reports++
	}
	require.LessOrEqual(t, reports, budgetBurst+budgetOrder)
}
