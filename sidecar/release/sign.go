package release

import (
	"bytes"
	"errors"
	"fmt"

	"aead.dev/minisign"
)

// Signer signs the files of a release.
type Signer struct{ key minisign.PrivateKey }

// NewSigner reads a private key of minisign. A key with a password needs that.
func NewSigner(text []byte, password string) (Signer, error) {
	text = bytes.TrimSpace(text)
	var s Signer
	var err error
	switch {
	case minisign.IsEncrypted(text):
		s.key, err = minisign.DecryptKey(password, text)
	case password != "":
		err = errors.New("found a password, and the key has none")
	default:
		err = s.key.UnmarshalText(text)
	}
	if err != nil {
		return Signer{}, fmt.Errorf("expected a private key of minisign and its password: %w", err)
	}
	return s, nil
}

// Public returns the key that verifies the signatures, as it is written in keys.txt.
func (s Signer) Public() (string, error) {
	public, is := s.key.Public().(minisign.PublicKey)
	if !is {
		return "", errors.New("expected a public key of minisign, found another one")
	}
	return public.String(), nil
}

// Sign returns the signature of a file. The same file and key give the same signature, because its
// comment contains no time.
func (s Signer) Sign(name string, content []byte) []byte {
	comment := "thetaedge release: " + name
	return minisign.SignWithComments(s.key, content, comment, comment)
}
