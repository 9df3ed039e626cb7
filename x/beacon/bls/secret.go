package bls

import (
	"encoding/hex"
	"fmt"

	"github.com/drand/kyber"
	bls12381 "github.com/drand/kyber-bls12381"
	"github.com/drand/kyber/util/random"
)

// secretKeySize is the length of a scalar in bytes.
const secretKeySize = 32

// SecretKey signs rounds. A real network holds it in shares; this one is for devnets and
// tests.
type SecretKey struct {
	scalar kyber.Scalar
}

// GenerateKey returns a new key from the system's randomness.
func GenerateKey() SecretKey {
	return SecretKey{scalar: bls12381.NewGroupG1().Scalar().Pick(random.New())}
}

// ParseSecretKey reads a key from hex, 32 bytes, big endian.
func ParseSecretKey(text string) (SecretKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		// The cause would contain the secret.
		return SecretKey{}, fmt.Errorf("%w: a secret key is %d hex digits", ErrEncoding, 2*secretKeySize)
	}
	if len(raw) != secretKeySize {
		return SecretKey{}, fmt.Errorf("%w: expected a secret key of %d bytes, found %d", ErrEncoding, secretKeySize, len(raw))
	}
	scalar := bls12381.NewGroupG1().Scalar()
	if err := scalar.UnmarshalBinary(raw); err != nil {
		return SecretKey{}, fmt.Errorf("%w: a secret key is a scalar below the group order", ErrEncoding)
	}
	if scalar.Equal(bls12381.NewGroupG1().Scalar().Zero()) {
		return SecretKey{}, fmt.Errorf("%w: the secret key is zero", ErrEncoding)
	}
	return SecretKey{scalar: scalar}, nil
}

// Hex returns the key in hex. Keep it secret.
func (k SecretKey) Hex() (string, error) {
	raw, err := k.scalar.MarshalBinary()
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(raw), nil
}

// Public returns the key that verifies the signatures.
func (k SecretKey) Public() PublicKey {
	return PublicKey{point: bls12381.NewGroupG2().Point().Mul(k.scalar, nil)}
}

// Sign signs a round. The same round always gives the same bytes.
func (k SecretKey) Sign(round uint64) ([]byte, error) {
	hashed, err := hashToCurve(bls12381.NewGroupG1(), round)
	if err != nil {
		return nil, err
	}
	return hashed.Mul(k.scalar, hashed).MarshalBinary()
}
