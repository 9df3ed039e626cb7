package bls_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/beacon/bls"
)

const quicknet = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c" +
	"8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb" +
	"5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"

// published contains rounds of quicknet as the network published them. Only the network could
// have made them, so the fact that they verify proves that they are genuine.
func published() map[uint64]string {
	return map[uint64]string{
		123:      "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92",
		1000:     "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
		1001:     "b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41",
		1002:     "ab066f9c12dd6de1336fca0f925192fb0c72a771c3e4c82ede1fd362c1a770f9eb05843c6308ce2530b53a99c0281a6e",
		1003:     "b104c82771698f45fd8dcfead083d482694c31ab519bcef077f126f3736fe98c8392fd5d45d88aeb76b56ccfcb0296d7",
		32398885: "8f6d5ddd520329a4ce9a25db41c0552a5ac04bd56577138cbb0ec2b9326af2b8012c7dc2c5bcddc439d922c93a281d24",
	}
}

func parse(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	require.NoError(t, err)
	return raw
}

func TestPublishedQuicknetRoundsVerify(t *testing.T) {
	key, err := bls.ParsePublicKey(quicknet)
	require.NoError(t, err)
	require.Equal(t, quicknet, key.String())
	for round, signature := range published() {
		require.NoError(t, key.Verify(round, parse(t, signature)), "round %d", round)
		require.ErrorIs(t, key.Verify(round+1, parse(t, signature)), bls.ErrForged, "round %d as %d", round, round+1)
	}
}

func TestRandomnessIsWhatTheNetworkPublishes(t *testing.T) {
	require.Equal(t,
		"fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd",
		hex.EncodeToString(bls.Randomness(parse(t, published()[1000]))))
	require.Equal(t,
		"b6d412641a7d58b20ef5dded4ae48e9358cc35710f90961d8fe6e99d0e0281ef",
		hex.EncodeToString(bls.Randomness(parse(t, published()[32398885]))))
}

func BenchmarkVerify(b *testing.B) {
	key, err := bls.ParsePublicKey(quicknet)
	require.NoError(b, err)
	signature := parse(b, published()[1000])
	for b.Loop() {
		if err := key.Verify(1000, signature); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParsePublicKey(b *testing.B) {
	for b.Loop() {
		if _, err := bls.ParsePublicKey(quicknet); err != nil {
			b.Fatal(err)
		}
	}
}
