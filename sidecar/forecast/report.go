package forecast

import (
	"math"
	"slices"
	"strconv"
)

// Report is a forecast for the next week, and how wrong earlier ones were.
type Report struct {
	Next Forecast `json:"next"`
	// Ended is the number of earlier forecasts whose week is over, and Inside the number of those in whose interval
	// the earnings were.
	Ended  int `json:"ended"`
	Inside int `json:"inside"`
	// ErrorPercent is the error of the median, as a part of it, that half of these forecasts did not exceed.
	ErrorPercent float64 `json:"error_percent,omitempty"`
	// Past contains the forecasts whose weeks ended last, newest first: one for each week.
	Past []Issued `json:"past,omitempty"`
}

// pastShown is the number of earlier forecasts in a report.
const pastShown = 8

// Report returns the forecast from the hours up to now.
func (b *Book) Report() Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := Report{Next: Next(b.pages.Hours)}
	var errs []float64
	for _, issued := range b.pages.Issued {
		if !issued.Ended || issued.Kind != Known {
			continue
		}
		out.Ended++
		if issued.Earned >= issued.Low && issued.Earned <= issued.High {
			out.Inside++
		}
		errs = append(errs, 100*math.Abs(issued.Earned-issued.Median)/issued.Median)
	}
	if len(errs) > 0 {
		slices.Sort(errs)
		out.ErrorPercent = quantile(errs, 0.5)
	}
	end := int64(math.MaxInt64)
	for _, issued := range slices.Backward(b.pages.Issued) {
		if issued.Ended && issued.Kind == Known && len(out.Past) < pastShown && issued.At+week <= end {
			out.Past = append(out.Past, issued)
			end = issued.At
		}
	}
	return out
}

// Amount formats an estimate with as many digits as it deserves.
func Amount(coins float64) string {
	digits := 0
	switch size := math.Abs(coins); {
	case size < 0.1:
		digits = 4
	case size < 1:
		digits = 3
	case size < 10:
		digits = 2
	case size < 100:
		digits = 1
	}
	return strconv.FormatFloat(coins, 'f', digits, 64)
}
