package forecast

import (
	"math"
	"slices"
)

const (
	// leastHours is the history without which there is no forecast, and leastPaid the number of hours in it in
	// which something was earned.
	leastHours, leastPaid = week, 10
	// levelHalf is the age in hours at which an hour counts half for the pay of the market and for the time that the
	// node works, and yieldHalf for the part of its share that it turns into earnings, which changes less.
	levelHalf, yieldHalf = 4 * day, 14 * day
	// priorSpread is the standard deviation of the logarithm of the error in an ordinary market, and priorWeeks the
	// number of weeks of own errors that count as much as it.
	priorSpread, priorWeeks = 0.30, 3
	// tail is the part that an interval leaves out on each side, and tailDeviations where that begins in a normal
	// distribution.
	tail, tailDeviations = 0.10, 1.2816
	// widest is the largest quotient of the ends of an interval.
	widest = 3
)

// Kind says whether there is a forecast.
type Kind string

// These are the kinds of forecasts.
const (
	// Known means that there is one.
	Known Kind = "known"
	// TooShort means that there is not enough history yet.
	TooShort Kind = "too_short"
	// TooUnsteady means that what the node earned changed so much from week to week that an interval would be wider
	// than a factor of three.
	TooUnsteady Kind = "too_unsteady"
)

// Forecast is what a node is expected to earn in a week, in tfuel.
type Forecast struct {
	Kind Kind `json:"kind"`
	// Median is as likely too low as too high. Low and High contain what is earned in four of five weeks.
	Low    float64 `json:"low,omitempty"`
	Median float64 `json:"median,omitempty"`
	High   float64 `json:"high,omitempty"`
	// Weeks is the length of the history from which it comes.
	Weeks float64 `json:"weeks"`
	// ClassHour is what the class of the node was paid in an hour of the last day, on average and
	// before the chain's split, and ClassShare this node's part of it by weight in a week in which it works all the time. They are there from the first hour on, and
	// promise less than a forecast: they do not know how much of its part the node turns into earnings.
	ClassHour  float64 `json:"class_hour,omitempty"`
	ClassShare float64 `json:"class_share,omitempty"`
}

// Next returns the forecast for the week after hours that follow each other without gaps.
func Next(hours []Hour) Forecast {
	hours = hours[max(0, len(hours)-kept):]
	out := Forecast{Kind: TooShort, Weeks: float64(len(hours)) / week}
	out.ClassHour, out.ClassShare = classOf(hours[max(0, len(hours)-day):])
	middle, known := middleOf(hours)
	if !known {
		return out
	}
	low, centre, high := bounds(errorsOf(hours))
	out.Low, out.Median, out.High = middle*math.Exp(low), middle*math.Exp(centre), middle*math.Exp(high)
	out.Kind = Known
	if out.High > widest*out.Low {
		out.Kind, out.Low, out.Median, out.High = TooUnsteady, 0, 0, 0
	}
	return out
}

// classOf returns what the class was paid per hour, and the part of it that a week of the node has by weight. Hours in
// which the node had no weight do not count for its part.
func classOf(hours []Hour) (perHour, share float64) {
	weighted := 0.0
	for _, h := range hours {
		perHour += h.Market / float64(len(hours))
		if h.Share > 0 {
			share += h.Share
			weighted++
		}
	}
	if weighted == 0 {
		return perHour, 0
	}
	return perHour, share / weighted * perHour * week
}

// middleOf returns the middle of the forecast for the week after hours, before any correction.
func middleOf(hours []Hour) (middle float64, known bool) {
	if len(hours) < leastHours {
		return 0, false
	}
	// pay is what the class pays while the node works, in an hour of any kind.
	var pay, weights, earned, due, share float64
	paid := 0
	for i, h := range hours {
		// Whole days have the same weight, so that the time of day does not matter.
		age := float64((len(hours) - 1 - i) / day * day)
		recent, long := math.Exp2(-age/levelHalf), math.Exp2(-age/yieldHalf)
		pay += recent * h.Market * h.Online
		weights += recent
		earned += long * h.Earned
		due += long * h.Market * h.Share * h.Online
		if h.Earned > 0 {
			paid++
		}
	}
	for _, h := range hours[len(hours)-day:] {
		share += h.Share / day
	}
	if paid < leastPaid || due <= 0 || earned <= 0 {
		return 0, false
	}
	// The share of the last day counts, and not those of the days from which the pay comes. A machine that works when
	// the class pays little is not a special case, because both sums contain only the hours in which it worked.
	middle = earned / due * share * pay / weights * week
	return middle, middle > 0
}

// errorsOf returns the logarithms of what was earned in the week after each earlier day, divided by the middle of the
// forecast on that day.
func errorsOf(hours []Hour) []float64 {
	var errs []float64
	for end := len(hours) - week; end >= leastHours; end -= day {
		middle, known := middleOf(hours[max(0, end-kept):end])
		if !known {
			continue
		}
		// A week without earnings counts as one with a tenth of the middle: its logarithm would have no end.
		earned := max(earnedIn(hours[end:end+week]), middle/10)
		errs = append(errs, math.Log(earned/middle))
	}
	slices.Sort(errs)
	return errs
}

// bounds returns the logarithms by which the middle of a forecast is multiplied for the low end, the median and
// the high end, from sorted errors of earlier days.
func bounds(errs []float64) (low, centre, high float64) {
	prior := tailDeviations * priorSpread
	if len(errs) == 0 {
		return -prior, 0, prior
	}
	// Errors of neighbouring days share six of seven days, so that seven of them are worth little more than one.
	weeks := float64(len(errs)) / 7
	own := weeks / (weeks + priorWeeks)
	centre = own * quantile(errs, 0.5)
	low = own*quantile(errs, tail) - (1-own)*prior
	high = own*quantile(errs, 1-tail) + (1-own)*prior
	return min(low, centre), centre, max(high, centre)
}

// quantile returns a quantile of sorted numbers, between them in proportion.
func quantile(sorted []float64, at float64) float64 {
	place := at * float64(len(sorted)-1)
	below := int(math.Floor(place))
	above := min(below+1, len(sorted)-1)
	part := place - float64(below)
	return sorted[below]*(1-part) + sorted[above]*part
}
