package agent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// saltBytes is the length of salts. With a salt, an attacker who guesses a tag cannot
	// check the guess against its commitment.
	saltBytes = 32
	// outputFolder is the subfolder for outputs in the folder of an assignment.
	outputFolder = "out"
	// maxExecutions is the number of executions that are tried if this machine has problems.
	// Then the task is released.
	maxExecutions = 3
)

// executed reports how an execution ended.
type executed struct {
	key    store.Key
	result executor.Result
	// suspect reports whether the program ran alone.
	suspect bool
	// manifest is the encoded manifest of the result, as it is on disk.
	manifest []byte
	energy   device.Energy
	err      error
}

// execute runs the program concurrently with the loop.
func (a *Agent) execute(w *assignment) {
	keys := w.traceKeys()
	if keys == nil {
		return // the next block shows the keys
	}
	part, ok := w.part()
	if !ok {
		a.trouble("assignment "+w.record.String(), fmt.Errorf("expected a part of a chunk of at most %d tasks, found %+v; check the node of chain.grpc", computetypes.MaxChunkTasks, part))
		return
	}
	engine, ok := a.executors[w.spec.Executor]
	if !ok {
		w.giveUp = true
		a.trouble("assignment "+w.record.String(), fmt.Errorf("expected an executor for profile %s, found none; correct the profiles that the node is registered with", w.spec.Executor))
		return
	}
	folder := filepath.Join(a.cfg.WorkDir, fmt.Sprintf("%s-%d-%d", w.record.JobID, w.record.Task, w.record.Round))
	if !a.moveOn(w, store.PhaseRunning, func(r *store.Assignment) {
		r.Folder, r.Count, r.Samples, r.Tasks, r.Judges = folder, part.Count, part.Samples, 0, nil
		if part.Judges != nil {
			key := keyOf(*part.Judges)
			r.Judges = &key
		}
	}) {
		return
	}
	w.executing, w.ran, w.ranUnder = true, w.spec, keys
	a.places.take(w.suspect())
	if part.Count > 1 {
		a.executeChunk(w, engine, part, folder)
		return
	}
	task := taskOf(w, folder, a.cfg.ExecutionLimit)
	ctx, key, files, again := w.ctx, w.record.Key, w.ready, w.recovered
	w.ready, w.recovered = nil, false
	meter, suspect := a.cfg.meterOf(w.spec.Executor), w.suspect()
	a.loop.beside(func() event {
		defer files.release()
		done := executed{key: key, suspect: suspect}
		span := meter.Start(ctx)
		done.result, done.err = runTask(ctx, engine, task, again)
		done.energy = span.Stop()
		if done.err == nil {
			done.manifest, done.err = keepManifest(folder, done.result)
		}
		return done
	})
}

func taskOf(w *assignment, folder string, limit time.Duration) executor.Task {
	task := client.ExecutorTask(w.spec, w.record.Task)
	task.ID = taskID(w)
	task.ProgramPath, task.Inputs = w.ready.program, w.ready.inputs
	task.OutputDir, task.WallLimit = filepath.Join(folder, outputFolder), limit
	for _, key := range w.ranUnder {
		task.TraceKeys = append(task.TraceKeys, executor.Trace(key))
	}
	return task
}

// runTask runs a task until it ends. If ctx ends, it stops the task.
func runTask(ctx context.Context, engine executor.Executor, task executor.Task, again bool) (executor.Result, error) {
	if err := os.MkdirAll(filepath.Dir(task.OutputDir), 0o700); err != nil {
		return executor.Result{}, fmt.Errorf("cannot create the work folder: %w", err)
	}
	start := engine.Start
	if again {
		start = engine.Recover
	} else if err := os.RemoveAll(task.OutputDir); err != nil {
		return executor.Result{}, fmt.Errorf("cannot clear the output folder: %w", err)
	}
	if err := start(ctx, task); err != nil {
		return executor.Result{}, err
	}
	result, err := engine.Wait(ctx, task.ID)
	return result, errors.Join(err, engine.Destroy(task.ID))
}

// apply implements event. It writes the result, its traces, its tag and a new salt to the
// journal in one step, before any of them can be sent.
func (e executed) apply(a *Agent) {
	a.places.leave(e.suspect)
	w, live := a.assignments[e.key]
	if !live {
		return
	}
	w.executing = false
	if w.ctx.Err() != nil || w.record.Phase != store.PhaseRunning {
		return // it was given up
	}
	if e.err == nil {
		e.err = a.seal(w, e)
	}
	if e.err == nil || a.fatal != nil {
		return
	}
	a.failed(w, e.err)
	a.again(w, e.err)
}

// evictedOnly reports whether an execution was ended because the owner needs the memory. Neither the machine nor
// the program has failed: it begins again when programs go on, or is yielded if it is late by then.
func evictedOnly(err error) bool { return errors.Is(err, executor.ErrEvicted) }

