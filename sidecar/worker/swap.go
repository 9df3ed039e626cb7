package worker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Swap says how the tensors of programs that are suspended are kept on a disk, so that their memory
// is free meanwhile.
type Swap struct {
	// Bytes bounds what the tensors of all worker processes of the executor take on the disk together.
	Bytes uint64
	// Free returns the bytes that are free on the disk of a folder; nil if that is not known.
	Free func(dir string) (uint64, error)

	// still is the time in which a program has to stand still, and within that in which the memory of
	// its tensors has to be free, both from the begin of the suspension on. Zero means the default.
	still, within time.Duration
}

const (
	// stillTime and withinTime are the defaults. After the first one, the process is stopped as it is: with the
	// second that the owner's return may stay unnoticed, processors are idle within two. A program whose tensors
	// are still in memory after the second one is ended.
	stillTime  = 700 * time.Millisecond
	withinTime = 8 * time.Second
	// spareBytes is what stays free on the disk.
	spareBytes = 1 << 30
)

// quota is what is left of the bytes on the disk.
type quota struct {
	swap *Swap
	dir  string

	mu    sync.Mutex
	taken map[*process]uint64
}

// errLeft means that a process has ended.
var errLeft = errors.New("it has ended")

func newQuota(s *Swap, dir string) *quota {
	if s == nil {
		return nil
	}
	return &quota{swap: s, dir: dir, taken: map[*process]uint64{}}
}

// take reserves bytes for a worker process, in place of what it had before.
func (q *quota) take(p *process, bytes uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if p.left {
		return errLeft // after its end, no call gives back what it takes
	}
	before := q.taken[p]
	var others uint64
	for _, n := range q.taken {
		others += n
	}
	others -= before
	if bytes > q.swap.Bytes-min(others, q.swap.Bytes) {
		return fmt.Errorf("its tensors need %d bytes, and %d of the %d bytes of work.swap are in use; allow more", bytes, others, q.swap.Bytes)
	}
	if q.swap.Free != nil && bytes > before {
		if free, err := q.swap.Free(q.dir); err == nil && (free < spareBytes || bytes-before > free-spareBytes) {
			return fmt.Errorf("its tensors need %d bytes, and %d bytes are free on the disk of %s, of which %d stay free", bytes, free, q.dir, spareBytes)
		}
	}
	q.taken[p] = bytes
	return nil
}

// give gives back what a worker process had.
func (q *quota) give(p *process) {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.taken, p)
}

// leave gives back what a process had that has ended. It takes nothing any more.
func (q *quota) leave(p *process) {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	p.left = true
	delete(q.taken, p)
}

// used returns the bytes that are reserved.
func (q *quota) used() (sum uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, n := range q.taken {
		sum += n
	}
	return sum
}

// openStorage makes the file for the tensors of a worker process in its folder. Where the system can do
// that, the file has no name: it is gone when the process ends, however that happens.
func openStorage(folder string) (*os.File, error) {
	path := filepath.Join(folder, "tensors")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot make the file for the tensors of a suspended program: %w", err)
	}
	if err := forgetName(path); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// inheritance is what a process gets in addition to its three pipes.
type inheritance struct {
	files []*os.File
	// own are those of files that are closed here once the process has them.
	own []*os.File
	// pipes and storage are the descriptors of the extra files, and that of the file for tensors or zero.
	pipes   []uintptr
	storage uintptr
}

// inheritance returns the extra files of the process and, if there is one, the file for tensors.
func (p *process) inheritance() (inheritance, error) {
	given := inheritance{files: slices.Clone(p.extra.files)}
	if p.quota != nil && p.extra.role == "" {
		file, err := openStorage(p.folder)
		if err != nil {
			return given, err
		}
		given.own, given.files = []*os.File{file}, append(given.files, file)
	}
	all, err := handed(given.files)
	if err != nil {
		return given, err
	}
	given.pipes = all[:len(p.extra.files)]
	if given.own != nil {
		given.storage = all[len(all)-1]
	}
	return given, nil
}

// storage is the file of a worker process, as it sees it.
type storage struct{ *os.File }

// Sync implements executor.Storage.
func (s storage) Sync() error {
	if err := s.File.Sync(); err != nil {
		return err
	}
	dropCache(s.File)
	return nil
}
