package fleet

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/internal/private"
)

const (
	// TokensFile is the name of the file in the home with the digests of tokens.
	TokensFile = "fleet-tokens.json" //nolint:gosec // the name of a file
	// tokensLock is the name of the file that is locked while tokens change.
	tokensLock = "fleet-tokens.lock" //nolint:gosec // the name of a file
	// tokenPrefix is the beginning of every token.
	tokenPrefix = "tef1_"
	// mostTokens is the number of tokens of a home.
	mostTokens = 64
)

// Token is a token as the home remembers it: by its digest.
type Token struct {
	Name   string    `json:"name"`
	Made   time.Time `json:"made"`
	SHA256 string    `json:"sha256"`
}

// ErrNoToken means that there is no token of a name.
var ErrNoToken = errors.New("no such token")

// nameShape is the name of a token or of a node.
var nameShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$`)

// CheckName reports a name that neither a token nor a node may have.
func CheckName(name string) error {
	if !nameShape.MatchString(name) {
		return fmt.Errorf("expected a name of 1 to 40 letters, digits, dots and dashes, found %.60q", name)
	}
	return nil
}

// Tokens returns the tokens of a home.
func Tokens(home string) ([]Token, error) {
	path := filepath.Join(home, TokensFile)
	raw, err := osfault.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the tokens: %w", osfault.Explain(path, err))
	}
	var tokens []Token
	if err := json.Unmarshal(raw, &tokens); err != nil {
		return nil, fmt.Errorf("%s: expected a list of tokens, found something else: %w; remove the file and make new tokens", path, err)
	}
	return tokens, nil
}

// AddToken makes a token with a name. Only its digest is kept, so that it is shown this once.
func AddToken(home, name string, now time.Time) (token string, err error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	err = osfault.Locked(filepath.Join(home, tokensLock), func() error {
		token, err = addToken(home, name, now)
		return err
	})
	return token, err
}

func addToken(home, name string, now time.Time) (string, error) {
	tokens, err := Tokens(home)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(tokens, func(t Token) bool { return t.Name == name }) {
		return "", fmt.Errorf("expected a name that no token has, found %q; revoke that token first, or choose another name", name)
	}
	if len(tokens) >= mostTokens {
		return "", fmt.Errorf("expected at most %d tokens; revoke those that are not used", mostTokens)
	}
	secret := make([]byte, sha256.Size)
	if _, err := rand.Read(secret); err != nil {
		return "", fmt.Errorf("cannot read random numbers: %w", err)
	}
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	digest := sha256.Sum256([]byte(token))
	return token, writeTokens(home, append(tokens, Token{Name: name, Made: now.UTC().Truncate(time.Second), SHA256: hex.EncodeToString(digest[:])}))
}

// RevokeToken makes a token invalid from the next request on. It fails with ErrNoToken if there is none.
func RevokeToken(home, name string) error {
	return osfault.Locked(filepath.Join(home, tokensLock), func() error {
		tokens, err := Tokens(home)
		if err != nil {
			return err
		}
		left := slices.DeleteFunc(slices.Clone(tokens), func(t Token) bool { return t.Name == name })
		if len(left) == len(tokens) {
			return fmt.Errorf("%w: %q", ErrNoToken, name)
		}
		return writeTokens(home, left)
	})
}

// admits reports whether a text is one of the tokens. It takes the same time for all texts.
func admits(tokens []Token, text string) bool {
	digest := sha256.Sum256([]byte(text))
	found := 0
	for _, t := range tokens {
		if known, err := hex.DecodeString(t.SHA256); err == nil {
			found |= subtle.ConstantTimeCompare(known, digest[:])
		}
	}
	return found == 1
}

func writeTokens(home string, tokens []Token) error {
	raw, err := json.MarshalIndent(tokens, "", " ")
	if err != nil {
		return err
	}
	return writeSecret(filepath.Join(home, TokensFile), append(raw, '\n'))
}

// writeSecret replaces a file that only its owner can read.
func writeSecret(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new") // 0600
	if err == nil {
		if err = private.File(file.Name()); err == nil {
			_, err = file.Write(content)
		}
		if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
			err = osfault.Replace(file.Name(), path)
		}
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, osfault.Explain(path, err))
	}
	return nil
}
