package guard

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheClockCountsLittleOfASuspension(t *testing.T) {
	began := time.Now()
	c := &clock{seen: began}
	require.Equal(t, 50*time.Millisecond, c.look(began.Add(50*time.Millisecond)))
	require.Equal(t, 150*time.Millisecond, c.look(began.Add(150*time.Millisecond)))
	require.Equal(t, 150*time.Millisecond+mostPause, c.look(began.Add(time.Hour)))
	require.Equal(t, 150*time.Millisecond+mostPause, c.look(began), "a look that comes late counts nothing twice")
	require.Equal(t, 160*time.Millisecond+mostPause, c.look(began.Add(time.Hour+10*time.Millisecond)))
}