// failed counts an execution that this machine could not complete. It reports whether the
// assignment is given up.
func (a *Agent) failed(w *assignment, err error) bool {
	if evictedOnly(err) {
		a.cfg.Logger.Warn("a program was ended", "assignment", w.record.Key, "reason", err)
		return false
	}
	a.metrics.failures.Inc()
	a.trouble("assignment "+w.record.Key.String()+" cannot be executed", err)
	w.failures++
	switch {
	case errors.Is(err, executor.ErrWorkerDied):
		w.deaths++
		a.blame(w, err)
	case errors.Is(err, executor.ErrDevice):
		// Another program of the owner may have taken the memory of the device for a moment.
		if w.doubts++; w.doubts == maxExecutions {
			a.blame(w, err)
		}
	}
	var input *ownInputError
	if errors.As(err, &input) && errors.Is(err, transfer.ErrUnlisted) {
		w.giveUp = true
		a.noteStray(err)
		a.shun(w.record.JobID, shunFailed, "an input of a task of it is on a server that is not in egress.hosts: "+err.Error())
		return true
	}
	if errors.As(err, &input) && !transfer.Retryable(err) && !errors.Is(err, transfer.ErrNotKept) {
		number := w.spec.ArrayInputNumber()
		w.missing = &number
		a.shun(w.record.JobID, shunMissing, "an input of a task of it could not be had: "+err.Error())
		return true
	}
	if w.giveUp = w.deaths > 0 || w.failures >= maxExecutions; w.giveUp {
		a.shun(w.record.JobID, shunFailed, "a task of it could not be run on this machine: "+err.Error())
	}
	return w.giveUp
}

// again lets an assignment be executed again.
func (a *Agent) again(w *assignment, err error) {
	a.moveOn(w, store.PhasePreparing, func(r *store.Assignment) {
		r.Tries, r.LastError = uint32(w.failures), osfault.Explain("", err).Error() //nolint:gosec // counts blocks at most
	})
}

// seal writes to the journal what this node will commit to.
func (a *Agent) seal(w *assignment, e executed) error {
	result, energy := e.result, e.energy
	digest := sha256.Sum256(e.manifest)
	key := w.record.Key
	if len(w.ranUnder) == 0 || len(result.Traces) != len(w.ranUnder) {
		return fmt.Errorf("expected a trace for each of %d keys, found %d", len(w.ranUnder), len(result.Traces))
	}
	shown := computetypes.Opening{Round: key.Round, Digest: digest[:], Fuel: result.FuelUsed, ExitCode: result.Manifest().ChainExitCode(), Trace: result.Traces[0][:]}
	if len(result.Traces) > 1 {
		shown.OwnTrace = result.Traces[1][:]
	}
	m := store.Metrics{
		Fuel: result.FuelUsed, WallMillis: uint64(max(result.WallTime.Milliseconds(), 0)), //nolint:gosec // not negative
		PeakMemoryBytes: result.PeakMemory,
	}
	for _, f := range result.Outputs {
		m.OutputBytes += f.Size
	}
	noteEnergy(&m, energy)
	tag := computetypes.Tag(a.cfg.ChainID, key.JobID, key.Task, shown)
	if err := a.sealAs(w, sealing{shown: shown, tag: tag, metrics: m, detail: result.Detail}); err != nil {
		return err
	}
	a.metrics.executions.WithLabelValues(string(result.Reason)).Inc()
	a.metrics.seconds.Observe(result.WallTime.Seconds())
	a.cfg.Logger.Info("executed", "assignment", key, "reason", result.Reason, "exit", result.ExitCode,
		"fuel", result.FuelUsed, "wall", result.WallTime, "detail", result.Detail)
	return nil
}

// maxEnergyMissing is the length of the longest reason in the journal why energy was not measured.
const maxEnergyMissing = 500

// noteEnergy adds the energy of an execution to its metrics.
func noteEnergy(m *store.Metrics, energy device.Energy) {
	if energy.Measured() {
		m.EnergyMillijoules, m.EnergySource = &energy.Millijoules, energy.Source
	}
	m.EnergyMissing = blob.Printable(energy.Reason)
	if len(m.EnergyMissing) > maxEnergyMissing {
		m.EnergyMissing = strings.ToValidUTF8(m.EnergyMissing[:maxEnergyMissing], "") + "..."
	}
}

// sealing is what a node is about to commit to. shown contains what the tag of a result of one
// task is made of. Of several tasks, it contains only the digest of their records.
type sealing struct {
	shown computetypes.Opening
	tag   []byte
	// tasks is the number of tasks of a chunk of several tasks that have a result, or 0, and failed
	// the number of those that have failed, where the chain asks for it.
	tasks   uint64
	failed  uint32
	metrics store.Metrics
	detail  string
}

// sealAs writes to the journal what this node will commit to, together with a new salt.
func (a *Agent) sealAs(w *assignment, s sealing) error {
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return fmt.Errorf("cannot draw a salt: %w", err)
	}
	w.read = nil
	a.moveOn(w, store.PhaseExecuted, func(r *store.Assignment) {
		r.Salt, r.ResultDigest, r.Manifest, r.Work = salt, s.shown.Digest, nil, workDigest(w.ran)
		r.TraceKeys, r.Trace, r.OwnTrace = w.ranUnder, s.shown.Trace, s.shown.OwnTrace
		r.Tag, r.ExitCode, r.FailedTasks, r.Tasks, r.Metrics = s.tag, s.shown.ExitCode, s.failed, s.tasks, s.metrics
		// One of the two is 0: a chunk of several tasks has no exit code.
		r.Commitment = computetypes.Commitment(a.view.operator, s.tag, max(r.ExitCode, r.FailedTasks), salt)
		r.LastError, r.Detail = "", blob.Printable(s.detail)
		if w.spec.Sink != "" && len(r.Samples) == 0 {
			r.Sink, r.Requested = computetypes.TaskSink(w.spec.Sink, r.Task), a.jobs[r.JobID].requested
		}
	})
	return nil
}
