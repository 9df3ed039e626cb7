package bls_test

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/beacon/bls"
)

// modulus is the order of BLS12-381's base field.
func modulus(t testing.TB) *big.Int {
	t.Helper()
	p, ok := new(big.Int).SetString("1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16)
	require.True(t, ok)
	return p
}

func sign(t testing.TB, key bls.SecretKey, round uint64) []byte {
	t.Helper()
	signature, err := key.Sign(round)
	require.NoError(t, err)
	return signature
}

func TestSignaturesOfAnotherLengthAreNoSignatures(t *testing.T) {
	key := bls.GenerateKey()
	good := sign(t, key, 7)
	for _, n := range []int{0, 1, 47} {
		require.ErrorIs(t, key.Public().Verify(7, good[:n]), bls.ErrEncoding, "%d bytes", n)
	}
	require.ErrorIs(t, key.Public().Verify(7, append(good, 0)), bls.ErrEncoding)
	require.ErrorIs(t, key.Public().Verify(7, append(good, good...)), bls.ErrEncoding)
}

func TestInfinityIsNeitherSignatureNorKey(t *testing.T) {
	signature := make([]byte, bls.SignatureSize)
	signature[0] = 0xc0
	require.ErrorIs(t, bls.GenerateKey().Public().Verify(7, signature), bls.ErrEncoding)

	key := make([]byte, bls.PublicKeySize)
	key[0] = 0xc0
	_, err := bls.ParsePublicKey(hex.EncodeToString(key))
	require.ErrorIs(t, err, bls.ErrEncoding)
}

// A coordinate plus the modulus is the same field element. If it were accepted, a round would
// have two signatures and two random values.
func TestACoordinateBeyondTheModulusIsRefused(t *testing.T) {
	key := bls.GenerateKey()
	tried := 0
	for round := uint64(1); round <= 60; round++ {
		again, ok := addModulus(t, sign(t, key, round))
		if !ok {
			continue
		}
		tried++
		require.ErrorIs(t, key.Public().Verify(round, again), bls.ErrEncoding, "round %d", round)
	}
	require.Positive(t, tried)
}

func addModulus(t testing.TB, signature []byte) ([]byte, bool) {
	t.Helper()
	flags := signature[0] & 0xe0
	raw := append([]byte{signature[0] & 0x1f}, signature[1:]...)
	x := new(big.Int).Add(new(big.Int).SetBytes(raw), modulus(t))
	if x.BitLen() > 381 {
		return nil, false
	}
	again := x.FillBytes(make([]byte, bls.SignatureSize))
	again[0] |= flags
	return again, true
}

// Most points of the curve are outside of the subgroup of prime order (the cofactor is about
// 2^125), so points that are found at random all are.
func TestPointsOutsideTheSubgroupAreRefused(t *testing.T) {
	key := bls.GenerateKey().Public()
	outside := 0
	for i := byte(0); i < 64; i++ {
		sum := sha256.Sum256([]byte{i})
		raw := make([]byte, bls.SignatureSize)
		copy(raw[1:], sum[:])
		raw[0] = 0x80
		err := key.Verify(7, raw)
		require.ErrorIs(t, err, bls.ErrEncoding)
		if err.Error() == bls.ErrEncoding.Error()+": point is not on correct subgroup" {
			outside++
		}
	}
	require.Greater(t, outside, 10, "about half of all x are on the curve")

	outside = 0
	for i := byte(0); i < 64; i++ {
		sum := sha256.Sum256([]byte{i})
		raw := make([]byte, bls.PublicKeySize)
		copy(raw[1:], sum[:])
		copy(raw[49:], sum[:])
		raw[0] = 0x80
		_, err := bls.ParsePublicKey(hex.EncodeToString(raw))
		require.ErrorIs(t, err, bls.ErrEncoding)
		if err.Error() == bls.ErrEncoding.Error()+": point is not on correct subgroup" {
			outside++
		}
	}
	require.Greater(t, outside, 10)
}

func TestOnlyTheKeyOfTheRoundSignsIt(t *testing.T) {
	a, b := bls.GenerateKey(), bls.GenerateKey()
	require.NoError(t, a.Public().Verify(7, sign(t, a, 7)))
	require.ErrorIs(t, a.Public().Verify(7, sign(t, b, 7)), bls.ErrForged)
	require.ErrorIs(t, a.Public().Verify(7, sign(t, a, 8)), bls.ErrForged)
	require.Equal(t, sign(t, a, 7), sign(t, a, 7))
}

func TestAnyFlippedBitIsRefused(t *testing.T) {
	key := bls.GenerateKey()
	rapid.Check(t, func(t *rapid.T) {
		round := rapid.Uint64Range(1, 1<<40).Draw(t, "round")
		signature, err := key.Sign(round)
		require.NoError(t, err)
		bit := rapid.IntRange(0, 8*bls.SignatureSize-1).Draw(t, "bit")
		signature[bit/8] ^= 1 << (bit % 8)
		require.Error(t, key.Public().Verify(round, signature))
	})
}

func TestSecretKeysSurviveTheirText(t *testing.T) {
	key := bls.GenerateKey()
	text, err := key.Hex()
	require.NoError(t, err)
	again, err := bls.ParseSecretKey(text)
	require.NoError(t, err)
	require.Equal(t, sign(t, key, 9), sign(t, again, 9))
	require.Equal(t, key.Public().String(), again.Public().String())
}

func TestSecretKeysThatCannotBeAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "zz", "00", hex.EncodeToString(make([]byte, 32)),
		"73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001",
		"73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000002",
	} {
		_, err := bls.ParseSecretKey(text)
		require.ErrorIs(t, err, bls.ErrEncoding, "%q", text)
	}
}

func FuzzVerifyNeverAcceptsWhatTheKeyDidNotSign(f *testing.F) {
	key, err := bls.ParsePublicKey(quicknet)
	require.NoError(f, err)
	for round, signature := range published() {
		f.Add(round, parse(f, signature))
	}
	f.Add(uint64(1), []byte{0xc0})
	f.Fuzz(func(t *testing.T, round uint64, signature []byte) {
		err := key.Verify(round, signature)
		if genuine, ok := published()[round]; ok && hex.EncodeToString(signature) == genuine {
			require.NoError(t, err)
			return
		}
		require.Error(t, err)
	})
}
