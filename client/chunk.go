package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor/manifest"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ChunksFolder is the folder with the indexes of an array's chunks, next to its results. Each
// is named by the first task of its chunk.
const ChunksFolder = ".theta-chunks"

// chunkFetch downloads results of one chunk of several tasks.
type chunkFetch struct {
	relay   *transfer.Client
	token   blob.Token
	chainID string
	receipt *computetypes.Receipt
	dir     string
	where   Absence
	// wanted are the positions of the tasks in the chunk that are not here, with the
	// reasons.
	wanted map[uint32]error
	// silent counts the drops that the relay has withheld in a row.
	silent int
	// failed reports whether a task that was downloaded did not end by itself.
	failed bool
}

// fetchChunk downloads the results of tasks of a chunk into folders below dir that are named
// by the tasks' numbers. wanted are their positions in the chunk; on return it has those that
// are not here, with the reasons. The index of the chunk is checked against the receipt, and
// every byte of a result against the index. fetchChunk returns an error if the work ended
// early.
func (c *Client) fetchChunk(ctx context.Context, state *State, receipt *computetypes.Receipt, dir string, wanted map[uint32]error) ([]Remark, error) {
	relay, err := taskRelay(state, receipt.Task)
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, ChunksFolder), 0o755) //nolint:gosec // results are the owner's to share
	}
	if err != nil {
		return nil, err
	}
	f := &chunkFetch{
		relay: relay, token: state.Token, chainID: c.chainID, receipt: receipt, dir: dir, wanted: wanted,
		where: Absence{Relay: state.Relay, JobID: receipt.JobId, Task: receipt.Task},
	}
	if index, err := readIndex(c.chainID, receipt, dir); err == nil {
		if err := f.take(ctx, index); err != nil {
			return nil, err
		}
	}
	if len(wanted) == 0 && !f.failed {
		return nil, nil
	}
	drops, err := relay.ListDrops(ctx, state.Token)
	if err != nil {
		return nil, absent(f.where, err)
	}
	if err := f.search(ctx, drops); err != nil {
		return nil, err
	}
	if !f.failed {
		return nil, nil
	}
	return remarksIn(ctx, relay, state.Token, drops, receipt), nil
}

// search reads the indexes in the box until all wanted tasks are here. Each node that works
// for the box can put drops there, so they are read in an unpredictable order, as traces are.
// An index that gives the accepted root can still name bundles that do not exist.
func (f *chunkFetch) search(ctx context.Context, drops []blob.Drop) error {
	found := false
	for _, at := range rand.Perm(len(drops)) {
		if len(f.wanted) == 0 {
			return nil
		}
		drop := drops[at]
		if drop.Size < int64(blob.MinIndexBytes) || drop.Size > int64(blob.MaxIndexBytes) {
			continue
		}
		var content bytes.Buffer
		err := patientTransfer(ctx, func() error {
			content.Reset()
			_, err := f.relay.GetDrop(ctx, f.token, drop.Digest, drop.Size, &content)
			return err
		})
		if err != nil {
			if ctx.Err() != nil || transfer.Retryable(err) {
				return absent(f.where, err)
			}
			continue // the drop was removed, or differs from its listing
		}
		index, ok := blob.DecodeIndex(content.Bytes())
		if !ok || !givesRoot(f.chainID, index, f.receipt) {
			continue
		}
		found = true
		if err := writeWhole(indexPath(f.dir, f.receipt.Task), content.Bytes(), 0o644); err != nil {
			return err
		}
		if err := f.take(ctx, index); err != nil {
			return err
		}
	}
	if !found && len(f.wanted) > 0 {
		where := f.where
		if where.Kind, where.Items = AbsentResult, len(drops); where.Items == 0 {
			where.Kind = AbsentAll
		}
		f.lack(0, uint32(f.receipt.Tasks()), &where) //nolint:gosec // bounded by MaxChunkTasks
	}
	return nil
}

// lack notes why the wanted tasks in a range of positions are not here, if no reason is known.
func (f *chunkFetch) lack(from, to uint32, why error) {
	for p := from; p < to; p++ {
		if known, wanted := f.wanted[p]; wanted && known == nil {
			f.wanted[p] = why
		}
	}
}

