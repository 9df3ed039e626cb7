package agent

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/sidecar/store"
)

const (
	// lateDeliveries bounds the uploads at once of results that are settled: they have
	// until the end of retention, and what the chain waits for goes before them.
	lateDeliveries = 2
	// latePause bounds the pause between two of their tries.
	latePause = 5 * time.Minute
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

// deliveries are all that sinks have not taken yet, those of assignments that are over
// among them.
type deliveries struct {
	now func() time.Time
	// retry is the first pause after a failure.
	retry time.Duration
	byKey map[store.Key]*delivery
}

func newDeliveries(now func() time.Time, retry time.Duration) *deliveries {
	return &deliveries{now: now, retry: retry, byKey: map[store.Key]*delivery{}}
}

// queue queues what a record owes its sink, until ctx ends.
func (q *deliveries) queue(ctx context.Context, record store.Assignment, late bool) *delivery {
	d := &delivery{record: record, late: late, taken: map[[sha256.Size]byte]bool{}, next: q.now(), pause: q.retry}
	// The chain has checked the form; an address of another is its own server.
	d.origin, _ = transfer.Origin(record.Sink)
	d.ctx, d.cancel = context.WithCancel(ctx)
	q.byKey[record.Key] = d
	return d
}

// queued tells whether something is to be delivered for a key.
func (q *deliveries) queued(key store.Key) bool { return q.byKey[key] != nil }

// drop ends what is tried for a key.
func (q *deliveries) drop(key store.Key) {
	if d, queued := q.byKey[key]; queued {
		d.cancel()
		delete(q.byKey, key)
	}
}

// keep goes on with the delivery of an assignment that is over, where its outputs are owed,
// and ends it elsewhere.
func (q *deliveries) keep(ctx context.Context, record store.Assignment) {
	d, queued := q.byKey[record.Key]
	switch {
	case !record.Owed():
		q.drop(record.Key)
	case queued:
		d.record, d.late = record, true
	default:
		q.queue(ctx, record, true)
	}
}

// due returns the deliveries of which a try begins now: all of those that the chain waits
// for, and while none of these is under way a few of what is settled, one for each server.
// One that is long due goes beside live ones: a machine with much work always has some.
func (q *deliveries) due() []*delivery {
	now := q.now()
	var waiting, begin []*delivery
	late, live, busy := 0, false, map[string]bool{}
	for _, d := range q.byKey {
		live = live || !d.late && (d.running || !d.lost && !now.Before(d.next))
		switch {
		case d.running && d.late:
			late++
			busy[d.origin] = true
		case d.running || d.lost || now.Before(d.next):
		default:
			waiting = append(waiting, d)
		}
	}
	slices.SortFunc(waiting, func(x, y *delivery) int {
		return cmp.Or(x.next.Compare(y.next), cmp.Compare(x.record.String(), y.record.String()))
	})
	for _, d := range waiting {
		waits := live && (late > 0 || now.Sub(d.next) < latePause)
		if d.late && (waits || late >= lateDeliveries || busy[d.origin]) {
			continue
		}
		if d.late {
			late++
			busy[d.origin] = true
		}
		begin = append(begin, d)
	}
	return begin
}

// yield lets others go first, because the turn of a delivery is over.
func (q *deliveries) yield(d *delivery) { d.next, d.pause = q.now(), q.retry }

// postpone sets when a delivery that has failed is tried again. A server that cannot be
// reached is spared all other late tries meanwhile: they would fail the same way.
func (q *deliveries) postpone(d *delivery, err error) {
	d.next = q.now().Add(d.pause)
	if !d.late {
		d.pause = min(2*d.pause, 16*q.retry)
		return
	}
	d.pause = min(2*d.pause, latePause)
	if !transfer.Retryable(err) {
		return
	}
	for _, other := range q.byKey {
		if other.late && other.origin == d.origin && other.next.Before(d.next) {
			other.next = d.next
			other.pause = max(other.pause, d.pause)
		}
	}
}

// resumeOrigin lets all that waits for a server go on, because it has taken something.
func (q *deliveries) resumeOrigin(origin string) {
	now := q.now()
	for _, d := range q.byKey {
		if d.origin == origin && d.late && d.next.After(now) {
			d.next, d.pause = now, q.retry
		}
	}
}

// states says how all deliveries stand, for their owner.
func (q *deliveries) states() map[store.Key]Delivery {
	now, all := q.now(), make(map[store.Key]Delivery, len(q.byKey))
	for key, d := range q.byKey {
		all[key] = d.state(now)
	}
	return all
}

// late counts those whose assignment is over.
func (q *deliveries) late() int {
	count := 0
	for _, d := range q.byKey {
		if d.late {
			count++
		}
	}
	return count
}
