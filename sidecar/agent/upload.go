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

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/sidecar/store"
)

// errTurn means that a try has used its time and continues after other deliveries.
var errTurn = errors.New("other deliveries come first")

// upload puts every output into the sink, then the trace that the result's tag contains, and
// then the manifest that names the outputs. It records what the sink has taken, so that the
// next try continues there. Otherwise, with many outputs and a bad connection, no try might
// ever upload all of them. After the time turn, it stops between two outputs with errTurn,
// because a sink that takes many outputs slowly must not delay other deliveries.
func upload(ctx context.Context, transfers Transfers, by *blob.Work, record store.Assignment, remark []byte, taken map[[sha256.Size]byte]bool, turn time.Duration) error {
	began := time.Now()
	encoded, err := manifestOf(record)
	if err != nil {
		return err
	}
	result, err := manifest.Decode(encoded)
	if err != nil {
		return err
	}
	if len(record.Trace) != sha256.Size {
		return fmt.Errorf("expected a trace of %d bytes in the journal, found %d", sha256.Size, len(record.Trace))
	}
	folder := outputsOfResult(&record)
	sink := strings.TrimRight(record.Sink, "/")
	put := func(r io.ReadSeeker, size int64, want []byte) error {
		got, err := transfers.PutTo(ctx, sink+"/"+hex.EncodeToString(want), r, size, by)
		if err == nil && !bytes.Equal(got[:], want) {
			err = fmt.Errorf("%w: expected %x, found %s on this disk", transfer.ErrWrongDigest, want, got)
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
		if time.Since(began) >= turn {
			return errTurn
		}
	}
	if len(remark) > 0 {
		digest := blob.DigestOf(remark)
		// The remark is not part of the result. If a sink does not accept it, the result is
		// delivered nevertheless.
		if err := put(bytes.NewReader(remark), int64(len(remark)), digest[:]); transfer.Retryable(err) {
			return fmt.Errorf("remark: %w", err)
		}
	}
	digest := blob.DigestOf(encoded)
	trace := blob.Trace{Result: digest, Fuel: record.Metrics.Fuel, Trace: [32]byte(record.Trace)}.Encode()
	traceDigest := blob.DigestOf(trace)
	if !taken[traceDigest] {
		if err := put(bytes.NewReader(trace), int64(len(trace)), traceDigest[:]); err != nil {
			return fmt.Errorf("trace: %w", err)
		}
		taken[traceDigest] = true
	}
	if err := put(bytes.NewReader(encoded), int64(len(encoded)), digest[:]); err != nil {
		return fmt.Errorf("result manifest: %w", err)
	}
	return nil
}

// workOf returns what this node's key signs when the node delivers a result. It returns nil if
// there is no key.
func (a *Agent) workOf(record *store.Assignment) *blob.Work {
	if a.cfg.Uploads == nil {
		return nil
	}
	by := &blob.Work{Chain: a.cfg.ChainID, Job: record.JobID, Task: record.Task, Signer: a.cfg.Uploads}
	if record.Verdict != nil {
		by.Ended = record.Verdict.Height
	}
	return by
}

// remarkOf returns this node's remark about a program that did not end well. It returns nil if
// there is no remark.
func (a *Agent) remarkOf(record *store.Assignment) []byte {
	if record.Detail == "" || len(a.view.operator) == 0 {
		return nil
	}
	return blob.Remark{
		JobID: record.JobID, Task: record.Task, Round: record.Round, Node: a.view.operator.String(), Text: record.Detail,
	}.Encode()
}
