package worker

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/internal/osfault"
)

const (
	streamStdout = "stdout"
	streamStderr = "stderr"
	// listed is how many names of a folder are read at a time.
	listed = 256
	// maxDepth of a path, which has at most manifest.MaxPathBytes.
	maxDepth = manifest.MaxPathBytes / 2
)

// errOutputs: what a worker has left is not what it may leave.
var errOutputs = errors.New("the outputs are not what the worker may leave")

// collector copies the outputs of a task out of the folder of its worker, which may
// still change them: what is listed is what was copied.
type collector struct {
	from *os.Root
	to   string
	task *executor.Task
	// whole: the program exited by itself; otherwise it leaves its streams only.
	whole       bool
	streamBytes uint64
	entries     int
	bytes       uint64
	files       []executor.File
}

// collect copies the outputs that lie in a folder below root to the output directory of
// a task, all or nothing, and lists them. What is not a regular file or a folder, lies
// elsewhere, has a name that no manifest takes or is more than the task allows is
// refused with errOutputs.
func collect(root *os.Root, folder string, task *executor.Task, whole bool, streamBytes uint64) (files []executor.File, err error) {
	from, err := root.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errOutputs, err)
	}
	defer from.Close() //nolint:errcheck // read only
	c := &collector{from: from, to: partial(task.OutputDir), task: task, whole: whole, streamBytes: streamBytes}
	if err := os.RemoveAll(c.to); err != nil {
		return nil, fmt.Errorf("cannot clear partial outputs: %w", osfault.Explain(c.to, err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(c.to))
		}
	}()
	if err := os.MkdirAll(c.to, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the output folder: %w", osfault.Explain(c.to, err))
	}
	if err := c.folder(".", 0); err != nil {
		return nil, err
	}
	result := manifest.Manifest{Profile: "-", Reason: manifest.ReasonExited, Files: c.files}
	if err := result.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", errOutputs, err)
	}
	// The directory may exist, but only empty; then this takes its place.
	if err := os.Remove(task.OutputDir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cannot put the outputs in place: %w", osfault.Explain(task.OutputDir, err))
	}
	if err := os.Rename(c.to, task.OutputDir); err != nil {
		return nil, fmt.Errorf("cannot put the outputs in place: %w", osfault.Explain(task.OutputDir, err))
	}
	if err := syncFolder(filepath.Dir(filepath.Clean(task.OutputDir))); err != nil {
		return nil, fmt.Errorf("cannot put the outputs in place: %w", err)
	}
	return result.Sorted().Files, nil
}

// folder goes through one folder, some names at a time: a worker may have made millions.
func (c *collector) folder(name string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: folders are nested more than %d deep", errOutputs, maxDepth)
	}
	dir, err := c.from.Open(name)
	if err != nil {
		return fmt.Errorf("%w: %w", errOutputs, err)
	}
	defer dir.Close() //nolint:errcheck // read only
	for {
		entries, err := dir.ReadDir(listed)
		for _, entry := range entries {
			if c.entries++; c.entries > int(c.task.OutputFiles)+2 {
				return fmt.Errorf("%w: expected at most %d files and folders beside the two streams", errOutputs, c.task.OutputFiles)
			}
			below := path.Join(name, entry.Name())
			if err := manifest.ValidatePath(below); err != nil {
				return fmt.Errorf("%w: %w", errOutputs, err)
			}
			switch {
			case entry.IsDir():
				err = c.folder(below, depth+1)
			case entry.Type().IsRegular():
				err = c.file(below)
			default:
				err = fmt.Errorf("%w: %q is no regular file", errOutputs, below)
			}
			if err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot list the outputs: %w", err)
		}
	}
}

// file copies one output and notes its size and digest.
func (c *collector) file(name string) error {
	stream := name == streamStdout || name == streamStderr
	if !c.whole && !stream {
		return fmt.Errorf("%w: %q, though the program did not exit by itself", errOutputs, name)
	}
	room := c.task.OutputBytes - c.bytes
	if stream {
		room = c.streamBytes
	}
	from, err := c.from.OpenFile(name, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return fmt.Errorf("%w: %w", errOutputs, err)
	}
	defer from.Close() //nolint:errcheck // read only
	if info, err := from.Stat(); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %q is no regular file", errOutputs, name)
	}
	hash := sha256.New()
	size, err := copyOutput(filepath.Join(c.to, filepath.FromSlash(name)), from, hash, room)
	if err != nil {
		return err
	}
	if size > room {
		return fmt.Errorf("%w: %q has more than the %d bytes that are left for it", errOutputs, name, room)
	}
	if !stream {
		c.bytes += size
	}
	file := executor.File{Path: name, Size: size}
	hash.Sum(file.SHA256[:0])
	c.files = append(c.files, file)
	return nil
}

// copyOutput writes at most one byte more than room to a new file, synced, so that a
// digest is never told for content that a power cut could still take away.
func copyOutput(to string, from io.Reader, hash io.Writer, room uint64) (uint64, error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return 0, fmt.Errorf("cannot keep an output: %w", osfault.Explain(to, err))
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("cannot keep an output: %w", osfault.Explain(to, err))
	}
	size, err := io.Copy(io.MultiWriter(file, hash), io.LimitReader(from, int64(min(room, 1<<62))+1)) //nolint:gosec // bounded
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return 0, fmt.Errorf("cannot keep an output: %w", osfault.Explain(to, err))
	}
	return uint64(size), nil //nolint:gosec // not negative
}

// syncFolder makes the names in a folder outlive a power cut. Windows has no such call
// and needs none.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
