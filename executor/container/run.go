package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/internal/osfault"
)

const (
	// lookEvery is the pause between two looks at a container that runs.
	lookEvery = 100 * time.Millisecond
	// maxStep is the longest time between two looks that counts. The machine may have slept.
	maxStep = 2 * time.Second
	// noteEvery is the pause between two notes of how long a container has run.
	noteEvery = time.Second
)

// run is one task from its beginning to its end.
type run struct {
	*Executor
	*execution
	folder string
	// id is what the engine calls the container. Unlike its name, no other container has had it.
	id string
	// ran is how long the container has run. The time in which it was paused does not count.
	ran time.Duration
	out *os.Root
	// printed is what the program prints.
	printed *printed
}

// ending is how a program ended.
type ending struct {
	reason executor.Reason
	code   int32
	detail string
}

// failed is the end of a program that did not exit by itself.
func failed(reason executor.Reason, detail string) ending {
	return ending{reason: reason, code: manifest.NoExitCode, detail: detail}
}

func (r *run) outputs() string { return filepath.Join(r.folder, "out") }
func (r *run) clock() string   { return filepath.Join(r.folder, "ran") }

// execute runs the task. Nothing of it is left afterwards except for the outputs, unless the engine is gone: then
// the container is removed when it is back.
func (r *run) execute(ctx context.Context, again bool) (executor.Result, error) {
	found, err := r.acquire(ctx)
	if errors.Is(err, errImage) {
		return r.finish(ctx, failed(manifest.ReasonInvalidProgram, err.Error()), nil)
	}
	if err != nil {
		return executor.Result{}, err
	}
	defer found.release()
	defer r.clear()
	work := digest(&r.task, found)
	if again {
		again, err = r.adopt(ctx, work)
		if err != nil {
			return executor.Result{}, err
		}
	}
	if !again {
		end, err := r.start(ctx, found, work)
		if err != nil {
			return executor.Result{}, err
		}
		if end != nil {
			return r.finish(ctx, *end, nil)
		}
	}
	if r.out, err = os.OpenRoot(r.outputs()); err != nil {
		return executor.Result{}, osfault.Explain(r.outputs(), err)
	}
	defer r.out.Close() //nolint:errcheck // read only
	r.printed = r.follow(ctx)
	end, err := r.watch(ctx)
	if err != nil {
		return executor.Result{}, err
	}
	return r.finish(ctx, end, r.printed.wait())
}

// acquire has the engine hold the image of the task. If tasks are suspended meanwhile, it begins again later.
func (r *run) acquire(ctx context.Context) (*lent, error) {
	for {
		if err := r.enter(ctx); err != nil {
			return nil, err
		}
		inner, cancel := context.WithCancel(ctx)
		r.execution.mu.Lock()
		r.interrupt = cancel
		r.execution.mu.Unlock()
		r.begins.RUnlock()
		found, err := r.images.acquire(inner, &r.task)
		r.execution.mu.Lock()
		r.interrupt = nil
		r.execution.mu.Unlock()
		interrupted := inner.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil || !interrupted {
			return found, err
		}
	}
}

// clear removes the container and the files of the task.
func (r *run) clear() {
	ctx, cancel := called(context.Background())
	defer cancel()
	if err := r.remove(ctx, r.name); err != nil {
		r.cfg.Logger.Warn("a container is removed later", "task", r.task.ID, "error", err)
		return
	}
	if err := removeTree(r.folder); err != nil {
		r.cfg.Logger.Warn("the files of a container are removed later", "task", r.task.ID, "error", err)
	}
}

// lay makes the folder of the task. Only this user reaches it, and the program its part of it.
func (r *run) lay() error {
	if err := removeTree(r.folder); err != nil {
		return fmt.Errorf("cannot clear the folder of the task: %w", osfault.Explain(r.folder, err))
	}
	if err := os.MkdirAll(r.outputs(), 0o700); err != nil {
		return fmt.Errorf("cannot make the folder of the task: %w", osfault.Explain(r.folder, err))
	}
	uid, _ := self()
	if uid != 0 && !has(r.engine.system(), "userns") {
		return nil
	}
	// The program runs as another user. The folders above are closed to all others.
	for _, in := range r.task.Inputs {
		info, err := os.Stat(in.Path)
		if err == nil && info.Mode().Perm()&0o044 != 0o044 {
			err = os.Chmod(in.Path, info.Mode().Perm()|0o044)
		}
		if err != nil {
			return fmt.Errorf("cannot make input %q readable to the program: %w", in.Name, osfault.Explain(in.Path, err))
		}
	}
	return os.Chmod(r.outputs(), 0o777) //nolint:gosec // below a folder of this user only
}

