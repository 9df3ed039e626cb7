package web

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheLastLinesAreKeptNewestFirst(t *testing.T) {
	logs := NewLogs()
	logger := slog.New(logs.Handler(slog.LevelInfo)).With("part", "a b")
	logger.Debug("not kept")
	for range linesKept {
		logger.Info("old")
	}
	logger.Warn("a warning", "error", "two\nlines")
	logger.Error(strings.Repeat("long", lineBytes))
	_, err := logs.Write([]byte("\xff\x00 no line of the handler"))
	require.NoError(t, err)
	all := logs.latest()
	require.Len(t, all, linesKept)
	require.Equal(t, "\uFFFD\x00 no line of the handler", all[0].Text)
	require.Equal(t, "ERROR", all[1].Level)
	require.LessOrEqual(t, len(all[1].Text), lineBytes)
	require.Equal(t, `"a warning" part="a b" error="two\nlines"`, all[2].Text)
	require.Regexp(t, `^\d\d-\d\d \d\d:\d\d:\d\d$`, all[2].Time)
	require.Len(t, logs.latest("WARN", "ERROR"), 2)
}

func TestReadingsAreKeptForAnHourWithGaps(t *testing.T) {
	h := newHistory()
	now := (&clock{}).at
	for i := range kept + 10 {
		r := Reading{Name: "cpu", Unit: "%", Value: float64(i)}
		if i%2 == 1 {
			r.Missing = "a gap"
		}
		h.add(now, []Reading{r, {Name: "power", Missing: "no meter"}})
	}
	times, charts := h.charts()
	require.Len(t, times, kept)
	require.Len(t, charts, 2)
	require.Len(t, charts[0].Values, kept)
	require.Nil(t, charts[0].Values[kept-1])
	require.Equal(t, float64(kept+8), *charts[0].Values[kept-2])
	require.Equal(t, 10.0, charts[0].Least)
	require.Equal(t, float64(kept+8), charts[0].Most)
	require.False(t, charts[1].Drawn)
	require.Equal(t, "no meter", charts[1].Missing)
}
