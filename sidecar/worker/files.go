package worker

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/internal/osfault"
)

const (
	// inFolder and outFolder are subfolders of a worker process's folder: the process reads
	// from the first and writes to the second.
	inFolder  = "in"
	outFolder = "out"
)

// lay puts the files of a task into the folder of a worker process and returns its order.
func (p *process) lay(number uint64, task executor.Task) (order, error) {
	o := order{
		Number: number, Seed: task.Seed[:], Fuel: task.Fuel, MemoryBytes: task.MemoryBytes, DeviceBytes: task.DeviceBytes,
		OutputBytes: task.OutputBytes, OutputFiles: task.OutputFiles,
		OutputDir: filepath.Join(outFolder, strconv.FormatUint(number, 10)), TraceKeys: task.TraceKeys,
	}
	for _, arg := range task.Args {
		o.Args = append(o.Args, []byte(arg))
	}
	for _, v := range task.Env {
		o.Env = append(o.Env, variable{v.Name, []byte(v.Value)})
	}
	var err error
	if o.Program, err = p.bring("program", task.ProgramPath); err != nil {
		return o, fmt.Errorf("program: %w", err)
	}
	for i, in := range task.Inputs {
		path, err := p.bring(strconv.Itoa(i), in.Path)
		if err != nil {
			return o, fmt.Errorf("input %q: %w", in.Name, err)
		}
		o.Inputs = append(o.Inputs, file{Name: in.Name, Path: path, Digest: in.Digest})
	}
	return o, nil
}

// bring links a file into the folder that a worker process may read. It copies the file if it
// cannot be linked.
func (p *process) bring(name, from string) (string, error) {
	from, err := filepath.EvalSymlinks(from)
	if err != nil {
		return "", err
	}
	path := filepath.Join(inFolder, name)
	to := filepath.Join(p.folder, path)
	if os.Link(from, to) == nil {
		return path, nil
	}
	source, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer source.Close() //nolint:errcheck // read only
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(target, source)
	return path, errors.Join(err, target.Close())
}

// sweep empties the folders of a worker process after a task.
func (p *process) sweep() error {
	var errs []error
	for _, name := range []string{inFolder, outFolder} {
		folder := filepath.Join(p.folder, name)
		entries, err := os.ReadDir(folder)
		errs = append(errs, err)
		for _, entry := range entries {
			errs = append(errs, os.RemoveAll(filepath.Join(folder, entry.Name())))
		}
	}
	return errors.Join(errs...)
}

// partial returns the folder in which outputs are collected until they are complete.
func partial(dir string) string { return filepath.Clean(dir) + ".partial" }

// clearOutputs removes the outputs of an earlier run of a task.
func clearOutputs(dir string) error {
	return errors.Join(os.RemoveAll(partial(dir)), os.RemoveAll(dir))
}

// requireEmpty returns ErrBadTask if dir is not empty.
func requireEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%w: output directory: %w", executor.ErrBadTask, osfault.Explain(dir, err))
	case len(entries) > 0:
		return fmt.Errorf("%w: output directory %s holds %d entries, expected none", executor.ErrBadTask, dir, len(entries))
	}
	return nil
}
