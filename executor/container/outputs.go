package container

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/filename"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/internal/osfault"
)

// listed is the number of names of a folder that are read at a time.
const listed = 256

// maxDepth is the maximum depth of a path, which has at most manifest.MaxPathBytes bytes.
const maxDepth = manifest.MaxPathBytes / 2

var (
	// errTooBig means that the outputs are more than the task allows.
	errTooBig = errors.New("the outputs are larger than the task allows")
	// errEntry means that the program left something that cannot be an output.
	errEntry = errors.New("the outputs contain what cannot be an output")
)

// usage is what the outputs take.
type usage struct {
	bytes   uint64
	entries int
	// disk is what they take on the disk, which is more where a program has reserved blocks behind the end of a file.
	disk uint64
}

// spareBytes is how much more than twice the outputs may be taken on the disk. File systems reserve blocks behind the
// end of a file that grows by themselves, up to its size.
const spareBytes = 64 << 20

// over reports whether the outputs are more than the task allows.
func (u usage) over(task *executor.Task) error {
	switch {
	case u.bytes > task.OutputBytes:
		return fmt.Errorf("%w: more than %d bytes", errTooBig, task.OutputBytes)
	case u.disk/2 > task.OutputBytes+spareBytes/2:
		return fmt.Errorf("%w: more than %d bytes on the disk, with what is reserved behind the ends of files", errTooBig, 2*task.OutputBytes+spareBytes)
	case u.entries > int(task.OutputFiles):
		return fmt.Errorf("%w: more than %d files and folders", errTooBig, task.OutputFiles)
	}
	return nil
}

// measure finds out whether the outputs are too many while the program runs. Files that vanish meanwhile do not
// count, and a sparse file counts with its whole size, as it would be collected.
func measure(root *os.Root, task *executor.Task) error {
	var u usage
	return walk(root, ".", 0, func(_ string, entry fs.DirEntry) error {
		u.entries++
		if entry.Type().IsRegular() {
			info, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			u.bytes += uint64(info.Size())
			u.disk += max(uint64(info.Size()), allocated(info))
		}
		return u.over(task)
	})
}

// open opens a file or folder of the outputs. One that its owner has closed is opened up, because a daemon that is root
// could read it as well. An error of the machine is no fault of the program, which may only have put a link in the way.
func open(root *os.Root, name string, mode fs.FileMode) (*os.File, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|noBlock, 0)
	if errors.Is(err, fs.ErrPermission) && root.Chmod(name, mode) == nil {
		file, err = root.OpenFile(name, os.O_RDONLY|noBlock, 0)
	}
	var number syscall.Errno
	switch {
	case err == nil:
		return file, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w: %w; let the program make its outputs readable", errEntry, err)
	case errors.As(err, &number) && number != syscall.ELOOP && number != syscall.ENOTDIR && number != syscall.ENXIO && number != syscall.ENAMETOOLONG:
		return nil, fmt.Errorf("cannot read the outputs: %w", osfault.Explain(name, err))
	default:
		return nil, fmt.Errorf("%w: %w", errEntry, err)
	}
}

// removeTree removes a folder, also where a program has closed folders below it to their owner. The program has ended.
func removeTree(dir string) error {
	err := os.RemoveAll(dir)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_ = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(name, 0o700) //nolint:gosec // a folder needs it
		}
		return nil
	}) // removing says what is in the way
	return os.RemoveAll(dir)
}

// walk visits everything below a folder without following links. It reads a limited number of names at a time,
// because a program may have created millions of them.
func walk(root *os.Root, name string, depth int, visit func(name string, entry fs.DirEntry) error) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: folders are nested more than %d deep", errEntry, maxDepth)
	}
	dir, err := open(root, name, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer dir.Close() //nolint:errcheck // read only
	for {
		entries, err := dir.ReadDir(listed)
		for _, entry := range entries {
			below := path.Join(name, entry.Name())
			if err := visit(below, entry); err != nil {
				return err
			}
			if entry.IsDir() {
				if err := walk(root, below, depth+1, visit); err != nil {
					return err
				}
			}
		}
		// A program that runs may have put a file in the place of the folder.
		if errors.Is(err, io.EOF) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot list the outputs: %w", err)
		}
	}
}

// collector copies the outputs of a program that has ended.
type collector struct {
	ctx   context.Context //nolint:containedctx // one collector is one call
	from  *os.Root
	to    string
	task  *executor.Task
	usage usage
	// keys contains the names of each folder as file systems that ignore case see them.
	keys  map[string]string
	files []executor.File
}

