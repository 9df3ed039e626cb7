package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"path/filepath"
)

// cookieOf returns the name of the cookie of a home.
func cookieOf(home string) string {
	if absolute, err := filepath.Abs(home); err == nil {
		home = absolute
	}
	sum := sha256.Sum256([]byte(home))
	return "thetaedge-" + hex.EncodeToString(sum[:4])
}

// enter exchanges a token for a cookie. It answers with a page that opens the first page: a
// browser does not send the new cookie along a redirect that began outside of this server.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	if r.Method == http.MethodPost {
		if !s.readForm(w, r) {
			return
		}
		token = r.PostForm.Get("token")
	}
	cookie, err := s.access.admit(token)
	_, words := s.language(r)
	switch {
	case errors.Is(err, errTooMany):
		w.Header().Set("Retry-After", "60")
		s.locked(w, r, http.StatusTooManyRequests, words.text("door.many"))
		return
	case err != nil:
		s.locked(w, r, http.StatusUnauthorized, words.text("door.refused"))
		return
	}
	http.SetCookie(w, cookie)
	s.show(w, r, http.StatusOK, "welcome", nil)
}

// door is the page for a browser that is not admitted.
type door struct{ Refused string }

// locked answers a request that does not come from the owner.
func (s *Server) locked(w http.ResponseWriter, r *http.Request, status int, refused string) {
	// The folder is not shown: another user of this machine may have asked.
	s.show(w, r, status, "door", door{Refused: refused})
}

// leave ends the sessions of all browsers.
func (s *Server) leave(w http.ResponseWriter, r *http.Request) {
	if err := s.access.revoke(); err != nil {
		s.fault(w, r, http.StatusInternalServerError, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
