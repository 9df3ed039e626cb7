package worker

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/tensor/backend"
	"github.com/thetaedge/theta/tensor/guard"
)

// qualifiedName is the file with the kinds of calls that a device computes as the reference does: the
// daemon puts it into the folder that a worker process reads, and finds it in the one that it writes.
const qualifiedName = "qualified"

// maxQualified is the number of programs whose kinds are kept for a device.
const maxQualified = 256

// kinds keeps what programs have found out about devices, below a folder: one folder for each device,
// driver and version of this program, and in it one file for each program. A program
// that has broken out of its sandbox can write what it likes into its file, so the file counts for
// that program alone.
type kinds struct {
	dir string
	// self returns the digest of this program.
	self func() (string, error)
}

func newKinds(dir string) *kinds {
	return &kinds{dir: dir, self: sync.OnceValues(func() (string, error) {
		path, err := ownBinary(runtime.GOOS)
		if err != nil {
			return "", err
		}
		return digestOf(path)
	})}
}

// digestOf returns the SHA-256 of a file in hexadecimal digits.
func digestOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // read only
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// folder returns the folder of a device.
func (k *kinds) folder(d backend.Device) (string, error) {
	self, err := k.self()
	if err != nil {
		return "", err
	}
	name := sha256.Sum256([]byte(d.Identity() + "\n" + self))
	return filepath.Join(k.dir, hex.EncodeToString(name[:])), nil
}

// file returns the file of a program on a device; it is empty if there is nothing to keep.
func (k *kinds) file(d backend.Device, program string) (string, error) {
	if k.dir == "" || !d.Driven() || program == "" {
		return "", nil
	}
	folder, err := k.folder(d)
	if err != nil {
		return "", err
	}
	name, err := digestOf(program)
	return filepath.Join(folder, name), err
}

// bring copies the file of a program into the folder that a worker process reads. Without one, or if it
// cannot be read, the process begins with nothing.
func (k *kinds) bring(d backend.Device, program, folder string) error {
	path, err := k.file(d, program)
	if err != nil || path == "" {
		return err
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, inFolder, qualifiedName), content, 0o600)
}

// keep takes the file that a worker process has written after a task, if there is one.
func (k *kinds) keep(d backend.Device, program string, root *os.Root, folder string) error {
	if k.dir == "" || !d.Driven() {
		return nil
	}
	file, err := root.OpenFile(filepath.Join(folder, outFolder, qualifiedName), os.O_RDONLY|noBlock, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("expected a regular file of qualified kinds, found another: %w", err)
	}
	path, err := k.file(d, program)
	if err != nil {
		return err
	}
	var found guard.Qualified
	if err := found.Load(io.LimitReader(file, int64(guard.MaxKeptBytes)+1)); err != nil {
		return err
	}
	var content bytes.Buffer
	if err := found.Save(&content); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", content.Bytes(), 0o600); err != nil {
		return err
	}
	return errors.Join(osfault.Replace(path+".new", path), k.prune(filepath.Dir(path)))
}

// prune deletes the oldest files of a device if there are too many.
func (k *kinds) prune(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) <= maxQualified {
		return err
	}
	age := func(entry os.DirEntry) int64 {
		info, err := entry.Info()
		if err != nil {
			return 0
		}
		return info.ModTime().UnixNano()
	}
	slices.SortFunc(entries, func(x, y os.DirEntry) int { return cmp.Compare(age(x), age(y)) })
	for _, entry := range entries[:len(entries)-maxQualified] {
		err = errors.Join(err, os.Remove(filepath.Join(folder, entry.Name())))
	}
	return err
}

// forget deletes what is known of a device that is in doubt.
func (k *kinds) forget(d backend.Device) error {
	if k.dir == "" || !d.Driven() {
		return nil
	}
	folder, err := k.folder(d)
	if err != nil {
		return err
	}
	return os.RemoveAll(folder)
}

// readQualified reads the file that the daemon has brought. A file that is not there, or not whole,
// adds nothing: calls are compared again.
func readQualified() *guard.Qualified {
	q := &guard.Qualified{}
	if file, err := os.Open(filepath.Join(inFolder, qualifiedName)); err == nil {
		_ = q.Load(file)
		_ = file.Close()
	}
	return q
}

// qualifying is the executor of a worker process that writes, after each task, what was found out about
// the device.
type qualifying struct {
	executor.Executor

	kinds   *guard.Qualified
	written int
}

// Destroy implements executor.Executor. A worker process runs one task at a time.
func (q *qualifying) Destroy(id string) error {
	err := q.Executor.Destroy(id)
	if count := q.kinds.Added(); count != q.written {
		if failed := q.write(); failed != nil {
			fmt.Fprintln(os.Stderr, "cannot keep what was found out about the device:", failed)
		}
		q.written = count
	}
	return err
}

var _ executor.Tracker = (*qualifying)(nil)

// Progress implements executor.Tracker.
func (q *qualifying) Progress(id string) (executor.Progress, error) {
	if tracker, is := q.Executor.(executor.Tracker); is {
		return tracker.Progress(id)
	}
	return executor.Progress{}, nil
}

func (q *qualifying) write() error {
	path := filepath.Join(outFolder, qualifiedName)
	file, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	if err := errors.Join(q.kinds.Save(file), file.Close()); err != nil {
		return err
	}
	return osfault.Replace(path+".new", path)
}
