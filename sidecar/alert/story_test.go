package alert

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/overview"
)

func TestALeaseThatEndsIsToldAlsoAfterItWasLow(t *testing.T) {
	b := newBench(t, nil)
	lease := func(seconds int64) func(*overview.Snapshot) {
		return func(s *overview.Snapshot) { s.Chain.LeaseSeconds = seconds }
	}
	b.over(time.Hour, lease(3600))
	b.over(time.Hour, lease(0))
	require.Equal(t, []string{"The lease ends soon", "The lease has ended"}, b.told())
	b.over(time.Hour, lease(3600))
	require.Equal(t, []string{"The lease ends soon", "The lease has ended", "Over: The lease has ended"}, b.told())
	b.over(time.Hour, nil)
	require.Contains(t, b.told(), "Over: The lease ends soon")
}

// TestTheEndOfAStoryHasTheNameOfItsBeginning: a grant that was low may be gone in the meantime.
func TestTheEndOfAStoryHasTheNameOfItsBeginning(t *testing.T) {
	b := newBench(t, nil)
	b.over(time.Hour, func(s *overview.Snapshot) { s.Chain.Grant.Left = "999" })
	b.restart(t)
	b.over(time.Hour, func(s *overview.Snapshot) { s.Chain.Grant = &overview.Grant{None: true} })
	b.over(time.Hour, nil)
	require.Equal(t, []string{"The fee grant is low", "Over: The fee grant is low"}, b.told())
}

// TestSumsThatForgotADayAreNotToldAsALoss: the ledger keeps some years, and its file may be lost.
func TestSumsThatForgotADayAreNotToldAsALoss(t *testing.T) {
	b := newBench(t, nil)
	paid := func(jobs uint64, pay string) func(*overview.Snapshot) {
		return func(s *overview.Snapshot) { s.Total.Paid, s.Total.Pay = jobs, pay }
	}
	b.over(time.Hour, paid(100, "5000000000000000000"))
	b.over(25*time.Hour, paid(101, "1000000000000000000"))
	require.Empty(t, b.told())
	b.over(25*time.Hour, paid(102, "1500000000000000000"))
	require.Equal(t, []string{"Paid: 0.5 tfuel"}, b.told())
}
