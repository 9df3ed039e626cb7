package jobfile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSizesCountInTheirUnits(t *testing.T) {
	for text, want := range map[string]Bytes{"12": 12, "1KB": 1000, "64MiB": 64 << 20, "2 GiB": 2 << 30, "7B": 7} {
		got, err := ParseBytes(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "MiB", "-1", "1.5MiB", "9999999999GiB", "1TiB"} {
		_, err := ParseBytes(text)
		require.Error(t, err, text)
	}
}

func TestCountsAreDecimal(t *testing.T) {
	for text, want := range map[string]Count{
		"1": 1, "5_000_000_000": 5_000_000_000, "5e9": 5_000_000_000, "2.5e3": 2500, "18446744073709551615": 1<<64 - 1,
	} {
		got, err := ParseCount(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{
		"", "0", "010", "0x10", "0b1", "0o7", "-1", "+1", "1_", "_1", "1__0", "1.5", "2.5e0", "1e-3", "1e99", "18446744073709551616", "１", "1 ", "NaN", ".inf", "1/2",
	} {
		_, err := ParseCount(text)
		require.Error(t, err, text)
	}
}
