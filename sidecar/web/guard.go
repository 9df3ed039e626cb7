package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
)

const (
	// maxForm is the largest form in bytes that the server reads.
	maxForm = 64 << 10
	// formField is the field of forms that contains the token of the session.
	formField = "csrf"
	// policy allows the browser only files of this server; scripts and styles in pages are ignored.
	policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

// protect refuses what is not asked by a browser for this machine, before anything else reads it.
func protect(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !ofThisMachine(r.Host) {
			http.Error(w, "expected a request for localhost or a loopback address", http.StatusForbidden)
			return
		}
		// A page on another port of this machine counts as the same site, and gets the cookie sent.
		if err := origins.Check(r); err != nil {
			http.Error(w, "expected a request of a page of this dashboard", http.StatusForbidden)
			return
		}
		switch site := r.Header.Get("Sec-Fetch-Site"); {
		case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
			h.Set("Allow", "GET, HEAD, POST")
			http.Error(w, "expected GET or POST", http.StatusMethodNotAllowed)
			return
		case site != "" && site != "same-origin" && site != "none" && r.Header.Get("Sec-Fetch-Mode") != "navigate":
			// Another site may link to a page. It has no reason to load a part of one.
			http.Error(w, "expected a request of a page of this dashboard", http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r)
	})
}

// ofThisMachine reports whether the host of a request is this machine. A name that an attacker
// resolves to this machine is refused.
func ofThisMachine(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sessionKey is the key of the session in the context of a request.
type sessionKey struct{}

// private lets a request through if it comes from the owner. A request that changes something needs
// the token of a form of this session too.
func (s *Server) private(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, admitted := s.access.session(r)
		if !admitted {
			s.locked(w, r, http.StatusUnauthorized, "")
			return
		}
		if r.Method == http.MethodPost {
			if !s.readForm(w, r) {
				return
			}
			if !s.access.fromForm(session, r.PostForm.Get(formField)) {
				http.Error(w, "expected the form of this session; open the page again", http.StatusForbidden)
				return
			}
		}
		next(w, r.WithContext(context.WithValue(r.Context(), sessionKey{}, session)))
	})
}

// readForm reads a form and answers the request if that is not possible.
func (s *Server) readForm(w http.ResponseWriter, r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if strings.TrimSpace(kind) != "application/x-www-form-urlencoded" {
		http.Error(w, "expected a form", http.StatusUnsupportedMediaType)
		return false
	}
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			http.Error(w, "expected a form of at most 64 KiB", http.StatusRequestEntityTooLarge)
			return false
		}
		http.Error(w, "expected a form", http.StatusBadRequest)
		return false
	}
	return true
}
