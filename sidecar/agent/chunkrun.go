package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// chunkRun executes the tasks of a chunk, or samples of them, one after the other, in one
// place and concurrently with the loop.
type chunkRun struct {
	key       store.Key
	spec      *computetypes.JobSpec
	job       job
	part      chain.Part
	positions []uint32
	divisible bool
	work      [sha256.Size]byte
	folder    string
	engine    executor.Executor
	// task is the first task, without its own input. recover reports that the daemon was killed
	// while a task ran.
	task    executor.Task
	recover bool
	files   *materials
	fetch   func(ctx context.Context, n int) own
	// room returns an error if the disk does not have room for the outputs of another task.
	room  func() error
	meter device.Meter
	// done is the number of tasks that have a result.
	done atomic.Int64
	// payable reports whether the chain accepts the tasks that have a result without the others.
	payable atomic.Bool
	// current is the name of the execution of the task that runs, or ran last.
	current atomic.Pointer[string]
	// only means that no further task is executed, because programs are suspended.
	only bool
	// enough is closed when a divisible chunk has to end with the tasks that have a result.
	enough chan struct{}
	once   sync.Once
	// why says why. It may be read once the run has ended.
	why string
}

// executedChunk reports how an execution of a chunk ended.
type executedChunk struct {
	run     *chunkRun
	suspect bool
	// before is the number of results that an earlier execution had left.
	before int
	list   []taskResult
	// ends contains the ends of the programs of this execution.
	ends   []executor.Result
	energy device.Energy
	err    error
}

// stop ends the run with the tasks that have a result, and at least one.
func (r *chunkRun) stop(why string) { r.once.Do(func() { r.why = why; close(r.enough) }) }

// stopped reports whether the run has to end.
func (r *chunkRun) stopped() bool {
	select {
	case <-r.enough:
		return true
	default:
		return false
	}
}

// executeChunk runs the tasks of a chunk concurrently with the loop.
func (a *Agent) executeChunk(w *assignment, engine executor.Executor, p chain.Part, folder string) {
	first := taskOf(w, folder, a.cfg.ExecutionLimit)
	r := &chunkRun{
		key: w.record.Key, spec: w.spec, job: a.jobs[w.record.JobID], part: p, positions: positionsOf(p),
		divisible: divisible(w.record.Key, w.spec, p), work: workOfChunk(w.record.Key, w.spec, w.ranUnder, p),
		folder: folder, engine: engine, task: first, recover: w.recovered, files: w.ready, meter: a.cfg.meterOf(w.spec.Executor), enough: make(chan struct{}),
	}
	r.fetch = a.ownInput(r)
	r.room = func() error {
		free, err := a.cfg.FreeBytes(folder)
		if need := bid.DiskReserve + 2*r.spec.Resources.OutputBytes; err == nil && free < need {
			return fmt.Errorf("expected %d bytes free on the disk of %s for the next task, found %d", need, folder, free)
		}
		return nil
	}
	if w.salvaged() {
		r.stop("the daemon has died while the next task ran")
	}
	if a.suspension.on.Load() {
		r.only = true
		r.stop("programs are suspended, and the whole chunk cannot be finished before its commit deadline")
	}
	ctx, suspect := w.ctx, w.suspect()
	w.ready, w.recovered, w.run = nil, false, r
	a.loop.beside(func() event {
		defer r.files.release()
		done := executedChunk{run: r, suspect: suspect}
		span := r.meter.Start(ctx)
		r.execute(ctx, &done)
		done.energy = span.Stop()
		return done
	})
}

// ownInput returns a function that fetches the own input of the n-th task of a run.
func (a *Agent) ownInput(r *chunkRun) func(ctx context.Context, n int) own {
	array := r.spec.ArrayInput
	files, transfers := a.cache, a.cfg.Transfers
	return func(ctx context.Context, n int) own {
		got := own{files: &fetcher{cache: files, transfers: transfers}}
		if array != nil {
			got.input, got.err = got.files.takeOwn(ctx, array, r.spec.TaskNumber(r.key.Task+uint64(r.positions[n])))
		}
		return got
	}
}

// execute continues after the results that an earlier execution has left.
func (r *chunkRun) execute(ctx context.Context, done *executedChunk) {
	kept, err := openResults(r.folder, r.work, r.syncOutputs)
	if err != nil {
		done.err = err
		return
	}
	defer kept.close()
	if len(kept.done) > len(r.positions) {
		done.err = fmt.Errorf("expected the results of at most %d tasks in %s, found %d", len(r.positions), r.folder, len(kept.done))
		return
	}
	done.before = len(kept.done)
	r.note(kept.done)
	inputs := fetchAhead(ctx, len(r.positions)-done.before, func(ctx context.Context, n int) own { return r.fetch(ctx, done.before+n) })
	defer inputs.close()
	for n := done.before; n < len(r.positions) && done.err == nil; n++ {
		if r.only || n > 0 && r.divisible && r.ends(kept.done) {
			break
		}
		done.err = r.next(ctx, n, inputs, kept, done)
	}
	if r.stopped() && r.divisible && len(kept.done) > 0 && ctx.Err() == nil {
		done.err = nil // the task that ran was ended
	}
	done.err = errors.Join(done.err, kept.sync())
	done.list = kept.written()
}