// take downloads the bundles of an index that contain wanted tasks. It notes a bundle that
// is missing or false, and continues with the others. It returns an error if the relay does
// not answer or if results cannot be saved.
func (f *chunkFetch) take(ctx context.Context, index blob.Index) error {
	from := uint32(0)
	for _, ref := range index.Bundles {
		to := from + ref.Tasks
		if f.wants(from, to) {
			if err := f.bundle(ctx, index, ref, from); err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

func (f *chunkFetch) wants(from, to uint32) bool {
	for p := from; p < to; p++ {
		if _, wanted := f.wanted[p]; wanted {
			return true
		}
	}
	return false
}

// bundle downloads a bundle and saves the wanted tasks in it.
func (f *chunkFetch) bundle(ctx context.Context, index blob.Index, ref blob.BundleRef, from uint32) error {
	path := filepath.Join(f.dir, ChunksFolder, strconv.FormatUint(f.receipt.Task+uint64(from), 10)+".bundle")
	err := patientTransfer(ctx, func() error {
		_, err := f.relay.FetchDrop(ctx, f.token, ref.Digest, int64(ref.Size), path) //nolint:gosec // an index bounds the size
		return err
	})
	if err != nil {
		return f.unavailable(ctx, from, from+ref.Tasks, fmt.Sprintf("bundle %s", ref.Digest), err)
	}
	f.silent = 0
	defer os.Remove(path) //nolint:errcheck // its tasks are saved
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	var local error
	err = blob.ReadBundle(file, ref.Tasks, func(n uint32, encoded []byte, files io.Reader) error {
		at := from + n
		if blob.DigestOf(encoded) != index.Leaves[at].Result {
			return fmt.Errorf("%w: its manifest of task %d is not the accepted one", errFalseBundle, f.receipt.Task+uint64(at))
		}
		err := f.task(ctx, at, encoded, files)
		if err != nil && !errors.Is(err, errFalseBundle) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			local = err
		}
		return err
	})
	if local != nil || err == nil {
		return local
	}
	where := f.where
	where.Kind, where.File, where.Err = AbsentFile, fmt.Sprintf("bundle %s", ref.Digest), err
	f.lack(from, from+ref.Tasks, &where)
	return nil
}

// errFalseBundle means that a bundle does not contain the results that its index names.
var errFalseBundle = errors.New("expected a bundle with the accepted results, found another one")

// unavailable notes that a drop cannot be downloaded. It returns the error if the relay does
// not give any.
func (f *chunkFetch) unavailable(ctx context.Context, from, to uint32, file string, err error) error {
	where := f.where
	where.File = file
	why := absent(where, err)
	if transfer.Retryable(err) {
		f.silent++
	}
	if ctx.Err() != nil || f.silent >= mostSilent {
		return why
	}
	f.lack(from, to, why)
	return nil
}

// mostSilent is how many drops in a row a relay can withhold before it counts as one that
// does not answer.
const mostSilent = 2

// task takes a task from a bundle and saves it if it is wanted. It reads exactly the bundled
// files.
func (f *chunkFetch) task(ctx context.Context, at uint32, encoded []byte, files io.Reader) error {
	result, err := manifest.Decode(encoded)
	if err != nil {
		return fmt.Errorf("%w: %w", errFalseBundle, err)
	}
	sizes := make([]uint64, len(result.Files))
	for i, file := range result.Files {
		sizes[i] = file.Size
	}
	bundled := blob.Bundled(sizes)
	if _, wanted := f.wanted[at]; !wanted {
		for i, file := range result.Files {
			if bundled[i] {
				if _, err := io.CopyN(io.Discard, files, int64(file.Size)); err != nil { //nolint:gosec // a manifest's sizes fit
					return err
				}
			}
		}
		return nil
	}
	dir := taskFolder(f.dir, f.receipt.Task+uint64(at))
	saved := &Result{Manifest: result, Dir: dir, saved: SavedNames(result.Files)}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // results are the owner's to share
		return err
	}
	complete := true
	for i, file := range result.Files {
		if bundled[i] {
			if err := saveBundled(saved.Path(file), file, files); err != nil {
				return err
			}
		}
	}
	for i, file := range result.Files {
		if !bundled[i] && complete {
			if complete, err = f.large(ctx, at, saved.Path(file), file); err != nil {
				return err
			}
		}
	}
	if !complete {
		return nil
	}
	return f.done(at, saved, encoded)
}

// done saves what remains of a task that is here.
func (f *chunkFetch) done(at uint32, saved *Result, encoded []byte) error {
	if err := saved.writeNames(); err != nil {
		return err
	}
	// A manifest that a crash has cut is found at the next look, so it is not forced to disk.
	if err := os.WriteFile(filepath.Join(saved.Dir, ManifestFile), encoded, 0o644); err != nil { //nolint:gosec // results are the owner's to share
		return err
	}
	delete(f.wanted, at)
	f.failed = f.failed || saved.Manifest.Reason != manifest.ReasonExited
	return nil
}

// large downloads a file that is a drop of its own, unless it is here. It reports false if
// the relay does not have it.
func (f *chunkFetch) large(ctx context.Context, at uint32, path string, file manifest.File) (bool, error) {
	if checkFile(path, file) == nil {
		return true, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // results are the owner's to share
		return false, err
	}
	err := patientTransfer(ctx, func() error {
		_, err := f.relay.FetchDrop(ctx, f.token, file.SHA256, int64(file.Size), path) //nolint:gosec // a manifest's sizes fit
		return err
	})
	if err != nil {
		return false, f.unavailable(ctx, at, at+1, file.Path, err)
	}
	f.silent = 0
	return true, nil
}

// saveBundled takes a file from a bundle, checks it and saves it.
func saveBundled(path string, want manifest.File, files io.Reader) error {
	content := make([]byte, want.Size) // at most blob.BundledFileBytes
	if _, err := io.ReadFull(files, content); err != nil {
		return err
	}
	if found := sha256.Sum256(content); found != want.SHA256 {
		return fmt.Errorf("%w: %s: expected sha256 %x, found %x", errFalseBundle, want.Path, want.SHA256, found)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // results are the owner's to share
		return err
	}
	return os.WriteFile(path, content, 0o644) //nolint:gosec // results are the owner's to share
}

// givesRoot reports whether the leaves of an index give the root and the fuel of a receipt.
func givesRoot(chainID string, index blob.Index, receipt *computetypes.Receipt) bool {
	if len(receipt.Tags) == 0 || uint64(len(index.Leaves)) != receipt.Tasks() {
		return false
	}
	root := computetypes.ChunkRoot(subtreesOf(chainID, index, receipt))
	return root.Fuel == receipt.Fuel && bytes.Equal(root.Hash, receipt.Tags[0])
}

func indexPath(dir string, first uint64) string {
	return filepath.Join(dir, ChunksFolder, strconv.FormatUint(first, 10))
}

// readIndex reads the saved index of a chunk and checks it against the chunk's receipt. The
// error wraps ErrMismatch if there is another index.
func readIndex(chainID string, receipt *computetypes.Receipt, dir string) (blob.Index, error) {
	path := indexPath(dir, receipt.Task)
	content, err := readSaved(path, int64(blob.MaxIndexBytes))
	if err != nil {
		return blob.Index{}, err
	}
	index, ok := blob.DecodeIndex(content)
	if !ok || !givesRoot(chainID, index, receipt) {
		return blob.Index{}, fmt.Errorf("%w: the results in %s do not give the root of tasks %d to %d of job %s; fetch the results again",
			ErrMismatch, path, receipt.Task, receipt.Task+receipt.Tasks()-1, receipt.JobId)
	}
	return index, nil
}

// verifyLeaf checks the saved result of a task of a chunk against its leaf. The error wraps
// ErrMismatch if a file differs.
func verifyLeaf(leaf *blob.Leaf, dir string) (*Result, error) {
	encoded, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	if digest := blob.DigestOf(encoded); digest != leaf.Result {
		return nil, fmt.Errorf("%w: %s has result digest %s, its chunk has %s; fetch the result again",
			ErrMismatch, filepath.Join(dir, ManifestFile), digest, leaf.Result)
	}
	saved, err := manifest.Decode(encoded)
	if err != nil {
		return nil, err
	}
	result := &Result{Manifest: saved, Dir: dir, saved: SavedNames(saved.Files)}
	for _, file := range saved.Files {
		if err := checkFile(result.Path(file), file); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMismatch, err)
		}
	}
	return result, nil
}
