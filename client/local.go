package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/internal/osfault"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ExecutorTask returns what every machine runs for one task of a job, by the task's index.
// The caller sets the paths of this machine: ID, ProgramPath, Inputs and OutputDir.
func ExecutorTask(spec *computetypes.JobSpec, index uint64) executor.Task {
	task := executor.Task{
		Args:        computetypes.TaskArgs(spec.Args, spec.TaskNumber(index)),
		Fuel:        spec.Resources.Fuel,
		MemoryBytes: spec.Resources.MemoryBytes,
		DeviceBytes: spec.Resources.DeviceBytes,
		OutputBytes: spec.Resources.OutputBytes,
		// The most outputs that a manifest can list in addition to the two captured
		// streams.
		OutputFiles: manifest.MaxFiles - 2,
	}
	for _, v := range computetypes.TaskEnv(spec.Env, spec.TaskNumber(index)) {
		task.Env = append(task.Env, executor.Variable{Name: v.Name, Value: v.Value})
	}
	copy(task.Seed[:], spec.Seed)
	return task
}

// Local is the result of a task on this machine.
type Local struct {
	// Result is the result on which nodes would agree, saved like a downloaded result. The
	// chain has not accepted it, so it does not have a tag.
	Result
	// Digest is the SHA-256 of the result manifest.
	Digest blob.Digest
	// Task is the index of the task.
	Task uint64
	// Spec is the job's spec, except for the places of its content.
	Spec computetypes.JobSpec
	// Report is the executor's report, with the fuel and memory that the task used.
	Report executor.Result
	// Engine names what has run the task, with the device of its tensors.
	Engine string
}

// localRelay stands for the relay of a job that is not posted. Nothing is sent there.
const localRelay = "http://localhost"

// RunLocal runs one task of a job on this machine, under the rules of its profile and
// within the bounds of the job. It saves the outputs like a downloaded result: into dir;
// for an array into the task's folder in dir; or into a new temporary folder if dir is
// empty. It needs neither a chain nor a relay; content that the job names by address is
// downloaded. A failing program is a result. Tensors are executed on the processor, unless an
// option names another device. The error wraps *wasm.Refusal if the profile does not accept the
// program.
func RunLocal(ctx context.Context, job jobfile.Job, index uint64, dir string, options ...LocalOption) (local *Local, err error) {
	if !profiles.Known(job.Executor) {
		return nil, fmt.Errorf("executor: expected %s, which this thetad can run, found %s in the job file", strings.Join(profiles.Names(), " or "), job.Executor)
	}
	spec, err := localSpec(job)
	if err != nil {
		return nil, err
	}
	if index >= spec.Tasks {
		return nil, fmt.Errorf("expected a task from 0 to %d, found %d", spec.Tasks-1, index)
	}
	temporary := dir == ""
	if dir, err = localFolder(dir, spec, index); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil && temporary {
			err = errors.Join(err, os.RemoveAll(dir)) // no one would be told about it
		}
	}()
	scratch, err := os.MkdirTemp(dir, ".theta-local-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	task := ExecutorTask(spec, index)
	task.ID, task.OutputDir = "local", filepath.Join(scratch, "out")
	if err := localMaterials(ctx, job, index, scratch, &task); err != nil {
		return nil, err
	}
	if err := checkModule(job.Executor, task.ProgramPath, task.MemoryBytes); err != nil {
		return nil, fmt.Errorf("program: %w", err)
	}
	report, engine, err := runHere(ctx, job.Executor, task, options)
	if err != nil {
		return nil, err
	}
	result := report.Manifest()
	local = &Local{
		Result: Result{Manifest: result, Dir: dir, saved: SavedNames(result.Files)},
		Task:   index, Spec: *spec, Report: report, Engine: engine,
	}
	return local, local.save(task.OutputDir)
}

// localSpec returns the spec that the chain would get, except for the places of its
// content.
func localSpec(job jobfile.Job) (*computetypes.JobSpec, error) {
	if err := job.Validate(); err != nil {
		return nil, err
	}
	nowhere, err := transfer.NewClient(transfer.DefaultClientConfig(localRelay))
	if err != nil {
		return nil, err
	}
	var packed Packed
	if err := packed.fill(job, nowhere); err != nil {
		return nil, err
	}
	if err := packed.Spec.ValidateWork(); err != nil {
		return nil, within("job", err)
	}
	return &packed.Spec, nil
}

