package agent

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// lateDeliveries bounds the uploads at once of results that are settled: they have
	// until the end of retention, and what the chain waits for goes before them.
	lateDeliveries = 2
	// latePause bounds the pause between two of their tries.
	latePause = 5 * time.Minute
	// deliveryTurn is after how long a try makes room for the next, once the output
	// that is under way is through.
	deliveryTurn = 5 * time.Minute
)

// delivery brings the outputs of one result to its sink, try by try. It outlives its
// assignment: what the chain has accepted is tried until retention ends.
type delivery struct {
	record store.Assignment
	// origin is the server of the sink.
	origin string
	// late: the assignment is over.
	late   bool
	ctx    context.Context
	cancel context.CancelFunc
	// running tells whether a try is under way beside the loop.
	running bool
	// taken are the outputs that the sink has.
	taken map[[sha256.Size]byte]bool
	// next is when the next try is due, pause what follows it.
	next  time.Time
	pause time.Duration
	// cleared: the chain was proven to let them leave this machine.
	cleared bool
	// lost: the outputs are not on this disk any more, so that nothing is left to try.
	lost bool
}

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
	a.queueDelivery(w.record, false)
}

// queueDelivery queues what a record owes its sink.
func (a *Agent) queueDelivery(record store.Assignment, late bool) *delivery {
	d := &delivery{record: record, late: late, taken: map[[sha256.Size]byte]bool{}, next: a.cfg.Now(), pause: a.cfg.Retry}
	// The chain has checked the form; an address of another is its own server.
	d.origin, _ = transfer.Origin(record.Sink)
	d.ctx, d.cancel = context.WithCancel(a.ctx)
	a.deliveries[record.Key] = d
	return d
}

// dropDelivery ends what is tried for a key.
func (a *Agent) dropDelivery(key store.Key) {
	if d, queued := a.deliveries[key]; queued {
		d.cancel()
		delete(a.deliveries, key)
	}
}

// keepDelivering goes on with the delivery of an assignment that is over, where its
// outputs are owed, and ends it elsewhere.
func (a *Agent) keepDelivering(record store.Assignment) {
	d, queued := a.deliveries[record.Key]
	switch {
	case !record.Owed():
		a.dropDelivery(record.Key)
	case queued:
		d.record, d.late = record, true
	default:
		a.queueDelivery(record, true)
	}
}

// pump starts the tries that are due: all of those that the chain waits for, and while
// none of these is under way a few of what is settled, one for each server. One that is
// long due goes beside live ones: a machine with much work always has some.
func (a *Agent) pump() {
	now := a.cfg.Now()
	var due []*delivery
	late, live, busy := 0, false, map[string]bool{}
	for _, d := range a.deliveries {
		live = live || !d.late && (d.running || !d.lost && !now.Before(d.next))
		switch {
		case d.running && d.late:
			late++
			busy[d.origin] = true
		case d.running || d.lost || now.Before(d.next):
		default:
			due = append(due, d)
		}
	}
	if len(due) == 0 {
		return
	}
	slices.SortFunc(due, func(x, y *delivery) int {
		return cmp.Or(x.next.Compare(y.next), cmp.Compare(x.record.String(), y.record.String()))
	})
	for _, d := range due {
		waits := live && (late > 0 || now.Sub(d.next) < latePause)
		if d.late && (waits || late >= lateDeliveries || busy[d.origin]) {
			continue
		}
		if d.late {
			late++
			busy[d.origin] = true
		}
		a.try(d)
	}
}

// try uploads once, beside the loop.
func (a *Agent) try(d *delivery) {
	d.running = true
	ctx, record, taken, transfers := d.ctx, d.record, d.taken, a.cfg.Transfers
	remark, by := a.remarkOf(&record), a.workOf(&record)
	prover := a.cfg.Prover
	if d.cleared {
		prover = nil
	}
	a.beside(func() event {
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
	if a.deliveries[d.record.Key] != d || d.ctx.Err() != nil {
		return // it has ended, or another has taken its place
	}
	a.noteClearance(d, e.cleared)
	if e.err == nil {
		d.cancel()
		delete(a.deliveries, d.record.Key)
		a.noteDelivery(d.record.Key, func(r *store.Assignment) { r.Delivered, r.DeliveryError = true, "" })
		a.metrics.deliveries.Inc()
		if d.late {
			a.cfg.Logger.Info("delivered after the end", "assignment", d.record.Key, "sink", d.origin)
		}
		a.resumeOrigin(d.origin)
		return
	}
	if errors.Is(e.err, errTurn) {
		d.next, d.pause = a.cfg.Now(), a.cfg.Retry
		return
	}
	a.metrics.deliveryFailures.Inc()
	a.trouble("assignment "+d.record.Key.String()+" cannot be delivered", e.err)
	d.lost = errors.Is(e.err, fs.ErrNotExist)
	a.postpone(d, e.err)
	if text := osfault.Explain("", e.err).Error(); text != d.record.DeliveryError {
		a.noteDelivery(d.record.Key, func(r *store.Assignment) { r.DeliveryError = text })
	}
}

// postpone sets when a delivery that has failed is tried again. A server that cannot be
// reached is spared all other late tries meanwhile: they would fail the same way.
func (a *Agent) postpone(d *delivery, err error) {
	now := a.cfg.Now()
	d.next = now.Add(d.pause)
	if !d.late {
		d.pause = min(2*d.pause, 16*a.cfg.Retry)
		return
	}
	d.pause = min(2*d.pause, latePause)
	if !transfer.Retryable(err) {
		return
	}
	for _, other := range a.deliveries {
		if other.late && other.origin == d.origin && other.next.Before(d.next) {
			other.next = d.next
			other.pause = max(other.pause, d.pause)
		}
	}
}

// resumeOrigin lets all that waits for a server go on, because it has taken something.
func (a *Agent) resumeOrigin(origin string) {
	now := a.cfg.Now()
	for _, d := range a.deliveries {
		if d.origin == origin && d.late && d.next.After(now) {
			d.next, d.pause = now, a.cfg.Retry
		}
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
	if d, queued := a.deliveries[key]; queued {
		d.record = record
	}
}

// state says how a delivery stands, for its owner.
func (d *delivery) state(now time.Time) Delivery {
	s := Delivery{Error: d.record.DeliveryError, Running: d.running, Late: d.late}
	if !d.running && !d.lost {
		s.NextAt = d.next
		if s.NextAt.Before(now) {
			s.NextAt = now
		}
	}
	if d.lost {
		s.Error = fmt.Sprintf("the outputs are no longer on this disk (%s)", d.record.DeliveryError)
	}
	return s
}
