package relay

import (
	"io"
	"os"

	"github.com/thetaedge/theta/blob"
)

// servesAs reports whether the content that is kept serves as the content that a holder brings.
// A drop does so only for a holder that has brought it before, because the answer must not tell
// what others have.
func (e *entry) servesAs(k key, by holder) bool {
	return e != nil && (k.box == "" || e.has(by))
}

// whole reports whether a holder brings content that lies here as it was kept. Such content is
// not written again: nothing is reserved for it, so it would take room that is not counted.
func (v *vault) whole(k key, by holder, size int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	e := v.entries[k]
	if !e.servesAs(k, by) || !e.expires.After(v.now()) {
		return false
	}
	stat, err := os.Stat(v.path(k))
	return err == nil && stat.Size() == size
}

// again takes an upload of content that lies here and extends its life. All of it has to come,
// because a client that retries has not heard that it arrived.
func (v *vault) again(k key, size int64, body io.Reader) (blob.Drop, error) {
	if err := take(io.Discard, k, size, body); err != nil {
		return blob.Drop{}, err
	}
	drop, kept := v.refresh(k)
	if !kept {
		return blob.Drop{}, refusal(codeBusy, "the content that was here has expired meanwhile; send it again")
	}
	return drop, nil
}