// watch follows the container until it has ended or has to be ended. It returns an error of the machine, or how the
// program ended.
func (r *run) watch(ctx context.Context) (ending, error) {
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	exit := r.await(ctx)
	last, noted, measured := time.Now(), r.ran, time.Now()
	for {
		select {
		case <-ctx.Done():
			return ending{}, context.Cause(ctx)
		case e := <-exit:
			if e.err == nil {
				if !r.paused() {
					r.ran += min(time.Since(last), maxStep)
				}
				return r.judge(ctx, e)
			}
			if err := r.back(ctx, e.err); err != nil {
				return ending{}, err
			}
			r.printed.cancel()
			r.printed = r.follow(ctx)
			exit, last = r.await(ctx), time.Now()
		case <-looks.C:
			step := min(time.Since(last), maxStep)
			last = time.Now()
			if r.paused() {
				continue
			}
			r.ran += step
			if r.ran-noted >= noteEvery {
				noted = r.ran
				r.note()
			}
			switch {
			case r.task.WallLimit > 0 && r.ran >= r.task.WallLimit:
				return ending{}, executor.ErrWallLimit
			case r.ran >= r.limit():
				return r.end(failed(manifest.ReasonOutOfFuel, fmt.Sprintf("the program did not end within %s", r.limit())))
			}
			// Large trees are measured less often, so that measuring takes a tenth of the time at most.
			if began := time.Now(); began.After(measured) {
				err := r.cfg.room()
				if err == nil {
					err = measure(r.out, &r.task)
				}
				measured = time.Now().Add(9 * time.Since(began))
				if end, program := blamed(err); program {
					return r.end(end)
				}
				if err != nil {
					return ending{}, err
				}
			}
		}
	}
}

// limit returns how long the program may run.
func (r *run) limit() time.Duration {
	return time.Duration(r.task.Fuel) * (time.Second / FuelPerSecond)
}

func (r *run) paused() bool {
	r.execution.mu.Lock()
	defer r.execution.mu.Unlock()
	return r.still
}

// note writes down how long the container has run. A later daemon that takes it over reads it.
func (r *run) note() {
	_ = os.WriteFile(r.clock(), []byte(strconv.FormatInt(r.ran.Milliseconds(), 10)), 0o600) // a missing note costs the owner a little time
}

// noted returns how long the container had run when an earlier daemon noted it.
func (r *run) noted() time.Duration {
	content, err := os.ReadFile(r.clock())
	if err != nil {
		return 0
	}
	millis, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
	if err != nil || millis < 0 {
		return 0
	}
	return time.Duration(millis) * time.Millisecond
}

// blamed returns the end of a program that has left wrong outputs, and whether it has.
func blamed(err error) (ending, bool) {
	switch {
	case errors.Is(err, errTooBig):
		return failed(manifest.ReasonOutputTooBig, err.Error()), true
	case errors.Is(err, errEntry):
		return failed(manifest.ReasonTrapped, err.Error()), true
	default:
		return ending{}, false
	}
}

// finish makes the result. The outputs of a program that did not exit by itself are its streams.
func (r *run) finish(ctx context.Context, end ending, streams map[string][]byte) (executor.Result, error) {
	root := r.out
	if end.reason != manifest.ReasonExited {
		root = nil
	}
	files, err := collect(ctx, root, &r.task, streams)
	if instead, program := blamed(err); program && root != nil {
		end = instead
		files, err = collect(ctx, nil, &r.task, streams)
	}
	if err != nil {
		return executor.Result{}, err
	}
	result := executor.Result{
		Profile: Profile, Reason: end.reason, ExitCode: end.code, Outputs: files, WallTime: max(r.ran, time.Nanosecond), Detail: end.detail,
	}
	for _, key := range r.task.TraceKeys {
		result.Traces = append(result.Traces, traceOf(key))
	}
	return result, nil
}
