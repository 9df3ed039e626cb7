package relay

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/thetaedge/theta/blob"
)

// code names a refusal in JSON, for programs; the message is for people.
type code string

const (
	codeBadRequest  code = "bad_request"
	codeNotFound    code = "not_found"
	codeForbidden   code = "forbidden"
	codeNoLength    code = "length_required"
	codeTooBig      code = "too_big"
	codeWrongDigest code = "wrong_digest"
	codeCut         code = "cut_short"
	codeFull        code = "relay_full"
	codeBoxFull     code = "box_full"
	codeRate        code = "rate_limited"
	codeBusy        code = "busy"
	codeInternal    code = "internal"
)

// status maps a code to HTTP.
func (c code) status() int {
	switch c {
	case codeBadRequest, codeCut:
		return http.StatusBadRequest
	case codeNotFound:
		return http.StatusNotFound
	case codeForbidden:
		return http.StatusForbidden
	case codeNoLength:
		return http.StatusLengthRequired
	case codeTooBig:
		return http.StatusRequestEntityTooLarge
	case codeWrongDigest:
		return http.StatusUnprocessableEntity
	case codeFull, codeBoxFull:
		return http.StatusInsufficientStorage
	case codeRate:
		return http.StatusTooManyRequests
	case codeBusy:
		return http.StatusServiceUnavailable
	case codeInternal:
	}
	return http.StatusInternalServerError
}

// refused is an error that the peer may read.
type refused struct {
	code    code
	message string
}

func (r *refused) Error() string { return r.message }

// body is the answer to the peer.
func (r *refused) body() blob.RefusalBody {
	return blob.RefusalBody{Error: blob.Refusal{Code: string(r.code), Message: r.message}}
}

func refusal(c code, format string, args ...any) error {
	return &refused{code: c, message: fmt.Sprintf(format, args...)}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The peer may have left; then the answer is lost.
	_ = json.NewEncoder(w).Encode(body)
}
