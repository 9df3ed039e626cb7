package transfer

import (
	"errors"

	"github.com/thetaedge/theta/blob/hosts"
)

// The decisions that a caller makes about a failed transfer. Each error that this
// package returns wraps one of them and says what was expected and found.
var (
	// ErrGone: the server answered, and the content is not there (404, 410).
	ErrGone = errors.New("content is gone")
	// ErrTooBig: the content exceeds the bound that the caller or the relay set.
	ErrTooBig = errors.New("content is too big")
	// ErrWrongDigest: the bytes are not the ones that were asked for.
	ErrWrongDigest = errors.New("content has the wrong digest")
	// ErrTooSlow: the overall deadline or the minimum progress was missed.
	ErrTooSlow = errors.New("transfer is too slow")
	// ErrRefused: this client does not fetch such an address (scheme, private network, redirects).
	ErrRefused = errors.New("address is refused")
	// ErrUnlisted: this client does not speak to such a host (ClientConfig.Hosts). It comes with
	// ErrRefused, and with an Astray if a server that was named led there.
	ErrUnlisted = hosts.ErrUnlisted
	// ErrForbidden: the server wants other credentials (401, 403).
	ErrForbidden = errors.New("access is forbidden")
	// ErrBusy: rate limit or quota (429, 503, 507); the same request may succeed later.
	ErrBusy = errors.New("relay is busy or full")
	// ErrUnreachable: no usable answer (refused connection, 5xx, cut transfer).
	ErrUnreachable = errors.New("server is unreachable")
	// ErrUntrusted: the server's certificate is not one that this machine trusts. It comes
	// with ErrUnreachable.
	ErrUntrusted = errors.New("certificate is not trusted")
	// ErrNotKept: this machine could not write what has arrived to its disk. The server and the
	// content may be fine.
	ErrNotKept = errors.New("what has arrived cannot be kept on this machine")
	// ErrBadRequest: the server found the request malformed (other 4xx).
	ErrBadRequest = errors.New("request was rejected")
)

// Retryable reports whether the same transfer may succeed later although
// neither the content nor the address changes.
func Retryable(err error) bool {
	return errors.Is(err, ErrBusy) || errors.Is(err, ErrUnreachable) || errors.Is(err, ErrTooSlow)
}
