package web

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/internal/private"
)

// clock is a clock that tests set.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newTestAccess(t *testing.T) (*access, *clock, Key) {
	t.Helper()
	home := t.TempDir()
	key, err := OpenKey(home)
	require.NoError(t, err)
	c := &clock{time.Unix(1_800_000_000, 0)}
	return newAccess("cookie", key, func() (Key, error) { return NewKey(home) }, c.now), c, key
}

func (a *access) admits(cookie *http.Cookie) bool {
	request := &http.Request{Header: http.Header{}}
	request.AddCookie(cookie)
	_, is := a.session(request)
	return is
}

func TestATokenOpensTheDashboardOnceAndNotForLong(t *testing.T) {
	a, c, key := newTestAccess(t)
	token, err := key.Token(c.at)
	require.NoError(t, err)
	cookie, err := a.admit(token)
	require.NoError(t, err)
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	require.True(t, a.admits(cookie))
	_, err = a.admit(token)
	require.ErrorIs(t, err, errExpired, "twice")

	late, err := key.Token(c.at)
	require.NoError(t, err)
	c.at = c.at.Add(tokenLife + time.Second)
	_, err = a.admit(late)
	require.ErrorIs(t, err, errExpired, "late")

	future, err := key.Token(c.at.Add(time.Hour))
	require.NoError(t, err)
	_, err = a.admit(future)
	require.ErrorIs(t, err, errExpired, "from the future")

	// A used token is still refused when the server has been started again.
	again, err := key.Token(c.at)
	require.NoError(t, err)
	c.at = c.at.Add(time.Second)
	_, err = newAccess("cookie", key, nil, c.now).admit(again)
	require.ErrorIs(t, err, errExpired, "from before the start")
}

func TestACookieEndsByAgeAndBySigningOut(t *testing.T) {
	a, c, key := newTestAccess(t)
	token, err := key.Token(c.at)
	require.NoError(t, err)
	cookie, err := a.admit(token)
	require.NoError(t, err)
	began := c.at
	c.at = began.Add(sessionLife - time.Second)
	require.True(t, a.admits(cookie))
	require.True(t, newAccess("cookie", key, nil, c.now).admits(cookie), "it survives a restart of the daemon")
	c.at = began.Add(sessionLife + time.Second)
	require.False(t, a.admits(cookie))
	c.at = began
	require.True(t, a.admits(cookie))
	require.NoError(t, a.revoke())
	require.False(t, a.admits(cookie))
}

func TestNothingThatWasNotSignedForAPurposeIsAccepted(t *testing.T) {
	a, c, key := newTestAccess(t)
	token, err := key.Token(c.at)
	require.NoError(t, err)
	require.False(t, a.admits(&http.Cookie{Name: "cookie", Value: token}), "a token is not a cookie")
	other, err := OpenKey(t.TempDir())
	require.NoError(t, err)
	foreign, err := other.stamped(forSession, c.at, bytes.NewReader(make([]byte, nonceBytes)))
	require.NoError(t, err)
	require.False(t, a.admits(&http.Cookie{Name: "cookie", Value: foreign}))
	cookie, err := a.admit(token)
	require.NoError(t, err)
	for i := range cookie.Value {
		changed := []byte(cookie.Value)
		changed[i] ^= 1
		require.False(t, a.admits(&http.Cookie{Name: "cookie", Value: string(changed)}), "byte %d", i)
	}
	require.True(t, a.fromForm(cookie.Value, a.formToken(cookie.Value)))
	require.False(t, a.fromForm(cookie.Value, ""))
	require.False(t, a.fromForm(cookie.Value, a.formToken(cookie.Value+"x")))
}

func TestGuessesAreLimitedAndDoNotLockTheOwnerOut(t *testing.T) {
	a, c, key := newTestAccess(t)
	for range maxGuesses {
		_, err := a.admit("guess")
		require.ErrorIs(t, err, errForged)
	}
	for range 10 * maxGuesses {
		_, err := a.admit("guess")
		require.ErrorIs(t, err, errTooMany)
	}
	require.Len(t, a.guesses, maxGuesses, "guesses take no memory")
	token, err := key.Token(c.at)
	require.NoError(t, err)
	_, err = a.admit(token)
	require.NoError(t, err, "a page of another site could keep the owner out for ever")
	c.at = c.at.Add(guessWindow + time.Second)
	_, err = a.admit("guess")
	require.ErrorIs(t, err, errForged)
}

func TestAKeyThatOthersCouldReadIsReplaced(t *testing.T) {
	home := t.TempDir()
	first, err := OpenKey(home)
	require.NoError(t, err)
	require.NoError(t, private.Check(filepath.Join(home, KeyFile)))
	again, err := OpenKey(home)
	require.NoError(t, err)
	require.Equal(t, first, again)

	letOthersRead(t, filepath.Join(home, KeyFile))
	_, err = ReadKey(home)
	require.ErrorContains(t, err, "only its owner")
	other, err := OpenKey(home)
	require.NoError(t, err)
	require.NotEqual(t, first, other)

	elsewhere := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(elsewhere, make([]byte, 32), 0o600))
	require.NoError(t, os.Remove(filepath.Join(home, KeyFile)))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(home, KeyFile)))
	_, err = ReadKey(home)
	require.Error(t, err, "a link")
	require.NoError(t, os.Remove(filepath.Join(home, KeyFile)))
	_, err = ReadKey(home)
	require.ErrorContains(t, err, "thetaedge start")
}

func FuzzOnlySignedTextsAreOpened(f *testing.F) {
	key := Key{bytes.Repeat([]byte{7}, 32)}
	valid, err := key.stamped(forToken, time.Unix(1_800_000_000, 5), bytes.NewReader(make([]byte, nonceBytes)))
	require.NoError(f, err)
	for _, seed := range []string{valid, "", "AAAA", valid[:len(valid)-1], valid + "A", "%00", valid[:20] + "\n" + valid[20:]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, content, err := key.open(forToken, text)
		if text == valid {
			require.NoError(t, err)
			require.Equal(t, int64(5), int64(at.Nanosecond()))
			require.Len(t, content, contentBytes)
			return
		}
		require.ErrorIs(t, err, errForged, "there is one text for each content")
	})
}
