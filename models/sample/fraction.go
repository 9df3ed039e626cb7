package sample

import (
	"fmt"
	"strconv"
	"strings"
)

// Million is 1 as a number of millionths.
const Million = 1_000_000

// maxWhole is the highest whole part of a fraction.
const maxWhole = 1000

// ParseMillionths reads a decimal number such as 0.7 or 1e-3 as a number of millionths, without
// floating-point arithmetic. It refuses numbers below 0, above 1,000, and with more than six
// places.
func ParseMillionths(text string) (int64, error) {
	fail := fmt.Errorf("expected a decimal number from 0 to %d with at most six places, found %.40q", maxWhole, text)
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(text), "e")
	shift := 6
	if hasExponent {
		n, err := strconv.ParseInt(exponent, 10, 8) // with a sign or without
		if err != nil {
			return 0, fail
		}
		shift += int(n)
	}
	whole, places, hasPlaces := strings.Cut(mantissa, ".")
	if whole == "" || hasPlaces && places == "" || len(text) > 40 {
		return 0, fail
	}
	digits := strings.TrimLeft(whole+places, "0")
	shift -= len(places)
	for shift < 0 && strings.HasSuffix(digits, "0") {
		digits = digits[:len(digits)-1]
		shift++
	}
	if digits == "" {
		if strings.Trim(whole+places, "0") != "" {
			return 0, fail
		}
		return 0, nil
	}
	if shift < 0 || shift > 12 || len(digits)+shift > 12 {
		return 0, fail
	}
	n, err := strconv.ParseUint(digits+strings.Repeat("0", shift), 10, 63)
	if err != nil || n > maxWhole*Million {
		return 0, fail
	}
	return int64(n), nil
}
