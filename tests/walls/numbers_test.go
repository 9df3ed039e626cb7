package walls

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// laxAllowed returns the places where such a call is allowed, with the reason.
func laxAllowed() map[string]string {
	return map[string]string{
		"x/compute/types/placement.go": "a pattern has let decimal digits through that begin with no zero",
	}
}

func TestNumbersFromOutsideAreReadInBaseTen(t *testing.T) {
	requireNoLines(t, search{
		flags: nil, except: []string{"testutil", "tests"}, find: LaxNumbers, allowed: laxAllowed(),
		advice: "read amounts with money.ParseAmount, coins of queries with x/internal/coins, numbers in base 10",
	})
}

func TestLaxNumbersAreFound(t *testing.T) {
	for line, lax := range map[string]bool{
		`v, ok := math.NewIntFromString(text)`:         true,
		`coin, err := sdk.ParseCoinNormalized(text)`:   true,
		`n, err := strconv.ParseUint(text, 0, 64)`:     true,
		`n, err := strconv.ParseInt(cut(text), 0, 64)`: true,
		`new(big.Int).SetString(whole+fraction, 0)`:    true,
		`new(big.Int).SetString(whole+fraction, 10)`:   false,
		`n, err := strconv.ParseUint(text, 10, 64)`:    false,
		`coin, err := money.ParseAmount(text)`:         false,
		`strings.Repeat("0", exponent-len(fraction))`:  false,
	} {
		require.Equal(t, lax, len(LaxNumbers([]byte(line))) == 1, strings.TrimSpace(line))
	}
}
