package wasm

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm/internal/wasi"
	"github.com/thetaedge/theta/internal/osfault"
)

const (
	streamStdout = "stdout"
	streamStderr = "stderr"
)

// partialDir returns the directory in which outputs are collected until they are complete.
func partialDir(dir string) string { return filepath.Clean(dir) + ".partial" }

// writeOutputs writes the outputs of the program to the output directory of the task, either
// all of them or none, and returns their list. A program that did not exit by itself leaves
// only its streams.
func writeOutputs(task *executor.Task, host *wasi.Host, reason executor.Reason) ([]executor.File, error) {
	dir := task.OutputDir
	partial := partialDir(dir)
	if err := os.RemoveAll(partial); err != nil {
		return nil, fmt.Errorf("clear partial outputs: %w", err)
	}
	if err := os.MkdirAll(partial, 0o700); err != nil {
		return nil, fmt.Errorf("make output directory: %w", err)
	}
	var files []executor.File
	write := func(path string, content io.WriterTo) error {
		if err := manifest.ValidatePath(path); err != nil {
			return err
		}
		file, err := writeFile(filepath.Join(partial, filepath.FromSlash(path)), content, !task.Unsynced)
		if err != nil {
			return fmt.Errorf("write output %q: %w", path, err)
		}
		file.Path = path
		files = append(files, file)
		return nil
	}
	if reason == manifest.ReasonExited {
		visit := func(path string, content wasi.Content) error { return write(path, content) }
		if err := host.Outputs(visit); err != nil {
			return nil, err
		}
	}
	if content := host.Stdout(); len(content) > 0 {
		if err := write(streamStdout, bytes.NewReader(content)); err != nil {
			return nil, err
		}
	}
	if content := host.Stderr(); len(content) > 0 {
		if err := write(streamStderr, bytes.NewReader(content)); err != nil {
			return nil, err
		}
	}
	// The directory may exist only if it is empty. Windows renames nothing to a directory that exists.
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("publish outputs: %w", err)
	}
	if err := osfault.Replace(partial, dir); err != nil {
		return nil, fmt.Errorf("publish outputs: %w", err)
	}
	if !task.Unsynced {
		if err := syncFolder(filepath.Dir(filepath.Clean(dir))); err != nil {
			return nil, fmt.Errorf("publish outputs: %w", err)
		}
	}
	return manifest.Manifest{Files: files}.Sorted().Files, nil
}

// syncFolder makes sure that the names in a folder survive a power cut. Windows has no such
// call and does not need one.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// writeFile creates a file. With durable it syncs the file, so that the node never reports a
// digest of content that a power cut could still remove.
func writeFile(path string, content io.WriterTo, durable bool) (executor.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return executor.File{}, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return executor.File{}, err
	}
	hash := sha256.New()
	size, err := content.WriteTo(io.MultiWriter(file, hash))
	written := executor.File{Size: uint64(size)}
	hash.Sum(written.SHA256[:0])
	if err == nil && durable {
		err = file.Sync()
	}
	return written, errors.Join(err, file.Close())
}

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