// localFolder creates the folder for the outputs of a task.
func localFolder(dir string, spec *computetypes.JobSpec, index uint64) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "theta-local-")
	}
	switch state, err := LoadState(dir); {
	case err == nil:
		return "", fmt.Errorf("expected no results of another job in %s, found those of job %q; choose another folder with --out", dir, state.JobID)
	case !errors.Is(err, ErrNoState):
		return "", err
	}
	if spec.Tasks > 1 {
		dir = taskFolder(dir, index)
	}
	return dir, os.MkdirAll(dir, 0o755) //nolint:gosec // results are the owner's to share
}

// localMaterials names the files of a task on this machine. Files that are elsewhere are
// downloaded into scratch.
func localMaterials(ctx context.Context, job jobfile.Job, index uint64, scratch string, task *executor.Task) error {
	fetcher, err := transfer.NewClient(transfer.DefaultClientConfig(""))
	if err != nil {
		return err
	}
	fetched := 0
	place := func(name string, content jobfile.Content) (string, error) {
		if len(content.URIs) == 0 {
			return content.Path, nil
		}
		fetched++
		path := filepath.Join(scratch, fmt.Sprintf("fetched-%d", fetched))
		if err := fetchContent(ctx, fetcher, content, path); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		return path, nil
	}
	if task.ProgramPath, err = place("program", job.Program); err != nil {
		return err
	}
	for name, content := range job.Inputs {
		path, err := place("input "+name, content)
		if err != nil {
			return err
		}
		task.Inputs = append(task.Inputs, executor.Input{Name: name, Path: path})
	}
	if job.ArrayInput == nil {
		return nil
	}
	own, err := job.ArrayInput.Files()
	if err != nil {
		return err
	}
	if index >= uint64(len(own)) {
		return fmt.Errorf("array_input: expected a file for task %d, found %d files", index, len(own))
	}
	task.Inputs = append(task.Inputs, executor.Input{Name: job.ArrayInput.Path, Path: own[index]})
	return nil
}

// fetchContent downloads content from the first of its addresses that has it.
func fetchContent(ctx context.Context, fetcher *transfer.Client, content jobfile.Content, path string) error {
	var failures []error
	for _, uri := range content.URIs {
		_, err := fetcher.FetchFile(ctx, uri, content.SHA256, int64(content.Size), path) //nolint:gosec // the spec bounds sizes
		if err == nil {
			return nil
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// runHere runs a task in an executor of its own, and returns its name too; the end of the context
// stops it.
func runHere(ctx context.Context, profile string, task executor.Task, options []LocalOption) (result executor.Result, name string, err error) {
	engine, err := openHere(ctx, profile, options)
	if err != nil {
		return result, "", err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	if err := engine.Start(ctx, task); err != nil {
		return result, "", err
	}
	result, err = engine.Wait(ctx, task.ID)
	return result, engine.Fingerprint(ctx).Engine, err
}

// save moves the outputs from the executor's folder into the result's folder and writes the
// manifest next to them.
func (l *Local) save(from string) error {
	encoded, err := l.Manifest.Encode()
	if err != nil {
		return err
	}
	l.Digest = blob.DigestOf(encoded)
	if err := forget(l.Dir); err != nil {
		return err
	}
	for _, file := range l.Manifest.Files {
		path := l.Path(file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // results are the owner's to share
			return err
		}
		if err := osfault.Replace(filepath.Join(from, filepath.FromSlash(file.Path)), path); err != nil {
			return fmt.Errorf("output %s: %w", file.Path, err)
		}
		if err := os.Chmod(path, 0o644); err != nil { //nolint:gosec // results are the owner's to share
			return err
		}
	}
	if err := l.writeNames(); err != nil {
		return err
	}
	return writeWhole(filepath.Join(l.Dir, ManifestFile), encoded, 0o644)
}

// forget removes the outputs that an earlier run has left in a folder, if they have not
// changed since.
func forget(dir string) error {
	encoded, err := os.ReadFile(filepath.Join(dir, ManifestFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	result, err := manifest.Decode(encoded)
	if err != nil {
		return fmt.Errorf("%s: %w; choose another folder with --out", filepath.Join(dir, ManifestFile), err)
	}
	earlier := Result{Manifest: result, Dir: dir, saved: SavedNames(result.Files)}
	for _, file := range result.Files {
		if path := earlier.Path(file); checkFile(path, file) == nil {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}
