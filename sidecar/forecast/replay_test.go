package forecast_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/forecast"
)

const week = 7 * 24

// replay plays a market for some weeks and forecasts each week from those before it.
type replay struct {
	forecasts []forecast.Forecast
	earned    []float64
}

func play(seed uint64, weeks int) replay {
	m := newMarket(seed)
	var out replay
	var hours []forecast.Hour
	for range weeks {
		out.forecasts = append(out.forecasts, forecast.Next(hours))
		sum := 0.0
		for range week {
			h := m.next()
			sum += h.Earned
			hours = append(hours, h)
		}
		out.earned = append(out.earned, sum)
	}
	return out
}

// score counts forecasts.
type score struct {
	known, inside, below, above, short, unsteady int
	widths, errs                                 []float64
}

func (s *score) add(f forecast.Forecast, earned float64) {
	switch f.Kind {
	case forecast.TooShort:
		s.short++
		return
	case forecast.TooUnsteady:
		s.unsteady++
		return
	case forecast.Known:
	}
	s.known++
	s.widths = append(s.widths, f.High/f.Low)
	s.errs = append(s.errs, math.Abs(earned-f.Median)/f.Median)
	switch {
	case earned < f.Low:
		s.below++
	case earned > f.High:
		s.above++
	default:
		s.inside++
	}
}

func (s *score) coverage() float64 { return float64(s.inside) / float64(s.known) }

func middle(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// TestFourOfFiveReplayedWeeksAreInsideOfTheInterval replays markets with a daily rhythm, trends, bursts, nodes that
// join and leave, and nodes of different weights, week by week. Nothing in it is drawn anew from run to run.
func TestFourOfFiveReplayedWeeksAreInsideOfTheInterval(t *testing.T) {
	const seeds, weeks = 120, 26
	var all, young, old score
	for seed := range uint64(seeds) {
		r := play(seed, weeks)
		for i, f := range r.forecasts {
			all.add(f, r.earned[i])
			if i < 6 {
				young.add(f, r.earned[i])
			} else {
				old.add(f, r.earned[i])
			}
		}
	}
	for name, s := range map[string]*score{"all": &all, "weeks 1 to 5": &young, "later": &old} {
		t.Logf("%s: %d forecasts, %.1f%% inside, %d below, %d above, %d too short, %d too unsteady; high/low median %.2f, most %.2f; median error %.0f%%",
			name, s.known, 100*s.coverage(), s.below, s.above, s.short, s.unsteady, middle(s.widths), slices.Max(s.widths), 100*middle(s.errs))
		require.GreaterOrEqual(t, s.coverage(), 0.75, name)
		require.LessOrEqual(t, s.coverage(), 0.90, name)
		require.LessOrEqual(t, slices.Max(s.widths), 3.0, name)
		require.Less(t, float64(s.unsteady), 0.05*float64(s.known), "a forecast is refused seldom")
	}
	require.GreaterOrEqual(t, all.short, seeds, "nothing is said in the first week")
	require.Less(t, all.short, 2*seeds)
}
