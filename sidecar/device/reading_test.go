package device

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAReadingIsEitherANumberOrAReason(t *testing.T) {
	for text, r := range map[string]Reading{
		`{"value":0}`:           Measured(0),
		`{"value":-5}`:          Measured(-5),
		`{"missing":"no file"}`: NotMeasured("no file"),
		`{"missing":"the driver does not report it"}`: {},
	} {
		raw, err := json.Marshal(r)
		require.NoError(t, err)
		require.JSONEq(t, text, string(raw))
		var back Reading
		require.NoError(t, json.Unmarshal(raw, &back))
		want, has := r.Value()
		got, measured := back.Value()
		require.Equal(t, has, measured)
		require.Equal(t, want, got)
		require.Equal(t, r.Reason(), back.Reason())
	}
	for _, wrong := range []string{`{}`, `{"value":1,"missing":"x"}`, `[]`} {
		require.Error(t, json.Unmarshal([]byte(wrong), &Reading{}), wrong)
	}
}

func TestNumbersThatCannotBeTrueAreNotMeasured(t *testing.T) {
	s := NoState("")
	s.Temperature, s.Busy, s.Power, s.MemoryUsed = Measured(900_000), Measured(400), Measured(-1), Measured(math.MaxInt64)
	s = s.plausible()
	for _, r := range []Reading{s.Temperature, s.Busy, s.Power, s.MemoryUsed} {
		_, measured := r.Value()
		require.False(t, measured)
		require.Contains(t, r.Reason(), "expected a number from")
	}
	_, measured := readingOf(uint64(math.MaxUint64), nil).Value()
	require.False(t, measured)
	_, measured = Measured(math.MaxInt64).scaled(1000, 1).Value()
	require.False(t, measured)
	value, measured := Measured(142_000_000).scaled(1, 1000).Value()
	require.True(t, measured)
	require.EqualValues(t, 142_000, value)
}
