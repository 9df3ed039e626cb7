package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/blob"
	"github.com/thetaedge/theta/sidecar/executor/manifest"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// delivered says that the sink has everything, or why it has not yet.
type delivered struct {
	key  store.Key
	err  error
	done bool
}

// deliver uploads outputs and manifest beside the loop, again and again until
// the sink has them or the assignment ends.
func (a *Agent) deliver(w *assignment) {
	w.delivering = true
	ctx, key := w.ctx, w.record.Key
	record, sink := w.record, computetypes.TaskSink(w.spec.Sink, key.Task)
	a.beside(func() event {
		pause := a.cfg.Retry
		taken := map[[sha256.Size]byte]bool{}
		for {
			err := upload(ctx, a.cfg.Transfers, sink, record, taken)
			if err == nil || ctx.Err() != nil {
				return delivered{key: key, err: err, done: true}
			}
			a.post(delivered{key: key, err: err})
			select {
			case <-ctx.Done():
				return delivered{key: key, err: ctx.Err(), done: true}
			case <-time.After(pause):
			}
			pause = min(2*pause, 16*a.cfg.Retry)
		}
	})
}

// upload puts every output and then the manifest that names them. What the sink has
// taken is noted, so that the next try goes on there: with many outputs over a bad
// line none would ever be the one in which all succeed.
func upload(ctx context.Context, transfers Transfers, sink string, record store.Assignment, taken map[[sha256.Size]byte]bool) error {
	encoded, err := manifestOf(record)
	if err != nil {
		return err
	}
	result, err := manifest.Decode(encoded)
	if err != nil {
		return err
	}
	folder := filepath.Join(record.Folder, outputFolder)
	sink = strings.TrimRight(sink, "/")
	put := func(r io.ReadSeeker, size int64, want []byte) error {
		got, err := transfers.PutTo(ctx, sink+"/"+hex.EncodeToString(want), r, size)
		if err == nil && !bytes.Equal(got[:], want) {
			err = fmt.Errorf("%w: expected %x, found %s on this disk", blob.ErrWrongDigest, want, got)
		}
		return err
	}
	for _, f := range result.Files {
		if taken[f.SHA256] {
			continue
		}
		file, err := os.Open(filepath.Join(folder, filepath.FromSlash(f.Path)))
		if err != nil {
			return fmt.Errorf("output %s: %w", f.Path, err)
		}
		err = put(file, int64(f.Size), f.SHA256[:]) //nolint:gosec // bounded by the manifest
		if err = errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("output %s: %w", f.Path, err)
		}
		taken[f.SHA256] = true
	}
	digest := blob.DigestOf(encoded)
	if err := put(bytes.NewReader(encoded), int64(len(encoded)), digest[:]); err != nil {
		return fmt.Errorf("result manifest: %w", err)
	}
	return nil
}

// apply implements event.
func (d delivered) apply(a *Agent) {
	w, live := a.assignments[d.key]
	if !live {
		return
	}
	if d.done {
		w.delivering = false
	}
	switch {
	case d.err == nil:
		a.edit(w, func(r *store.Assignment) { r.Delivered, r.LastError = true, "" })
		a.metrics.deliveries.Inc()
	case w.ctx.Err() == nil:
		a.trouble("assignment "+d.key.String()+" cannot be delivered", d.err)
		a.edit(w, func(r *store.Assignment) { r.LastError = osfault.Explain("", d.err).Error() })
	}
}
