package agent

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// A chunk is ended this many blocks before its commit deadline, so that the commitment
	// arrives in time: an eighth of the window, within these bounds.
	leastCutMargin, mostCutMargin = 3, 10
)

// ownInputError means that a task's own input in an array could not be had.
type ownInputError struct{ err error }

func (e *ownInputError) Error() string { return e.err.Error() }
func (e *ownInputError) Unwrap() error { return e.err }

// cut ends a running chunk with the tasks that have a result if its commit deadline is near, or
// if the machine is to do no more work and they can be committed to. Fewer tasks would be lost, so
// that the chunk goes on until there are enough. A chunk that is suspended goes on later.
func (a *Agent) cut(w *assignment) {
	window := int64(w.spec.CommitBlocks) //nolint:gosec // bounded by the chain's params
	margin := max(min(window/8, mostCutMargin), leastCutMargin)
	switch {
	case a.drain.begun && !a.drain.whole.Load() && w.run.payable.Load():
		w.run.stop("the node is drained")
	case a.cfg.Paused() && !a.cfg.Suspended() && w.run.payable.Load():
		w.run.stop("the node is paused")
	case a.view.height+margin >= w.record.Deadlines.Commit:
		w.run.stop("its commit deadline is near")
	}
}

// apply implements event.
func (e executedChunk) apply(a *Agent) {
	a.places.leave(e.suspect)
	w, live := a.assignments[e.run.key]
	if !live {
		return
	}
	w.executing, w.run = false, nil
	for i := range e.ends {
		a.metrics.executions.WithLabelValues(string(e.ends[i].Reason)).Inc()
		a.metrics.seconds.Observe(e.ends[i].WallTime.Seconds())
	}
	if w.ctx.Err() != nil || w.record.Phase != store.PhaseRunning {
		return // it was given up
	}
	ended := e.err == nil
	if ended {
		e.err = a.sealChunk(w, e)
	}
	if e.err == nil || a.fatal != nil {
		return
	}
	w.unsealed = ended || e.run.only
	if len(e.list) > e.before {
		w.failures = 0
	}
	if !a.failed(w, e.err) {
		a.again(w, e.err)
		return
	}
	if e.run.divisible && len(e.list) > 0 {
		// The tasks that have a result are paid, while a chunk that is given back is not.
		e.run.stop(e.err.Error())
		if err := a.sealChunk(w, e); err == nil || a.fatal != nil {
			w.giveUp, w.missing = false, nil
			return
		}
	}
	a.again(w, e.err)
}

// sealChunk writes to the journal what this node will commit to.
func (a *Agent) sealChunk(w *assignment, e executedChunk) error {
	list, run := e.list, e.run
	if run.divisible {
		list = list[:committable(&run.job, run.spec.Resources.Fuel, list)]
		if len(list) < len(run.positions) && !paysAudit(&run.job, run.spec.Resources.Fuel, list) {
			return fmt.Errorf("the pay of %d of %d tasks does not cover the auditors of their samples", len(list), len(run.positions))
		}
	}
	if len(list) == 0 || !run.divisible && len(list) != len(run.positions) {
		return fmt.Errorf("expected the results of %d tasks, found %d", len(run.positions), len(list))
	}
	var m store.Metrics
	for i := range list {
		m.Fuel += list[i].fuel
		m.WallMillis += list[i].wallMillis
		m.OutputBytes += list[i].outputBytes
		m.PeakMemoryBytes = max(m.PeakMemoryBytes, list[i].peakMemory)
	}
	energy := e.energy
	if e.before > 0 {
		energy = device.Energy{Reason: "the daemon was started again while the chunk was executed"}
	}
	noteEnergy(&m, energy)
	ownTrace := len(w.ranUnder) > 1
	s := sealing{tasks: uint64(len(list)), metrics: m}
	switch {
	case run.part.Judges != nil:
		if !ownTrace {
			return errors.New("expected a trace of this round for the judge of a chunk, found none")
		}
		shown := judged(a.cfg.ChainID, run.key, keyOf(*run.part.Judges), list)
		s.tag, s.shown.Digest = computetypes.Tag(a.cfg.ChainID, run.key.JobID, run.key.Task, shown), digestOf(list)
	case run.divisible && len(list) == 1:
		// The chain makes a chunk of one task of it, which is revealed and delivered as such.
		if err := keepFirstManifest(run.folder, &list[0]); err != nil {
			return err
		}
		s.shown = list[0].opening(run.key.Round, ownTrace)
		s.tag = computetypes.Tag(a.cfg.ChainID, run.key.JobID, run.key.Task, s.shown)
	default:
		root := computetypes.ChunkRoot(leavesOf(a.cfg.ChainID, run.key, run.positions, ownTrace, list))
		s.tag, s.shown.Digest = root.Hash, digestOf(list)
		s.failed = stated(run, list)
	}
	if err := a.sealAs(w, s); err != nil {
		return err
	}
	a.cfg.Logger.Info("executed", "assignment", run.key, "tasks", len(list), "of", len(run.positions), "ended", run.why,
		"fuel", m.Fuel, "wall_ms", m.WallMillis)
	return nil
}

