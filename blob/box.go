package blob

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"time"
)

// tokenBytes makes a token as hard to guess as its box is to invert.
const tokenBytes = 32

// Token opens a drop box. The requester keeps it; only the box is published.
type Token string

// Drop is one piece of content in a box.
type Drop struct {
	Digest Digest `json:"digest"`
	// Size in bytes.
	Size int64 `json:"size"`
	// ExpiresAt is when the relay may forget it.
	ExpiresAt time.Time `json:"expires_at"`
}

// NewToken draws a fresh 32-byte token and returns it in hex.
func NewToken() (Token, error) {
	raw := make([]byte, tokenBytes)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("cannot draw a drop box token: %w", err)
	}
	return Token(hex.EncodeToString(raw)), nil
}

// BoxOf returns the public name of the box that token opens:
// hex(sha256(token bytes)).
func BoxOf(token Token) (string, error) {
	raw, err := hex.DecodeString(string(token))
	if err != nil || len(raw) != tokenBytes {
		return "", fmt.Errorf("expected a drop box token of %d hex characters, found %d characters; make one with NewToken", 2*tokenBytes, len(token))
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// Opens reports, in constant time, whether the token opens a box.
func (t Token) Opens(box string) bool {
	own, err := BoxOf(t)
	return err == nil && subtle.ConstantTimeCompare([]byte(own), []byte(box)) == 1
}
