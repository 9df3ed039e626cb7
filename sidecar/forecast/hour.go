package forecast

import "time"

// Hour is what is known about an hour. Amounts are in tfuel; they are estimates and not accounts.
type Hour struct {
	// At is the number of the hour since 1970 in UTC.
	At int64 `json:"at"`
	// Market is what the class has paid in the hour.
	Market float64 `json:"market"`
	// Share is the node's part of the weight of its class, from 0 to 1.
	Share float64 `json:"share"`
	// Online is the part of the hour in which the node could work, from 0 to 1.
	Online float64 `json:"online"`
	// Earned is what the node has earned in the hour; lost bond makes it negative.
	Earned float64 `json:"earned"`
}

// HourOf returns the number of the hour of a time.
func HourOf(at time.Time) int64 { return at.Unix() / 3600 }

const (
	// day and week are in hours.
	day  = 24
	week = 7 * day
	// kept is the number of hours that count: twelve weeks.
	kept = 12 * week
)

// earnedIn returns what was earned in hours.
func earnedIn(hours []Hour) float64 {
	sum := 0.0
	for _, h := range hours {
		sum += h.Earned
	}
	return sum
}
