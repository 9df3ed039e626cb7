package web

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"sync"
	"time"
)

// These are the reasons for which a token is refused.
var (
	errExpired = errors.New("the token is too old or was used; ask for another one with thetaedge dashboard")
	errTooMany = errors.New("too many tokens that are not valid; a valid one is still accepted")
)

const (
	// maxGuesses is the number of invalid tokens within guessWindow after which further ones are told to
	// wait. A valid token is accepted all the same: nothing can guess a signature of 256 bits, and any page
	// of another site, or any user of this machine, can send invalid tokens.
	maxGuesses  = 10
	guessWindow = time.Minute
)

// access decides which requests come from the owner.
type access struct {
	// cookie is the name of the cookie. Cookies of 127.0.0.1 belong to all ports, so that
	// each home needs another name.
	cookie string
	now    func() time.Time
	// renew makes another key.
	renew func() (Key, error)

	mu  sync.Mutex
	key Key
	// since is when the server was made. Tokens from before are refused, because used ones are not
	// remembered over restarts.
	since time.Time
	// used contains the tokens that were used, until they are too old anyway.
	used map[string]time.Time
	// guesses contains the times of invalid tokens within guessWindow.
	guesses []time.Time
}

// newAccess returns an access that has not admitted any request yet.
func newAccess(cookie string, key Key, renew func() (Key, error), now func() time.Time) *access {
	return &access{cookie: cookie, key: key, renew: renew, now: now, since: now(), used: map[string]time.Time{}}
}

// admit exchanges a token for a cookie. It accepts each token once.
func (a *access) admit(token string) (*http.Cookie, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for len(a.guesses) > 0 && now.Sub(a.guesses[0]) > guessWindow {
		a.guesses = a.guesses[1:]
	}
	for text, at := range a.used {
		if now.Sub(at) > 2*tokenLife {
			delete(a.used, text)
		}
	}
	made, content, err := a.key.open(forToken, token)
	switch {
	case err != nil && len(a.guesses) >= maxGuesses:
		return nil, errTooMany
	case err != nil:
		a.guesses = append(a.guesses, now)
		return nil, err
	}
	// The command and the daemon share a clock, which can be set back by a little.
	if _, twice := a.used[string(content)]; twice || made.Before(a.since) || now.Sub(made) > tokenLife || made.Sub(now) > tokenLife {
		return nil, errExpired
	}
	a.used[string(content)] = made
	session, err := a.key.stamped(forSession, now, rand.Reader)
	if err != nil {
		return nil, err
	}
	return &http.Cookie{
		Name: a.cookie, Value: session, Path: "/", MaxAge: int(sessionLife.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}, nil
}

// session returns the session of a request, and false if it does not come from the owner.
func (a *access) session(r *http.Request) (string, bool) {
	cookie, err := r.Cookie(a.cookie)
	if err != nil {
		return "", false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	made, _, err := a.key.open(forSession, cookie.Value)
	age := a.now().Sub(made)
	return cookie.Value, err == nil && age >= -tokenLife && age <= sessionLife
}

// formToken returns the token that the forms of a session contain.
func (a *access) formToken(session string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return base64.RawURLEncoding.EncodeToString(a.key.sign(forForms, []byte(session)))
}

// fromForm reports whether a token is that of the forms of a session.
func (a *access) fromForm(session, token string) bool {
	return subtle.ConstantTimeCompare([]byte(a.formToken(session)), []byte(token)) == 1
}

// revoke ends all sessions, in all browsers.
func (a *access) revoke() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	key, err := a.renew()
	if err != nil {
		return err
	}
	a.key = key
	return nil
}
