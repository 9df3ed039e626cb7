package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/thetaedge/theta/sidecar/earnings"
)

// spanText formats a number of milliseconds.
func spanText(ms uint64) string {
	span := time.Duration(min(ms, uint64(1)<<52)) * time.Millisecond //nolint:gosec // bounded
	switch {
	case span < 10*time.Second:
		return fmt.Sprintf("%.1f s", span.Seconds())
	case span < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(span.Minutes()), int(span.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(span.Hours()), int(span.Minutes())%60)
}

// momentText formats a time in the time zone of the machine.
func momentText(at any) string {
	if t := timeOf(at); !t.IsZero() {
		return t.Local().Format("2006-01-02 15:04:05")
	}
	return "–"
}

// stampText formats a time for browsers.
func stampText(at any) string {
	if t := timeOf(at); !t.IsZero() {
		return t.UTC().Format(time.RFC3339)
	}
	return ""
}

// timeOf returns a time; the zero time if there is none.
func timeOf(at any) time.Time {
	switch at := at.(type) {
	case time.Time:
		return at
	case *timestamppb.Timestamp:
		if at != nil {
			return at.AsTime()
		}
	}
	return time.Time{}
}

// energyText formats millijoules.
func energyText(mj uint64) string {
	const kilo, mega = 1_000_000, 1_000_000_000
	switch {
	case mj < kilo:
		return fmt.Sprintf("%.1f J", float64(mj)/1000)
	case mj < 3*mega:
		return fmt.Sprintf("%.1f kJ", float64(mj)/kilo)
	}
	return fmt.Sprintf("%.3f kWh", float64(mj)/3.6e9)
}

// countText formats a number with spaces between groups of three digits.
func countText(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	out := make([]byte, 0, len(digits)+len(digits)/3)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out = append(out, "\u202f"...) // a space that does not break the line
		}
		out = append(out, digits[i])
	}
	return string(out)
}

// sizeText formats a number of bytes.
func sizeText(n uint64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
}

// rateText formats an amount per hour in base units. Above one tfuel it has three digits after the point: the rest says
// nothing about the next hour.
func rateText(amount string) string {
	const shown = 3
	text := earnings.AmountText(amount)
	number, unit, _ := strings.Cut(text, " ")
	whole, fraction, _ := strings.Cut(number, ".")
	if strings.Trim(whole, "-−0") == "" || len(fraction) <= shown {
		return text
	}
	return whole + "." + fraction[:shown] + " " + unit
}
