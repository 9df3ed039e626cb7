package device

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestThePowerIsTheEnergySinceTheLastReading(t *testing.T) {
	now := time.Unix(0, 0)
	energy := map[string]uint64{}
	trouble := map[string]error{}
	ledger := NewLedger(func() time.Time { return now })
	_, err := ledger.Watts()
	require.ErrorIs(t, err, ErrNotMeasured)
	for _, id := range []string{"package", "card"} {
		ledger.Add(Counter{ID: id, Code: "rapl", Name: id, MostWatts: mostWattsCard, Read: func() (uint64, error) { return energy[id], trouble[id] }})
	}
	watts := func(after time.Duration, pack, card float64) (float64, error) {
		now = now.Add(after)
		energy["package"] += uint64(pack * float64(after.Microseconds()))
		energy["card"] += uint64(card * float64(after.Microseconds()))
		return ledger.Watts()
	}
	_, err = watts(time.Second, 10, 200)
	require.ErrorIs(t, err, ErrTooEarly)
	got, err := watts(time.Second, 10, 200)
	require.NoError(t, err)
	require.InDelta(t, 210, got, 0.01)
	got, err = watts(PowerSpan/2, 50, 300)
	require.NoError(t, err)
	require.InDelta(t, 210, got, 0.01, "a moment later, it is the same measurement")
	got, err = watts(time.Minute, 50, 300)
	require.NoError(t, err)
	require.InDelta(t, 350, got, 2)

	trouble["card"] = errors.New("the card has fallen off the bus")
	got, err = watts(time.Second, 20, 0)
	require.NoError(t, err)
	require.InDelta(t, 20, got, 0.01, "what can be read")
	energy["package"] = 0
	_, err = watts(time.Second, 0, 0)
	require.ErrorContains(t, err, "went back")
	require.ErrorContains(t, err, "fallen off the bus")
	trouble["card"] = nil
	_, err = watts(time.Second, 20, 100)
	require.NoError(t, err)
}
