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
	// listed is the number of names of a folder that are read at a time.
	listed = 256
	// maxDepth is the maximum depth of a path, which has at most manifest.MaxPathBytes bytes.
	maxDepth = manifest.MaxPathBytes / 2
)

// errOutputs means that a worker process has left files that are not allowed.
var errOutputs = errors.New("the outputs are not what the worker may leave")

// collector copies the outputs of a task out of the folder of its worker process. The process
// may still change them during that; the list describes the copies.
type collector struct {
	from *os.Root
	to   string
	task *executor.Task
	// whole reports whether the program exited by itself. Otherwise only its streams are
	// collected.
	whole       bool
	streamBytes uint64
	entries     int
	bytes       uint64
	files       []executor.File
}

// collect copies the outputs in a folder below root to the output directory of a task and
// lists them. It copies either all of them or none. It fails with errOutputs if an entry is
// neither a regular file nor a folder, if it is located elsewhere, if no manifest accepts its
// name, or if the outputs are more than the task allows.
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
	// The directory may exist only if it is empty. The collected folder then replaces it.
	if err := os.Remove(task.OutputDir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cannot put the outputs in place: %w", osfault.Explain(task.OutputDir, err))
	}
	if err := osfault.Replace(c.to, task.OutputDir); err != nil {
		return nil, fmt.Errorf("cannot put the outputs in place: %w", osfault.Explain(task.OutputDir, err))
	}
	if !task.Unsynced {
		if err := syncFolder(filepath.Dir(filepath.Clean(task.OutputDir))); err != nil {
			return nil, fmt.Errorf("cannot put the outputs in place: %w", err)
		}
	}
	return result.Sorted().Files, nil
}

// folder collects one folder and reads a limited number of names at a time, because a worker
// process may have created millions of them.
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

// file copies one output and records its size and digest.
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
	size, err := copyOutput(filepath.Join(c.to, filepath.FromSlash(name)), from, hash, room, !c.task.Unsynced)
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

// copyOutput writes at most room + 1 bytes to a new file. With durable it syncs the file, so
// that a digest is never reported for content that a power failure could still remove.
func copyOutput(to string, from io.Reader, hash io.Writer, room uint64, durable bool) (uint64, error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return 0, fmt.Errorf("cannot keep an output: %w", osfault.Explain(to, err))
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("cannot keep an output: %w", osfault.Explain(to, err))
	}
	size, err := io.Copy(io.MultiWriter(file, hash), io.LimitReader(from, int64(min(room, 1<<62))+1)) //nolint:gosec // bounded
	if err == nil && durable {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, fmt.Errorf("cannot keep an output: %w", osfault.Explain(to, err))
	}
	return uint64(size), nil //nolint:gosec // not negative
}

// syncFolder ensures that the names in a folder survive a power failure. Windows does not have
// such a call and does not need one.
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