// ends reports whether a divisible chunk ends with the results that it has.
func (r *chunkRun) ends(list []taskResult) bool {
	if committable(&r.job, r.spec.Resources.Fuel, list) < len(list) {
		r.stop("an audit would sample too many of more tasks")
	}
	if err := r.room(); err != nil {
		r.stop(err.Error())
	}
	return r.stopped()
}

// next executes the n-th task and keeps its result.
func (r *chunkRun) next(ctx context.Context, n int, inputs *ahead, kept *results, done *executedChunk) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if n > 0 && r.divisible {
		ended := make(chan struct{})
		defer close(ended)
		go func() {
			select {
			case <-r.enough:
				cancel()
			case <-ended:
			}
		}()
	}
	got := inputs.next(ctx, n-done.before)
	if got.err != nil {
		return &ownInputError{fmt.Errorf("input of task %d: %w", r.key.Task+uint64(r.positions[n]), got.err)}
	}
	defer inputs.used(got)
	task := r.taskAt(n, got)
	r.current.Store(&task.ID)
	result, err := runTask(ctx, r.engine, task, r.recover)
	r.recover = false
	if err != nil {
		return err
	}
	return r.keep(n, result, kept, done)
}

// taskAt returns the n-th task of the run.
func (r *chunkRun) taskAt(n int, input own) executor.Task {
	position := r.positions[n]
	task := client.ExecutorTask(r.spec, r.key.Task+uint64(position))
	task.ID = r.task.ID + "-" + strconv.FormatUint(uint64(position), 10)
	task.ProgramPath, task.TraceKeys, task.WallLimit = r.task.ProgramPath, r.task.TraceKeys, r.task.WallLimit
	task.OutputDir, task.Unsynced = outputsOf(r.folder, position), true
	task.Inputs = append(task.Inputs, r.files.shared...)
	if r.spec.ArrayInput != nil {
		task.Inputs = append(task.Inputs, input.input)
	}
	return task
}

// syncOutputs writes the outputs of count results from the first-th on to the disk.
func (r *chunkRun) syncOutputs(first, count int) error {
	folders := make([]string, count)
	for i := range folders {
		folders[i] = outputsOf(r.folder, r.positions[first+i])
	}
	return syncFolders(folders)
}

// keep keeps the result of the n-th task.
func (r *chunkRun) keep(n int, result executor.Result, kept *results, done *executedChunk) error {
	if len(result.Traces) != len(r.task.TraceKeys) || len(result.Traces) == 0 {
		return fmt.Errorf("expected a trace for each of %d keys, found %d", len(r.task.TraceKeys), len(result.Traces))
	}
	encoded, err := result.Manifest().Encode()
	if err != nil {
		return fmt.Errorf("cannot encode the result: %w", err)
	}
	t := taskResult{
		manifest: sha256.Sum256(encoded), manifestBytes: uint32(len(encoded)), fuel: result.FuelUsed, //nolint:gosec // at most 24 MiB
		exitCode: result.Manifest().ChainExitCode(), trace: result.Traces[0],
		wallMillis: uint64(max(result.WallTime.Milliseconds(), 0)), peakMemory: result.PeakMemory, //nolint:gosec // not negative
	}
	if len(result.Traces) > 1 {
		t.own = result.Traces[1]
	}
	for _, f := range result.Outputs {
		t.outputBytes += f.Size
	}
	if err := kept.add(t, encoded); err != nil {
		return err
	}
	if result.Detail != "" {
		keepRemark(r.folder, r.key.Task+uint64(r.positions[n]), result.Detail)
	}
	result.Outputs = nil
	done.ends = append(done.ends, result)
	r.note(kept.done)
	return nil
}

// note tells the loop which tasks have a result.
func (r *chunkRun) note(list []taskResult) {
	r.done.Store(int64(len(list)))
	r.payable.Store(r.divisible && paysAudit(&r.job, r.spec.Resources.Fuel, list))
}

const (
	// remarksFolder contains what the executor reports about the first tasks of a chunk whose
	// programs did not end well, at most maxRemarks of them, one file per task.
	remarksFolder = "remarks"
	maxRemarks    = 8
)

// keepRemark keeps a text about a task. Without it nothing is missing, so that an error is
// ignored.
func keepRemark(folder string, task uint64, text string) {
	dir := filepath.Join(folder, remarksFolder)
	if os.MkdirAll(dir, 0o700) != nil {
		return
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) >= maxRemarks {
		return
	}
	_ = os.WriteFile(filepath.Join(dir, strconv.FormatUint(task, 10)), []byte(blob.Printable(text)), 0o600) // see above
}
