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
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/sidecar/store"
)

// bundleFile is the bundle that is being uploaded, in the folder of an assignment.
const bundleFile = "bundle"

// box uploads to one sink and remembers what it has taken.
type box struct {
	transfers Transfers
	by        *blob.Work
	sink      string
	taken     map[[sha256.Size]byte]bool
}

// put uploads content with a digest, unless the sink has it.
func (b *box) put(ctx context.Context, r io.ReadSeeker, size int64, want blob.Digest) error {
	if b.taken[want] {
		return nil
	}
	got, err := b.transfers.PutTo(ctx, b.sink+"/"+hex.EncodeToString(want[:]), r, size, b.by)
	if err == nil && got != want {
		err = fmt.Errorf("%w: expected %s, found %s on this disk", transfer.ErrWrongDigest, want, got)
	}
	if err == nil {
		b.taken[want] = true
	}
	return err
}

// putFile uploads a file of this disk.
func (b *box) putFile(ctx context.Context, path string, size int64, want blob.Digest) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(b.put(ctx, file, size, want), file.Close())
}

// bundles uploads the results of several tasks of a chunk: each bundle after the files that are
// too large for it, and then the index.
type bundles struct {
	box
	record *store.Assignment
	sealed *sealed
	// refs contains the bundles that the sink has taken, for the tasks from the first on.
	refs []blob.BundleRef
}

// uploadChunk uploads the results of a chunk to its sink. It continues behind the bundles refs
// that the sink has taken, and returns those that it has. After the time turn, it stops between
// two bundles with errTurn.
func uploadChunk(ctx context.Context, b *bundles, chainID string, remarks [][]byte, turn time.Duration) (err error) {
	began := time.Now()
	if b.sealed, err = readSealed(chainID, b.record); err != nil {
		return err
	}
	manifests, err := os.Open(filepath.Join(b.record.Folder, manifestsFile))
	if err != nil {
		return fmt.Errorf("result manifests: %w", err)
	}
	defer manifests.Close() //nolint:errcheck // read only
	list := b.sealed.list
	at, offset := 0, int64(0)
	for _, ref := range b.refs {
		at += int(ref.Tasks)
	}
	for i := range list[:min(at, len(list))] {
		offset += int64(list[i].manifestBytes)
	}
	if _, err := manifests.Seek(offset, io.SeekStart); err != nil {
		return fmt.Errorf("result manifests: %w", err)
	}
	for at < len(list) {
		ref, err := b.next(ctx, at, manifests)
		if err != nil {
			return err
		}
		b.refs = append(b.refs, ref)
		if at += int(ref.Tasks); time.Since(began) >= turn {
			return errTurn
		}
	}
	for _, remark := range remarks {
		// A remark is not part of the result. If a sink does not accept it, the result is
		// delivered nevertheless.
		if err := b.put(ctx, bytes.NewReader(remark), int64(len(remark)), blob.DigestOf(remark)); transfer.Retryable(err) {
			return fmt.Errorf("remark: %w", err)
		}
	}
	index := blob.Index{Bundles: b.refs}
	for i := range list {
		r := &list[i]
		index.Leaves = append(index.Leaves, blob.Leaf{Result: r.manifest, Fuel: r.fuel, ExitCode: r.exitCode, Trace: r.trace})
	}
	encoded := index.Encode()
	if err := b.put(ctx, bytes.NewReader(encoded), int64(len(encoded)), blob.DigestOf(encoded)); err != nil {
		return fmt.Errorf("index of the chunk: %w", err)
	}
	return nil
}

// next makes and uploads the bundle that begins with a task.
func (b *bundles) next(ctx context.Context, from int, manifests io.Reader) (ref blob.BundleRef, err error) {
	path := filepath.Join(b.record.Folder, bundleFile)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return ref, fmt.Errorf("bundle of results: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(path)) }()
	w := blob.NewBundleWriter(file)
	for at := from; at < len(b.sealed.list) && !w.Full(); at++ {
		encoded, err := readManifest(manifests, &b.sealed.list[at])
		if err != nil {
			return ref, err
		}
		if err := b.add(ctx, w, b.sealed.positions[at], encoded); err != nil {
			return ref, fmt.Errorf("task %d: %w", b.record.Task+uint64(b.sealed.positions[at]), err)
		}
	}
	ref = w.Ref()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return ref, fmt.Errorf("bundle of results: %w", err)
	}
	if err := b.put(ctx, file, int64(ref.Size), ref.Digest); err != nil { //nolint:gosec // at most blob.MaxBundleBytes
		return ref, fmt.Errorf("bundle of results: %w", err)
	}
	return ref, nil
}

// add writes the result of a task to a bundle, and uploads the files that are too large for it.
func (b *bundles) add(ctx context.Context, w *blob.BundleWriter, position uint32, encoded []byte) error {
	result, err := manifest.Decode(encoded)
	if err != nil {
		return err
	}
	if err := w.Task(encoded); err != nil {
		return err
	}
	sizes := make([]uint64, len(result.Files))
	for i, f := range result.Files {
		sizes[i] = f.Size
	}
	folder := outputsOf(b.record.Folder, position)
	for i, bundled := range blob.Bundled(sizes) {
		f := result.Files[i]
		path := filepath.Join(folder, filepath.FromSlash(f.Path))
		if bundled {
			err = copyOutput(w, path, f)
		} else {
			err = b.putFile(ctx, path, int64(f.Size), f.SHA256) //nolint:gosec // bounded by the manifest
		}
		if err != nil {
			return fmt.Errorf("output %s: %w", f.Path, err)
		}
	}
	return nil
}

// copyOutput copies an output to a bundle and checks that it is the output of the manifest.
func copyOutput(w io.Writer, path string, want manifest.File) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()                                                                       //nolint:errcheck // read only
	found, size, readErr, writeErr := blob.Copy(w, io.LimitReader(file, int64(want.Size)+1)) //nolint:gosec // at most blob.BundledFileBytes
	if err := errors.Join(readErr, writeErr); err != nil {
		return err
	}
	if uint64(size) != want.Size || found != want.SHA256 { //nolint:gosec // not negative
		return fmt.Errorf("expected sha256 %x, found %s on this disk", want.SHA256, found)
	}
	return nil
}

// remarksOf returns this node's remarks about programs of a chunk that did not end well.
func (a *Agent) remarksOf(record *store.Assignment) [][]byte {
	entries, err := os.ReadDir(filepath.Join(record.Folder, remarksFolder))
	if err != nil || len(a.view.operator) == 0 {
		return nil
	}
	var remarks [][]byte
	for _, entry := range entries {
		task, err := strconv.ParseUint(entry.Name(), 10, 64)
		if err != nil || task-record.Task >= record.Tasks {
			continue
		}
		text, err := os.ReadFile(filepath.Join(record.Folder, remarksFolder, entry.Name()))
		if err != nil || strings.TrimSpace(string(text)) == "" {
			continue
		}
		remarks = append(remarks, blob.Remark{
			JobID: record.JobID, Task: task, Round: record.Round, Node: a.view.operator.String(), Text: string(text),
		}.Encode())
	}
	return slices.Clip(remarks)
}
