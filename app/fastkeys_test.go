package app

import (
	"bytes"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
)

// order is the order of the group of secp256k1.
var order, _ = new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)

// numbers are values of r and s at the borders of what is valid.
func numbers() []*big.Int {
	half := new(big.Int).Rsh(order, 1)
	most := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	var numbers []*big.Int
	for _, n := range []*big.Int{big.NewInt(1), half, order, most} {
		numbers = append(numbers, new(big.Int).Sub(n, big.NewInt(1)), n)
		if n != most {
			numbers = append(numbers, new(big.Int).Add(n, big.NewInt(1)))
		}
	}
	return numbers
}

// TestFastKeysAcceptWhatTheSDKAccepts: a node that verifies in C and one that verifies in Go agree on
// every signature and every key, so that both accept the same blocks.
func TestFastKeysAcceptWhatTheSDKAccepts(t *testing.T) {
	t.Parallel()
	accepted, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		key := secp256k1.GenPrivKeyFromSecret(rapid.SliceOfN(rapid.Byte(), 1, 32).Draw(t, "secret"))
		message := rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "message")
		signature, err := key.Sign(message)
		require.NoError(t, err)
		public := slices.Clone(key.PubKey().Bytes())
		switch rapid.SampledFrom([]string{"none", "bit", "high s", "border", "length", "key", "prefix", "message"}).Draw(t, "fault") {
		case "bit":
			signature[rapid.IntRange(0, 63).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case "high s":
			s := new(big.Int).SetBytes(signature[32:])
			s.Sub(order, s).FillBytes(signature[32:])
		case "border":
			half := signature[32*rapid.IntRange(0, 1).Draw(t, "r or s"):][:32]
			rapid.SampledFrom(numbers()).Draw(t, "number").FillBytes(half)
		case "length":
			signature = append(signature, 0)[:rapid.IntRange(0, 65).Draw(t, "length")]
		case "key":
			public[rapid.IntRange(0, 32).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case "prefix":
			public = append([]byte{rapid.Byte().Draw(t, "prefix")}, public[1:]...)
			public = public[:rapid.IntRange(0, 33).Draw(t, "length")]
		case "message":
			message = append(bytes.Clone(message), 0)
		}
		slow := &secp256k1.PubKey{Key: public}
		expected := slow.VerifySignature(message, signature)
		require.Equal(t, expected, fastKey{slow}.VerifySignature(message, signature))
		if expected {
			accepted++
		} else {
			refused++
		}
	})
	require.Positive(t, accepted)
	require.Positive(t, refused)
}

// TestAFastKeyIsPackedAsTheKeyItContains: what is signed names the key's own type.
func TestAFastKeyIsPackedAsTheKeyItContains(t *testing.T) {
	t.Parallel()
	key := secp256k1.GenPrivKeyFromSecret([]byte("a key")).PubKey().(*secp256k1.PubKey)
	expected, err := codectypes.NewAnyWithValue(key)
	require.NoError(t, err)
	packed, err := codectypes.NewAnyWithValue(fastKey{key})
	require.NoError(t, err)
	require.Equal(t, expected.TypeUrl, packed.TypeUrl)
	require.Equal(t, expected.Value, packed.Value)
}

// Both in one run: go test -run '^$' -bench VerifySignature ./app.
func BenchmarkVerifySignature(b *testing.B) {
	key := secp256k1.GenPrivKeyFromSecret([]byte("a key"))
	signature, err := key.Sign([]byte("a message"))
	require.NoError(b, err)
	public := key.PubKey().(*secp256k1.PubKey)
	b.Run("C", func(b *testing.B) {
		for b.Loop() {
			require.True(b, fastKey{public}.VerifySignature([]byte("a message"), signature))
		}
	})
	b.Run("Go", func(b *testing.B) {
		for b.Loop() {
			require.True(b, public.VerifySignature([]byte("a message"), signature))
		}
	})
}
