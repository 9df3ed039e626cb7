package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/thetaedge/theta/sidecar/blob"
	"github.com/thetaedge/theta/sidecar/executor"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// materials are the fetched files of a task.
type materials struct {
	program string
	inputs  []executor.Input
	release func()
}

// prepared says that the inputs are here, or which one is not.
type prepared struct {
	key       store.Key
	materials *materials
	// input is the number on chain of the one that failed: 0 is the program.
	input uint32
	err   error
}

// prepare fetches program and inputs beside the loop.
func (a *Agent) prepare(w *assignment) {
	if w.record.Phase != store.PhasePreparing && !a.moveOn(w, store.PhasePreparing, nil) {
		return
	}
	w.fetching = true
	ctx, cancel := context.WithCancel(w.ctx)
	w.stopFetching = cancel
	key, spec := w.record.Key, w.spec
	a.beside(func() event {
		defer cancel()
		got, input, err := fetchAll(ctx, a.cache, spec)
		return prepared{key, got, input, err}
	})
}

// outOfTime ends a fetch that would outlast the prepare window: a server that
// drips must not hold the node beyond the last height at which it may give the
// task back without a fault.
func (a *Agent) outOfTime(w *assignment) {
	if w.fetching && a.height+releaseMargin >= w.record.Deadlines.Prepare {
		w.stopFetching()
	}
}

func fetchAll(ctx context.Context, inputs *cache, spec *computetypes.JobSpec) (*materials, uint32, error) {
	var taken []blob.Digest
	got := &materials{release: func() {
		for _, d := range taken {
			inputs.give(d)
		}
	}}
	for i := range len(spec.Inputs) + 1 {
		name, content := "program", &spec.Program
		if i > 0 {
			name, content = "input "+spec.Inputs[i-1].Path, &spec.Inputs[i-1].Blob
		}
		digest, err := blob.DigestFrom(content.Sha256)
		if err == nil {
			var path string
			path, err = inputs.take(ctx, digest, int64(content.Size_), content.Uris) //nolint:gosec // bounded by the chain
			if i == 0 {
				got.program = path
			} else {
				got.inputs = append(got.inputs, executor.Input{Name: spec.Inputs[i-1].Path, Path: path})
			}
		}
		if err != nil {
			got.release()
			return nil, uint32(i), fmt.Errorf("%s: %w", name, err) //nolint:gosec // at most 17
		}
		taken = append(taken, digest)
	}
	return got, 0, nil
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
	if w.ctx.Err() != nil {
		return
	}
	if errors.Is(p.err, context.Canceled) {
		p.err = fmt.Errorf("not here before the prepare window ends: %w", p.err)
	}
	a.trouble("assignment "+p.key.String()+" cannot be prepared", p.err)
	a.edit(w, func(r *store.Assignment) {
		r.Tries++
		r.LastError = p.err.Error()
	})
	// Content that is gone or wrong stays so; a relay that is busy or down may
	// come back inside the prepare window.
	if !blob.Retryable(p.err) || a.height+releaseMargin >= w.record.Deadlines.Prepare {
		w.missing = &p.input
	}
}

// releaseMargin is how many blocks before the end of the prepare window a release
// is sent at the latest.
const releaseMargin = 3
