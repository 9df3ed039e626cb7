package tokenizer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/examples/textgen/tokenizer"
)

func TestEncodeAndDecodeAreInverse(t *testing.T) {
	alphabet, err := tokenizer.FromText([]byte("hello, world"))
	require.NoError(t, err)
	require.Equal(t, "\n ,dehlorw", string(alphabet.Characters()))

	symbols, err := alphabet.Encode([]byte("world\nhello"))
	require.NoError(t, err)
	require.Len(t, symbols, 11)
	require.Equal(t, "world\nhello", string(alphabet.Decode(symbols)))
}

func TestTypographyIsFoldedToPlainText(t *testing.T) {
	alphabet, err := tokenizer.FromText([]byte(`"It's - so."`))
	require.NoError(t, err)
	symbols, err := alphabet.Encode([]byte("\ufeff“It’s — so…”\r\n"))
	require.NoError(t, err)
	require.Equal(t, "\"It's -- so...\"\n", string(alphabet.Decode(symbols)))
}

func TestUnknownCharacterIsNamed(t *testing.T) {
	alphabet, err := tokenizer.FromText([]byte("abc"))
	require.NoError(t, err)
	_, err = alphabet.Encode([]byte("ab€"))
	require.ErrorContains(t, err, "found '€' at byte 2")
	_, err = alphabet.Encode([]byte("abd"))
	require.ErrorContains(t, err, "found 'd' at byte 2")
	_, err = alphabet.Encode([]byte{'a', 0xff})
	require.ErrorContains(t, err, "expected utf-8")
}

func TestBadAlphabetIsRefused(t *testing.T) {
	for name, characters := range map[string]string{
		"empty":          "",
		"no line break":  "abc",
		"not increasing": "\nba",
		"repeated":       "\naa",
		"not ascii":      "\na\x80",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tokenizer.New([]byte(characters))
			require.ErrorContains(t, err, "alphabet: expected")
		})
	}
}
