package relay

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/thetaedge/theta/blob"
)

// uploaded answers a PUT.
type uploaded struct {
	Digest    blob.Digest `json:"digest"`
	Size      int64       `json:"size"`
	ExpiresAt time.Time   `json:"expires_at"`
}

func (s *Server) putBlob(w *answer, r *http.Request) error {
	digest, err := digestOf(r)
	if err != nil {
		return err
	}
	// A client that waits for "100 Continue" need not send what is already here.
	if strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
		if drop, ok := s.vault.refresh(key{digest: digest}); ok {
			writeJSON(w, http.StatusOK, uploaded(drop))
			return nil
		}
	}
	from := peerOf(&s.cfg, r)
	return s.put(w, r, key{digest: digest}, func() (uploader, error) { return uploader{holder: householder(from)}, nil })
}

func (s *Server) putDrop(w *answer, r *http.Request) error {
	box, err := boxOf(r)
	if err == nil {
		box, err = within(box, r)
	}
	if err != nil {
		return err
	}
	digest, err := digestOf(r)
	if err != nil {
		return err
	}
	from := peerOf(&s.cfg, r)
	return s.put(w, r, key{box, digest}, func() (uploader, error) { return s.gate.admit(r, from, digest) })
}

// put takes an upload of whom admit names.
func (s *Server) put(w *answer, r *http.Request, k key, admit func() (uploader, error)) error {
	if r.ContentLength < 0 {
		return refusal(codeNoLength, "expected a Content-Length header, found none; send the size in bytes")
	}
	// Before the quota, so that a hopeless upload does not eat it.
	if r.ContentLength > s.cfg.MaxBytes {
		return refusal(codeTooBig, "expected at most %d bytes, found %d; split it or use another relay", s.cfg.MaxBytes, r.ContentLength)
	}
	by, err := admit()
	if err != nil {
		return err
	}
	if !by.signed() {
		if err := s.limiter.upload(peerOf(&s.cfg, r), r.ContentLength); err != nil {
			return err
		}
	}
	at, err := s.places.enter(by.holder, http.NewResponseController(w).SetReadDeadline)
	if err != nil {
		return err
	}
	defer s.places.leave(at)
	body := &placedReader{body: r.Body, watch: s.watch(s.limits(r.ContentLength), at.deadline), place: at}
	drop, err := s.vault.put(k, by, r.ContentLength, body)
	if err != nil && at.gone() {
		s.metrics.gaveWay.Inc()
		return refusal(codeBusy, "expected a free place for this upload, found all %d taken, and it was the slowest; retry in a moment", s.cfg.MaxUploads)
	}
	if err != nil {
		return err
	}
	s.metrics.received.Add(float64(drop.Size))
	writeJSON(w, http.StatusCreated, uploaded(drop))
	return nil
}

func (s *Server) getBlob(w *answer, r *http.Request) error {
	digest, err := digestOf(r)
	if err != nil {
		return err
	}
	return s.send(w, r, key{digest: digest})
}

func (s *Server) getDrop(w *answer, r *http.Request) error {
	box, err := unlock(r)
	if err != nil {
		return err
	}
	digest, err := digestOf(r)
	if err != nil {
		return err
	}
	return s.send(w, r, key{box, digest})
}

func (s *Server) listDrops(w *answer, r *http.Request) error {
	box, err := unlock(r)
	if err != nil {
		return err
	}
	drops, err := s.vault.list(box, r.URL.Query().Get("job"))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, drops)
	return nil
}

// send streams content; http.ServeContent does HEAD, Range and If-None-Match.
func (s *Server) send(w *answer, r *http.Request, k key) error {
	file, drop, ok := s.vault.open(k)
	if !ok {
		return refusal(codeNotFound, "no content with sha256 %s here: never uploaded, or expired; upload it again", k.digest)
	}
	defer file.Close() //nolint:errcheck // read only
	w.watch = s.watch(s.limits(drop.Size).Sending(), http.NewResponseController(w).SetWriteDeadline)
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("ETag", `"`+drop.Digest.String()+`"`)
	header.Set("Cache-Control", "private, no-store")
	if k.box == "" {
		header.Set("Cache-Control", "public, immutable")
	}
	header.Set("Expires", drop.ExpiresAt.UTC().Format(http.TimeFormat))
	http.ServeContent(w, r, "", time.Time{}, file)
	return nil
}

func digestOf(r *http.Request) (blob.Digest, error) {
	digest, err := blob.ParseDigest(r.PathValue("digest"))
	if err != nil {
		return digest, refusal(codeBadRequest, "%v", err)
	}
	return digest, nil
}

func boxOf(r *http.Request) (string, error) {
	box, err := blob.ParseDigest(r.PathValue("box"))
	if err != nil {
		return "", refusal(codeBadRequest, "box: %v", err)
	}
	return box.String(), nil
}

// unlock returns the box if the request holds its token. A wrong token, no token
// and an unused box all get the same answer.
func unlock(r *http.Request) (string, error) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	box, err := boxOf(r)
	if err != nil || !blob.Token(token).Opens(box) {
		return "", refusal(codeForbidden, "expected 'Authorization: Bearer TOKEN' with the token of this box")
	}
	return within(box, r)
}

// within returns the box below a box that a request names, or the box itself.
func within(box string, r *http.Request) (string, error) {
	number := r.PathValue("task")
	if number == "" {
		return box, nil
	}
	if _, err := blob.ParseTask(number); err != nil {
		return "", refusal(codeBadRequest, "%v", err)
	}
	sum := sha256.Sum256([]byte(box + blob.TaskPart + number))
	return hex.EncodeToString(sum[:]), nil
}
