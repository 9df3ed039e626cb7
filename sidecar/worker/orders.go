package worker

import (
	"context"
	"sync/atomic"
)

// ask sends an order. used receives the fuel that the task has used so far. If ctx ends first,
// ask ends the worker process.
func (p *process) ask(ctx context.Context, o order, used *atomic.Uint64) error {
	p.mu.Lock()
	p.stage, p.number, p.sign, p.fuel, p.used = ordered, o.Number, p.clock.now(), o.Fuel, used
	p.budget.order()
	p.mu.Unlock()
	defer context.AfterFunc(ctx, func() { p.end(context.Cause(ctx)) })()
	return p.write(o)
}

// write writes an order.
func (p *process) write(o order) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	return writeFrame(p.orders, o, maxOrder)
}

// answer waits for the next report or the end of the worker process. If ctx ends first, answer
// ends the worker process.
func (p *process) answer(ctx context.Context) (report, error) {
	select {
	case r := <-p.reports:
		return r, nil
	case <-p.ended:
	case <-ctx.Done():
		p.end(context.Cause(ctx))
		<-p.ended
	}
	// A report that was sent before the process ended still counts.
	select {
	case r := <-p.reports:
		if ctx.Err() == nil {
			return r, nil
		}
	default:
	}
	return report{}, p.fate
}
