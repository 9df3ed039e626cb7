package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/internal/private"
)

const (
	// KeyFile is the name of the file in the home that contains the key of the dashboard.
	KeyFile = "dashboard.key"
	// tokenLife is how long a token opens the dashboard. It works once.
	tokenLife = 5 * time.Minute
	// sessionLife is how long a cookie is accepted.
	sessionLife = 30 * 24 * time.Hour
)

// Key is the secret that the daemon shares with the commands of its home. It signs the
// tokens that open the dashboard, and cookies.
type Key struct{ secret []byte }

// OpenKey reads the key of a home. It makes a new one if there is none, or if another
// user could have read the one that is there.
func OpenKey(home string) (Key, error) {
	key, err := ReadKey(home)
	if err == nil {
		return key, nil
	}
	return NewKey(home)
}

// NewKey makes a key for a home. All tokens and cookies of the key before it end.
func NewKey(home string) (Key, error) {
	secret := make([]byte, sha256.Size)
	if _, err := rand.Read(secret); err != nil {
		return Key{}, fmt.Errorf("cannot read random numbers: %w", err)
	}
	path := filepath.Join(home, KeyFile)
	file, err := os.CreateTemp(home, KeyFile+".") // 0600
	if err != nil {
		return Key{}, fmt.Errorf("cannot write the key of the dashboard: %w", osfault.Explain(path, err))
	}
	if err = private.File(file.Name()); err == nil {
		_, err = file.Write(secret)
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = osfault.Replace(file.Name(), path)
	}
	if err != nil {
		return Key{}, fmt.Errorf("cannot write the key of the dashboard: %w", osfault.Explain(path, errors.Join(err, os.Remove(file.Name()))))
	}
	return Key{secret}, nil
}

// ReadKey reads the key of a home. It fails if another user could have read it.
func ReadKey(home string) (Key, error) {
	path := filepath.Join(home, KeyFile)
	found, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Key{}, fmt.Errorf("expected %s, which the daemon writes, found no such file; run thetaedge start", path)
	}
	if err != nil {
		return Key{}, fmt.Errorf("cannot read the key of the dashboard: %w", osfault.Explain(path, err))
	}
	if !found.Mode().IsRegular() {
		return Key{}, fmt.Errorf("expected %s to be a file that only its owner can read, found %s; restart the daemon, which makes another one", path, found.Mode())
	}
	if err := private.Check(path); err != nil {
		return Key{}, fmt.Errorf("%w, or restart the daemon, which makes another one", err)
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("cannot read the key of the dashboard: %w", osfault.Explain(path, err))
	}
	if len(secret) != sha256.Size {
		return Key{}, fmt.Errorf("expected %d bytes in %s, found %d; restart the daemon, which makes another one", sha256.Size, path, len(secret))
	}
	return Key{secret}, nil
}

// These name what a key signs, so that a signature for one purpose is worth nothing for another.
const (
	forToken   = "theta dashboard token"
	forSession = "theta dashboard session"
	forForms   = "theta dashboard forms"
)

// sign returns the signature of a content for a purpose.
func (k Key) sign(purpose string, content []byte) []byte {
	mac := hmac.New(sha256.New, k.secret)
	mac.Write([]byte(purpose))
	mac.Write([]byte{0})
	mac.Write(content)
	return mac.Sum(nil)
}

const (
	nonceBytes   = 16
	contentBytes = 8 + nonceBytes
)

// stamped returns a signed text with a time and a random number.
func (k Key) stamped(purpose string, at time.Time, random io.Reader) (string, error) {
	content := binary.BigEndian.AppendUint64(make([]byte, 0, contentBytes), uint64(at.UnixNano())) //nolint:gosec // read back in the same way
	content = content[:contentBytes]
	if _, err := io.ReadFull(random, content[8:]); err != nil {
		return "", fmt.Errorf("cannot read random numbers: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append(content, k.sign(purpose, content)...)), nil
}

// errForged means that a text was not signed with this key for this purpose.
var errForged = errors.New("not signed with the key of this dashboard")

// open returns the time and the content of a text that stamped has made. It takes the same time for
// all signatures.
func (k Key) open(purpose, text string) (time.Time, []byte, error) {
	if len(text) != base64.RawURLEncoding.EncodedLen(contentBytes+sha256.Size) {
		return time.Time{}, nil, errForged // the decoder would skip ends of lines
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != contentBytes+sha256.Size {
		return time.Time{}, nil, errForged
	}
	content := raw[:contentBytes]
	if !hmac.Equal(raw[contentBytes:], k.sign(purpose, content)) {
		return time.Time{}, nil, errForged
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(content))), content, nil //nolint:gosec // written in the same way
}

// Token returns a text that opens the dashboard once, within five minutes after now.
func (k Key) Token(now time.Time) (string, error) { return k.stamped(forToken, now, rand.Reader) }
