package bls

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/drand/kyber"
	bls12381 "github.com/drand/kyber-bls12381"
)

const (
	// PublicKeySize is the length of a compressed G2 point in bytes.
	PublicKeySize = 96
	// SignatureSize is the length of a compressed G1 point in bytes.
	SignatureSize = 48
)

var (
	// ErrEncoding means that bytes are not the canonical encoding of a usable point.
	ErrEncoding = errors.New("invalid point encoding")
	// ErrForged means that a well-formed signature was not made with the key for that round.
	ErrForged = errors.New("signature does not verify")
)

// PublicKey verifies the rounds of one network.
type PublicKey struct {
	point kyber.Point
}

// ParsePublicKey reads a key from lower-case hex, as drand publishes it. It returns
// ErrEncoding if the key is infinity or is not a point of the subgroup.
func ParsePublicKey(text string) (PublicKey, error) {
	if len(text) != 2*PublicKeySize {
		return PublicKey{}, fmt.Errorf("%w: expected %d hex digits, found %d", ErrEncoding, 2*PublicKeySize, len(text))
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	if strings.ToLower(text) != text {
		return PublicKey{}, fmt.Errorf("%w: expected lower case hex", ErrEncoding)
	}
	point, err := decode(bls12381.NewGroupG2(), raw)
	if err != nil {
		return PublicKey{}, err
	}
	return PublicKey{point: point}, nil
}

// String returns the key in lower-case hex.
func (k PublicKey) String() string {
	raw, err := k.point.MarshalBinary()
	if err != nil {
		return ""
	}
	return hex.EncodeToString(raw)
}

// Verify returns nil if the signature was made with the key for the round, ErrEncoding if it
// cannot be a signature of any key, and ErrForged otherwise.
func (k PublicKey) Verify(round uint64, signature []byte) error {
	suite := bls12381.NewBLS12381Suite()
	point, err := decode(suite.G1(), signature)
	if err != nil {
		return err
	}
	hashed, err := hashToCurve(suite.G1(), round)
	if err != nil {
		return err
	}
	if !suite.ValidatePairing(hashed, k.point, point, suite.G2().Point().Base()) {
		return fmt.Errorf("%w for round %d", ErrForged, round)
	}
	return nil
}

// decode reads a compressed point and requires its canonical encoding.
func decode(group kyber.Group, raw []byte) (kyber.Point, error) {
	if len(raw) != group.PointLen() {
		return nil, fmt.Errorf("%w: expected %d bytes, found %d", ErrEncoding, group.PointLen(), len(raw))
	}
	point := group.Point()
	if err := point.UnmarshalBinary(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	if point.Equal(group.Point().Null()) {
		return nil, fmt.Errorf("%w: the point at infinity", ErrEncoding)
	}
	again, err := point.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	if !bytes.Equal(raw, again) {
		return nil, fmt.Errorf("%w: not canonical", ErrEncoding)
	}
	return point, nil
}

func hashToCurve(group kyber.Group, round uint64) (kyber.Point, error) {
	hashable, ok := group.Point().(kyber.HashablePoint)
	if !ok {
		return nil, fmt.Errorf("expected a group with a hash to curve, found %s", group.String())
	}
	return hashable.Hash(Message(round)), nil
}