// collect copies the outputs of a program and lists them, and adds its streams. root is nil if the program did
// not exit by itself: then only the streams are outputs. The output directory gets all or nothing. It fails with errTooBig
// or errEntry if the program is to blame, and with the error of the context if that ends.
func collect(ctx context.Context, root *os.Root, task *executor.Task, streams map[string][]byte) (files []executor.File, err error) {
	c := &collector{ctx: ctx, from: root, to: partialDir(task.OutputDir), task: task, keys: map[string]string{}}
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
	if root != nil {
		if err := walk(root, ".", 0, c.visit); err != nil {
			return nil, err
		}
	}
	for name, content := range streams {
		if len(content) > 0 {
			if err := c.stream(name, content); err != nil {
				return nil, err
			}
		}
	}
	sorted := manifest.Manifest{Profile: Profile, Reason: manifest.ReasonExited, Files: c.files}
	if err := sorted.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", errEntry, err)
	}
	return sorted.Sorted().Files, c.publish()
}

// publish puts the collected folder in the place of the output directory, which may exist if it is empty.
func (c *collector) publish() error {
	dir := c.task.OutputDir
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot put the outputs in place: %w", osfault.Explain(dir, err))
	}
	if err := osfault.Replace(c.to, dir); err != nil {
		return fmt.Errorf("cannot put the outputs in place: %w", osfault.Explain(dir, err))
	}
	if c.task.Unsynced {
		return nil
	}
	folder, err := os.Open(filepath.Dir(filepath.Clean(dir)))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// visit checks one entry and copies it if it is a file.
func (c *collector) visit(name string, entry fs.DirEntry) error {
	c.usage.entries++
	if err := c.usage.over(c.task); err != nil {
		return err
	}
	if err := manifest.ValidatePath(name); err != nil {
		return fmt.Errorf("%w: %w", errEntry, err)
	}
	key, err := filename.Portable(entry.Name())
	if err != nil {
		return fmt.Errorf("%w: %w", errEntry, err)
	}
	folded := path.Join(path.Dir(name), key)
	if other, taken := c.keys[folded]; taken {
		return fmt.Errorf("%w: %.100q and %.100q are one name to some file systems", errEntry, other, name)
	}
	c.keys[folded] = name
	switch {
	case folded == streamStdout || folded == streamStderr:
		return fmt.Errorf("%w: %.100q is the name of a stream; choose another name", errEntry, name)
	case entry.IsDir():
		return nil
	case entry.Type().IsRegular():
		return c.file(name)
	default:
		return fmt.Errorf("%w: %.100q is no regular file (%s)", errEntry, name, entry.Type())
	}
}

// file copies one output and notes its size and digest.
func (c *collector) file(name string) error {
	from, err := open(c.from, name, 0o600)
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // read only
	if info, err := from.Stat(); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %.100q is no regular file", errEntry, name)
	}
	room := c.task.OutputBytes - c.usage.bytes
	size, err := c.write(name, io.LimitReader(stoppable{c.ctx, from}, int64(min(room, 1<<62))+1))
	c.usage.bytes += size
	return errors.Join(err, c.usage.over(c.task))
}

// stoppable is a reader that ends with a context: the outputs may be a terabyte of holes, and the owner may stop the task.
type stoppable struct {
	ctx  context.Context //nolint:containedctx // one reader is one call
	from io.Reader
}

// Read implements io.Reader. It fails with the error of the context.
func (r stoppable) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}

// stream writes what the program has printed.
func (c *collector) stream(name string, content []byte) error {
	_, err := c.write(name, bytes.NewReader(content))
	return err
}

func (c *collector) write(name string, from io.Reader) (uint64, error) {
	to := filepath.Join(c.to, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return 0, fmt.Errorf("cannot keep an output: %w", osfault.Explain(to, err))
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("cannot keep an output: %w", osfault.Explain(to, err))
	}
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(file, hash), from)
	if err == nil && !c.task.Unsynced {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, fmt.Errorf("cannot keep an output: %w", osfault.Explain(to, err))
	}
	found := executor.File{Path: name, Size: uint64(size)}
	hash.Sum(found.SHA256[:0])
	c.files = append(c.files, found)
	return found.Size, nil
}

// partialDir returns the directory in which outputs are collected until they are complete.
func partialDir(dir string) string { return filepath.Clean(dir) + ".partial" }

// clearOutputs removes the files that an earlier run of the task left.
func clearOutputs(dir string) error {
	return errors.Join(os.RemoveAll(partialDir(dir)), os.RemoveAll(dir))
}

// requireEmpty fails with ErrBadTask if dir is not empty.
func requireEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%w: output directory: %w", executor.ErrBadTask, err)
	case len(entries) > 0:
		return fmt.Errorf("%w: output directory %s holds %d entries, expected none", executor.ErrBadTask, dir, len(entries))
	}
	return nil
}