// stated returns how many tasks of a chunk have failed, if the node states it. That depends on the
// spec alone, which is proven before the commitment leaves this machine.
func stated(run *chunkRun, list []taskResult) (failed uint32) {
	if !run.spec.Policy.CountsFailures() || run.key.Round > 0 || len(run.part.Samples) > 0 {
		return 0
	}
	for i := range list {
		if list[i].exitCode != 0 {
			failed++
		}
	}
	return failed
}

// keepFirstManifest writes the manifest of the first task of a chunk to where that of a result
// of one task is.
func keepFirstManifest(folder string, first *taskResult) error {
	file, err := os.Open(filepath.Join(folder, manifestsFile))
	if err != nil {
		return fmt.Errorf("cannot keep the result manifest: %w", err)
	}
	defer file.Close() //nolint:errcheck // read only
	encoded, err := readManifest(file, first)
	if err != nil {
		return err
	}
	return writeManifest(folder, encoded)
}

// commitItem returns the commitment of an assignment.
func commitItem(r *store.Assignment) computetypes.CommitItem {
	item := computetypes.CommitItem{Ref: refOf(r.Key), Commitment: r.Commitment}
	if r.Count > 1 && len(r.Samples) == 0 && r.Judges == nil {
		item.Fuel = r.Metrics.Fuel
		if r.Tasks < r.Count {
			item.Tasks = r.Tasks
		}
	}
	return item
}

// revealItem returns the reveal of an assignment. It fails if the results of a chunk on this
// disk are not those to which the assignment has committed.
func (a *Agent) revealItem(w *assignment) (computetypes.RevealItem, error) {
	r := &w.record
	item := computetypes.RevealItem{
		Ref: refOf(r.Key), Tag: r.Tag, Salt: r.Salt, ExitCode: r.ExitCode, FailedTasks: r.FailedTasks,
		Metrics: metricsOf(r.Metrics, a.cfg.Device),
	}
	if !r.Several() || r.Judges != nil {
		return item, nil
	}
	s, err := w.sealed(a.cfg.ChainID)
	if err != nil {
		return item, err
	}
	if len(r.Samples) > 0 || w.item.MustShowAll {
		item.Leaves = s.leaves
		return item, nil
	}
	shows := w.item.Shows
	if a.proofs.prover != nil {
		shows = w.clearance.shows
	}
	for _, position := range shows {
		if uint64(position) >= r.Tasks {
			return item, fmt.Errorf("expected samples among %d tasks, found one at position %d", r.Tasks, position)
		}
		item.Leaves = append(item.Leaves, s.leaves[position])
	}
	if len(shows) > 0 {
		item.Siblings = computetypes.ChunkSiblings(s.leaves, shows)
	}
	return item, nil
}

// openItems returns the results that an assignment opens.
func (a *Agent) openItems(w *assignment) ([]computetypes.OpenItem, error) {
	r, ref := &w.record, refOf(w.record.Key)
	if !r.Several() {
		if !a.proofs.mayOpen(w, 0) {
			return nil, nil
		}
		return []computetypes.OpenItem{computetypes.NewOpenItem(ref, computetypes.Opening{
			Digest: r.ResultDigest, Fuel: r.Metrics.Fuel, ExitCode: r.ExitCode, Trace: r.Trace, OwnTrace: r.OwnTrace,
		})}, nil
	}
	s, err := w.sealed(a.cfg.ChainID)
	if err != nil {
		return nil, err
	}
	var items []computetypes.OpenItem
	if r.Judges != nil {
		if a.proofs.mayOpen(w, 0) {
			items = append(items, computetypes.NewOpenItem(ref, s.judged))
		}
		return items, nil
	}
	for _, position := range w.item.Opens {
		result, executed := s.at(position)
		if !executed || !a.proofs.mayOpen(w, position) {
			continue
		}
		shown := result.opening(r.Round, len(r.TraceKeys) > 1)
		shown.Digest = bytes.Clone(shown.Digest)
		shown.Position = position
		items = append(items, computetypes.NewOpenItem(ref, shown))
	}
	return items, nil
}
