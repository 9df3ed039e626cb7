package walls

import (
	"os"
	"path/filepath"
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
	packages, err := list(nil, "./...")
	require.NoError(t, err)
	files := 0
	allowed := laxAllowed()
	for _, pkg := range packages {
		if in(ours(pkg.ImportPath), "testutil", "tests") {
			continue
		}
		for _, name := range append(append([]string{}, pkg.GoFiles...), pkg.CgoFiles...) {
			if generated(name) {
				continue
			}
			source, err := os.ReadFile(filepath.Join(pkg.Dir, name))
			require.NoError(t, err)
			files++
			place := ours(pkg.ImportPath) + "/" + name
			found := LaxNumbers(source)
			if _, fine := allowed[place]; fine {
				require.NotEmpty(t, found, "%s needs no exception any more", place)
				delete(allowed, place)
				continue
			}
			require.Empty(t, found, "%s: read amounts with money.ParseAmount, coins of queries with x/internal/coins, numbers in base 10", place)
		}
	}
	require.Greater(t, files, 200)
	require.Empty(t, allowed, "exceptions for files that are not there")
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
