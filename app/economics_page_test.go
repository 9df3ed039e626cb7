package app_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"
)

// economicsPage returns docs/economics.md.
func economicsPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/economics.md")
	require.NoError(t, err)
	return string(page)
}

// rowsOf returns the cells of each row of the tables of a text, without rows of dashes.
func rowsOf(text string) [][]string {
	var rows [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| ") || !strings.HasSuffix(line, " |") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

// figures returns the rows of the page that consist of a name and of numbers, by their names.
func figures(t *testing.T) map[string][]string {
	t.Helper()
	number := regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	found := map[string][]string{}
	for _, row := range rowsOf(economicsPage(t)) {
		if slices.ContainsFunc(row[1:], func(cell string) bool { return !number.MatchString(cell) }) {
			continue
		}
		require.NotContains(t, found, row[0], "two rows have one name")
		found[row[0]] = row[1:]
	}
	return found
}

// decimal writes an amount in a unit of 10^decimals, as the page does.
func decimal(amount math.Int, decimals int64) string {
	text := math.LegacyNewDecFromIntWithPrec(amount, decimals).String()
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
