package transfer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestATransferEndsAtItsDeadlineUnlessThatHasMoved(t *testing.T) {
	ends := make(chan error, 1)
	start := func(total time.Duration) *watch {
		w := newWatch(ClientConfig{StallTimeout: time.Hour, MinRate: 1, Timeout: total}, func(err error) { ends <- err })
		t.Cleanup(w.stop)
		return w
	}
	w := start(2 * time.Hour)
	w.check()
	require.Empty(t, ends, "its deadline lies ahead")
	w.Move(9)
	w.until(time.Now())
	w.check()
	err := <-ends
	require.ErrorIs(t, err, ErrTooSlow)
	require.ErrorContains(t, err, "at least 1 bytes a second, found 9 bytes in 1h0m0s")

	w = start(2 * time.Hour)
	w.until(time.Now())
	w.stop()
	w.check()
	require.Empty(t, ends, "it has ended")

	start(0)
	err = <-ends
	require.ErrorIs(t, err, ErrTooSlow)
	require.ErrorContains(t, err, "to end within 0s")
}
