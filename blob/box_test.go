package blob

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBoxIsTheHashOfTheTokenBytes(t *testing.T) {
	box, err := BoxOf(Token(strings.Repeat("00", 32)))
	require.NoError(t, err)
	require.Equal(t, "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925", box)
	for _, bad := range []Token{"", "abc", Token(strings.Repeat("g", 64)), Token(strings.Repeat("0", 66))} {
		_, err := BoxOf(bad)
		require.ErrorContains(t, err, "64 hex characters")
	}
	first, err := NewToken()
	require.NoError(t, err)
	second, err := NewToken()
	require.NoError(t, err)
	require.NotEqual(t, first, second)
}
