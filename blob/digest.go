package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// Digest is the sha256 of some content.
type Digest [sha256.Size]byte

// DigestOf returns the digest of content held in memory.
func DigestOf(content []byte) Digest { return sha256.Sum256(content) }

// DigestFrom converts a 32-byte slice, as the chain's types carry it.
func DigestFrom(raw []byte) (Digest, error) {
	var d Digest
	if len(raw) != len(d) {
		return d, fmt.Errorf("expected a sha256 digest of %d bytes, found %d", len(d), len(raw))
	}
	copy(d[:], raw)
	return d, nil
}

// ParseDigest reads 64 lower-case hexadecimal characters. Upper case is refused,
// so that one content has exactly one address.
func ParseDigest(text string) (Digest, error) {
	var d Digest
	if len(text) != hex.EncodedLen(len(d)) {
		return d, fmt.Errorf("expected a sha256 digest of 64 lower-case hex characters, found %d characters", len(text))
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return d, fmt.Errorf("expected a sha256 digest of 64 lower-case hex characters, found %q in it", c)
		}
	}
	_, err := hex.Decode(d[:], []byte(text))
	return d, err
}

// DigestReader reads r to its end and returns the digest and size in bytes.
func DigestReader(r io.Reader) (Digest, int64, error) {
	var d Digest
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return d, n, err
	}
	h.Sum(d[:0])
	return d, n, nil
}

// String returns 64 lower-case hexadecimal characters.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText makes a digest a hex string in JSON.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (d *Digest) UnmarshalText(text []byte) error {
	parsed, err := ParseDigest(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
