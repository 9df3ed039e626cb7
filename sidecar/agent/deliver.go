package agent

import (
	"errors"
	"io/fs"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// deliveryTurn is after how long a try makes room for the next, once the output that is
// under way is through.
const deliveryTurn = 5 * time.Minute

// delivered says that the sink has everything, or why it has not yet.
type delivered struct {
	of *delivery
	// cleared is what was proven of it, nil for nothing new.
	cleared *cleared
	err     error
}

// deliver begins to upload outputs and manifest of an assignment.
func (a *Agent) deliver(w *assignment) {
	if w.record.Sink == "" {
		// Its result is of before sinks were journalled.
		sink := computetypes.TaskSink(w.spec.Sink, w.record.Task)
		if !a.edit(w, func(r *store.Assignment) { r.Sink = sink }) {
			return
		}
	}
	a.deliveries.queue(a.loop.ctx, w.record, false)
}

// pump starts the tries that are due.
func (a *Agent) pump() {
	for _, d := range a.deliveries.due() {
		a.try(d)
	}
}

// try uploads once, beside the loop.
func (a *Agent) try(d *delivery) {
	d.running = true
	ctx, record, taken, transfers := d.ctx, d.record, d.taken, a.cfg.Transfers
	remark, by := a.remarkOf(&record), a.workOf(&record)
	prover := a.proofs.prover
	if d.cleared {
		prover = nil
	}
	a.loop.beside(func() event {
		proof, err := clearDelivery(ctx, prover, &record)
		if err == nil {
			err = upload(ctx, transfers, by, record, remark, taken, deliveryTurn)
		}
		return delivered{of: d, cleared: proof, err: err}
	})
}

// apply implements event.
func (e delivered) apply(a *Agent) {
	d := e.of
	d.running = false
	if a.deliveries.byKey[d.record.Key] != d || d.ctx.Err() != nil {
		return // it has ended, or another has taken its place
	}
	a.noteClearance(d, e.cleared)
	if e.err == nil {
		a.deliveries.drop(d.record.Key)
		a.noteDelivery(d.record.Key, func(r *store.Assignment) { r.Delivered, r.DeliveryError = true, "" })
		a.metrics.deliveries.Inc()
		if d.late {
			a.cfg.Logger.Info("delivered after the end", "assignment", d.record.Key, "sink", d.origin)
		}
		a.deliveries.resumeOrigin(d.origin)
		return
	}
	if errors.Is(e.err, errTurn) {
		a.deliveries.yield(d)
		return
	}
	a.metrics.deliveryFailures.Inc()
	a.trouble("assignment "+d.record.Key.String()+" cannot be delivered", e.err)
	d.lost = errors.Is(e.err, fs.ErrNotExist)
	a.deliveries.postpone(d, e.err)
	if text := osfault.Explain("", e.err).Error(); text != d.record.DeliveryError {
		a.noteDelivery(d.record.Key, func(r *store.Assignment) { r.DeliveryError = text })
	}
}

// noteDelivery changes what the journal has of an assignment, over or not.
func (a *Agent) noteDelivery(key store.Key, change func(*store.Assignment)) {
	var record store.Assignment
	if !a.journal(func(tx *store.Tx) (err error) {
		record, err = tx.Edit(key, change)
		return err
	}) {
		return
	}
	if w, tracked := a.assignments[key]; tracked {
		w.record = record
	}
	if d, queued := a.deliveries.byKey[key]; queued {
		d.record = record
	}
}
