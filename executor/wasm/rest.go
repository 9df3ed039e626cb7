package wasm

import (
	"context"
	"sync/atomic"

	"github.com/thetaedge/theta/executor"
)

// rests has the last request to rest of all tasks of an executor.
type rests struct{ last atomic.Pointer[executor.Rest] }

// wanted returns the request that counts now, or nil if programs are to go on.
func (r *rests) wanted() *executor.Rest {
	if r == nil {
		return nil
	}
	if last := r.last.Load(); last != nil && !last.Ended() {
		return last
	}
	return nil
}

var _ executor.Rester = (*Executor)(nil)

// Rest implements executor.Rester. Only programs with an extension rest, because others hold nothing
// that could be given up.
func (e *Executor) Rest(r *executor.Rest) { e.rests.last.Store(r) }

// pause lets the program rest if that is asked for. It returns why the run is given up, or nil.
func (g *guest) pause() error {
	if g.ctx.Err() != nil {
		return context.Cause(g.ctx)
	}
	if g.rests.wanted() == nil {
		return nil
	}
	run, can := g.run.(RestingRun)
	if !can {
		return nil
	}
	if err := run.Rest(g.ctx, g.rests.wanted); err != nil {
		return err
	}
	if g.ctx.Err() != nil {
		return context.Cause(g.ctx)
	}
	return nil
}
