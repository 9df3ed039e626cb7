package agent

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// deliveryTurn is the time after which a delivery lets the next one go first, once the current
// output has been uploaded.
const deliveryTurn = 5 * time.Minute

// delivered reports that the sink has everything, or why it does not have it yet.
type delivered struct {
	of *delivery
	// cleared contains what was proven about the delivery. It is nil if nothing new was
	// proven.
	cleared *cleared
	err     error
}

// deliver begins to upload the outputs and the manifest of an assignment.
func (a *Agent) deliver(w *assignment) {
	if w.record.Sink == "" {
		// The result is older than the version that stores sinks in the journal.
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

// try makes one try to upload, concurrently with the loop.
func (a *Agent) try(d *delivery) {
	d.running = true
	ctx, record, taken, transfers := d.ctx, d.record, d.taken, a.cfg.Transfers
	remark, by := a.remarkOf(&record), a.workOf(&record)
	remarks := a.remarksOf(&record)
	chainID := a.cfg.ChainID
	prover := a.proofs.prover
	if d.cleared {
		prover = nil
	}
	a.loop.beside(func() event {
		proof, err := clearDelivery(ctx, prover, &record)
		switch {
		case err != nil:
		case record.Several():
			b := &bundles{
				box: box{transfers: transfers, by: by, sink: strings.TrimRight(record.Sink, "/"), taken: taken}, record: &record, refs: d.bundles,
			}
			err = uploadChunk(ctx, b, chainID, remarks, deliveryTurn)
			d.bundles = b.refs // nothing else uses it while a try runs
		default:
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
		return // the delivery has ended, or another delivery has replaced it
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

// noteDelivery changes the journal record of an assignment, whether or not it is over.
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
