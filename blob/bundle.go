package blob

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

// A bundle contains the results of consecutive tasks of a chunk, so that many small results
// are few uploads. For each task, it contains
//
//	length of the manifest, 8 bytes, big endian | manifest | the bundled files
//
// in the order of the manifest. The manifest says which files those are; see Bundled. All
// other files are drops of their own.
const (
	// BundledFileBytes is the size of the largest file that is put into a bundle.
	BundledFileBytes = 256 << 10
	// BundledTaskBytes bounds the files of one task in a bundle, in bytes.
	BundledTaskBytes = 8 << 20
	// BundleBytes is the size in bytes from which on a bundle gets no further task.
	BundleBytes = 8 << 20
	// MaxBundleBytes is the size of the largest bundle.
	MaxBundleBytes = BundleBytes + 8 + maxBundledManifest + BundledTaskBytes
	// maxBundledManifest bounds a manifest in a bundle, in bytes. No result has a longer one.
	maxBundledManifest = 24 << 20
)

// ErrNotBundle means that the content is not a bundle of so many tasks.
var ErrNotBundle = errors.New("not a bundle")

// Bundled reports for each file of a manifest whether it is part of the bundle of its task,
// from the sizes in bytes in the manifest's order.
func Bundled(sizes []uint64) []bool {
	bundled, total := make([]bool, len(sizes)), uint64(0)
	for n, size := range sizes {
		if size <= BundledFileBytes && total+size <= BundledTaskBytes {
			bundled[n] = true
			total += size
		}
	}
	return bundled
}

// BundleWriter writes a bundle. For each task, the caller calls Task and then writes the
// bundled files.
type BundleWriter struct {
	w     io.Writer
	hash  hash.Hash
	size  uint64
	tasks uint32
}

// NewBundleWriter returns a writer of a bundle that is written to w.
func NewBundleWriter(w io.Writer) *BundleWriter { return &BundleWriter{w: w, hash: sha256.New()} }

// Task begins the next task with its encoded manifest.
func (b *BundleWriter) Task(manifest []byte) error {
	if len(manifest) > maxBundledManifest {
		return fmt.Errorf("expected a manifest of at most %d bytes, found %d", maxBundledManifest, len(manifest))
	}
	b.tasks++
	_, err := b.Write(binary.BigEndian.AppendUint64(nil, uint64(len(manifest))))
	if err == nil {
		_, err = b.Write(manifest)
	}
	return err
}

// Write implements io.Writer. It writes content of the current task's bundled files.
func (b *BundleWriter) Write(content []byte) (int, error) {
	n, err := b.w.Write(content)
	b.size += uint64(n) //nolint:gosec // not negative
	b.hash.Write(content[:n])
	return n, err
}

// Full reports whether the bundle gets no further task.
func (b *BundleWriter) Full() bool { return b.size >= BundleBytes }

// Ref returns the name of the bundle as it has been written so far.
func (b *BundleWriter) Ref() BundleRef {
	ref := BundleRef{Size: b.size, Tasks: b.tasks}
	b.hash.Sum(ref.Digest[:0])
	return ref
}

// ReadBundle reads a bundle of a number of tasks. For each task it calls each with the task's
// position in the bundle, from 0, and its manifest. each must read the task's bundled files
// from files, and nothing beyond them. ReadBundle returns an error of each, an error of r, or
// ErrNotBundle if the content ends early or does not end with the last task. It needs memory
// only for content that is there.
func ReadBundle(r io.Reader, tasks uint32, each func(n uint32, manifest []byte, files io.Reader) error) error {
	for n := range tasks {
		var length [8]byte
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return cutBundle(n, err)
		}
		size := binary.BigEndian.Uint64(length[:])
		if size > maxBundledManifest {
			return fmt.Errorf("%w: task %d: expected a manifest of at most %d bytes, found %d", ErrNotBundle, n, maxBundledManifest, size)
		}
		var manifest bytes.Buffer
		if _, err := io.CopyN(&manifest, r, int64(size)); err != nil {
			return cutBundle(n, err)
		}
		if err := each(n, manifest.Bytes(), r); err != nil {
			return cutBundle(n, err)
		}
	}
	switch _, err := io.ReadFull(r, make([]byte, 1)); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: expected its end after %d tasks, found more", ErrNotBundle, tasks)
}

// cutBundle returns the error of a read in the n-th task.
func cutBundle(n uint32, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends in task %d", ErrNotBundle, n)
	}
	return err
}
