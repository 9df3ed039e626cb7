package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// materials contains the fetched files of a task.
type materials struct {
	program string
	// inputs contains all inputs of the first task. shared contains those that all tasks have.
	inputs, shared []executor.Input
	release        func()
}

// prepared reports that the inputs have been fetched, or which input could not be fetched.
type prepared struct {
	key       store.Key
	materials *materials
	// input is the number on chain of the input that failed. 0 is the program.
	input uint32
	err   error
}

// prepare fetches the program and the inputs concurrently with the loop.
func (a *Agent) prepare(w *assignment) {
	if w.record.Phase != store.PhasePreparing && !a.moveOn(w, store.PhasePreparing, nil) {
		return
	}
	w.fetching = true
	ctx, cancel := context.WithCancel(w.ctx)
	w.stopFetching = cancel
	key, spec := w.record.Key, w.spec
	first := spec.TaskNumber(key.Task)
	if part, ok := w.part(); ok {
		first = spec.TaskNumber(key.Task + uint64(positionsOf(part)[0]))
	}
	files := &fetcher{cache: a.cache, transfers: a.cfg.Transfers}
	a.loop.beside(func() event {
		defer cancel()
		got, input, err := fetchAll(ctx, files, spec, first)
		return prepared{key, got, input, err}
	})
}

// outOfTime ends a fetch that would last longer than the prepare window. Because of a very
// slow server, the node must not miss the last height at which it may release the task without
// a fault. After the window, a fetch may last.
func (w *assignment) outOfTime(height int64) {
	if w.fetching && height < w.record.Deadlines.Prepare && height+releaseMargin >= w.record.Deadlines.Prepare {
		w.stopFetching()
	}
}

// fetcher collects the files of one task.
type fetcher struct {
	cache     *cache
	transfers Transfers
	taken     []blob.Digest
}

// release gives back the files that were taken.
func (f *fetcher) release() {
	for _, d := range f.taken {
		f.cache.give(d)
	}
}

// take fetches one file, and returns it as an input of a name.
func (f *fetcher) take(ctx context.Context, name string, content *computetypes.Blob) (executor.Input, error) {
	digest, err := blob.DigestFrom(content.Sha256)
	if err != nil {
		return executor.Input{}, err
	}
	path, err := f.cache.take(ctx, digest, int64(content.Size_), content.Uris) //nolint:gosec // bounded by the chain
	if err != nil {
		return executor.Input{}, err
	}
	f.taken = append(f.taken, digest)
	return executor.Input{Name: name, Path: path, Digest: digest}, nil
}

// fetchAll fetches the program and the inputs of the task with the given number. If a fetch
// fails, fetchAll returns the number on chain of the file that failed.
func fetchAll(ctx context.Context, f *fetcher, spec *computetypes.JobSpec, task uint64) (*materials, uint32, error) {
	got := &materials{release: f.release}
	fail := func(number uint32, name string, err error) (*materials, uint32, error) {
		f.release()
		return nil, number, fmt.Errorf("%s: %w", name, err)
	}
	program, err := f.take(ctx, "", &spec.Program)
	if err != nil {
		return fail(0, "program", err)
	}
	got.program = program.Path
	for i := range spec.Inputs {
		in := &spec.Inputs[i]
		input, err := f.take(ctx, in.Path, &in.Blob)
		if err != nil {
			return fail(uint32(i)+1, "input "+in.Path, err) //nolint:gosec // at most 16
		}
		got.inputs = append(got.inputs, input)
	}
	got.shared = got.inputs[:len(got.inputs):len(got.inputs)]
	if array := spec.ArrayInput; array != nil {
		input, err := f.takeOwn(ctx, array, task)
		if err != nil {
			return fail(spec.ArrayInputNumber(), "input "+array.Path, err)
		}
		got.inputs = append(got.inputs, input)
	}
	return got, 0, nil
}

// takeOwn fetches a task's own input in an array from the first server that has it. It first
// fetches the description of the input with the proof that it belongs to the array, and then
// the content. It does not fetch content from a server whose proof is wrong.
func (f *fetcher) takeOwn(ctx context.Context, array *computetypes.ArrayInput, task uint64) (executor.Input, error) {
	var failures []error
	for _, prefix := range array.Uris {
		proof, err := f.proof(ctx, array, prefix, task)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		content := computetypes.Blob{Sha256: proof.Sha256, Size_: proof.Size}
		// The content is the same on every server.
		for _, uri := range array.Uris {
			content.Uris = append(content.Uris, computetypes.ContentURI(uri, proof.Sha256))
		}
		input, err := f.take(ctx, array.Path, &content)
		if err == nil {
			return input, nil
		}
		return executor.Input{}, errors.Join(append(failures, err)...)
	}
	return executor.Input{}, errors.Join(failures...)
}

// proof fetches and verifies the proof that says which input a task has.
func (f *fetcher) proof(ctx context.Context, array *computetypes.ArrayInput, prefix string, task uint64) (computetypes.InputProof, error) {
	address := computetypes.ProofURI(prefix, task)
	raw, err := f.transfers.Get(ctx, address, computetypes.MaxInputProofBytes)
	if err != nil {
		return computetypes.InputProof{}, err
	}
	proof, err := computetypes.ParseInputProof(raw)
	if err == nil {
		err = proof.Verify(array, task)
	}
	if err != nil {
		return proof, fmt.Errorf("%s: %w: %w", address, transfer.ErrWrongDigest, err)
	}
	return proof, nil
}

// apply implements event.
func (p prepared) apply(a *Agent) {
	w, live := a.assignments[p.key]
	if !live {
		if p.materials != nil {
			p.materials.release()
		}
		return
	}
	w.fetching = false
	if p.err == nil {
		w.ready = p.materials
		return
	}
	if w.ctx.Err() != nil || w.record.Phase == store.PhaseYielding {
		return
	}
	if errors.Is(p.err, context.Canceled) {
		p.err = fmt.Errorf("not here before the prepare window ends: %w", p.err)
	}
	a.trouble("assignment "+p.key.String()+" cannot be prepared", p.err)
	a.edit(w, func(r *store.Assignment) {
		r.Tries++
		r.LastError = osfault.Explain("", p.err).Error()
	})
	if errors.Is(p.err, transfer.ErrUnlisted) {
		// Other nodes may have the input. A report that it is missing would cost a fee then.
		w.giveUp = true
		a.noteStray(p.err)
		a.shun(p.key.JobID, shunFailed, "an input of a task of it is on a server that is not in egress.hosts: "+p.err.Error())
		return
	}
	if errors.Is(p.err, transfer.ErrNotKept) {
		// The input may be fine. A report that it is missing would cost a fee.
		w.giveUp = true
		a.shun(p.key.JobID, shunFailed, "an input of a task of it could not be kept on this machine: "+p.err.Error())
		return
	}
	// Content that is missing or wrong stays so. A relay that is busy or down may be available
	// again within the prepare window.
	if !transfer.Retryable(p.err) || a.view.height+releaseMargin >= w.record.Deadlines.Prepare {
		w.missing = &p.input
		a.shun(p.key.JobID, shunMissing, "an input of a task of it could not be had: "+p.err.Error())
	}
}

// releaseMargin is the number of blocks before the end of the prepare window at which a
// release is sent at the latest.
const releaseMargin = 3
