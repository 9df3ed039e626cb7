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

// Copy copies r to w to the end of r, and returns the digest and size in bytes of what was
// copied. It returns an error of r apart from one of w, because they have different causes.
func Copy(w io.Writer, r io.Reader) (d Digest, n int64, readErr, writeErr error) {
	h := sha256.New()
	source := &sourceReader{r: r}
	n, err := io.Copy(io.MultiWriter(w, h), source)
	h.Sum(d[:0])
	if source.err != nil {
		return d, n, source.err, nil
	}
	return d, n, nil, err
}

// sourceReader remembers a read error, to tell it from one of the destination.
type sourceReader struct {
	r   io.Reader
	err error
}

func (s *sourceReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF { // a reader returns EOF itself, unwrapped
		s.err = err
	}
	return n, err
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
