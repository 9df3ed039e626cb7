package agent

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/sidecar/store"
)

const (
	// lateDeliveries bounds the number of concurrent uploads of settled results. These have
	// time until the end of retention, so that the results that the chain waits for go first.
	lateDeliveries = 2
	// latePause bounds the pause between two tries of a late delivery.
	latePause = 5 * time.Minute
)

// delivery uploads the outputs of one result to its sink, in one or more tries. It continues
// after its assignment is over: an accepted result is tried until retention ends.
type delivery struct {
	record store.Assignment
	// origin is the server of the sink.
	origin string
	// late reports whether the assignment is over.
	late   bool
	ctx    context.Context
	cancel context.CancelFunc
	// running reports whether a try is running concurrently with the loop.
	running bool
	// taken contains the outputs that the sink has.
	taken map[[sha256.Size]byte]bool
	// bundles contains the bundles of a chunk that the sink has, from the first task on.
	bundles []blob.BundleRef
	// next is the time of the next try. pause is the pause after that try.
	next  time.Time
	pause time.Duration
	// cleared reports whether the chain was proven to allow the outputs to leave this machine.
	cleared bool
	// lost reports that this disk does not have the outputs any more, so that there is nothing
	// to upload.
	lost bool
}

// state returns the state of a delivery for the owner.
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

// deliveries contains all results that sinks have not taken completely yet, including those of
// assignments that are over.
type deliveries struct {
	now func() time.Time
	// retry is the pause after the first failure.
	retry time.Duration
	byKey map[store.Key]*delivery
}

func newDeliveries(now func() time.Time, retry time.Duration) *deliveries {
	return &deliveries{now: now, retry: retry, byKey: map[store.Key]*delivery{}}
}

// queue queues the outputs that a record owes its sink, until ctx ends.
func (q *deliveries) queue(ctx context.Context, record store.Assignment, late bool) *delivery {
	d := &delivery{record: record, late: late, taken: map[[sha256.Size]byte]bool{}, next: q.now(), pause: q.retry}
	// The chain has checked the form of the address. An address in another form counts as its
	// own server.
	d.origin, _ = transfer.Origin(record.Sink)
	d.ctx, d.cancel = context.WithCancel(ctx)
	q.byKey[record.Key] = d
	return d
}

// queued reports whether a delivery is queued for a key.
func (q *deliveries) queued(key store.Key) bool { return q.byKey[key] != nil }

// drop ends the delivery for a key.
func (q *deliveries) drop(key store.Key) {
	if d, queued := q.byKey[key]; queued {
		d.cancel()
		delete(q.byKey, key)
	}
}

// keep continues the delivery of an assignment that is over if its outputs are owed. Otherwise
// it ends the delivery.
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

// due returns the deliveries of which a try begins now. These are all deliveries that the
// chain waits for. While none of those is due or running, a few deliveries of settled results
// are added, at most one per server. A settled delivery that has been due for a long time is
// tried concurrently with them, because a machine with much work always has some of those.
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

// yield lets other deliveries go first, because the turn of a delivery is over.
func (q *deliveries) yield(d *delivery) { d.next, d.pause = q.now(), q.retry }

// postpone sets the time at which a failed delivery is tried again. If its server cannot be
// reached, all other late deliveries to that server wait too, because they would fail in the
// same way.
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

// resumeOrigin continues all late deliveries to a server that has accepted something.
func (q *deliveries) resumeOrigin(origin string) {
	now := q.now()
	for _, d := range q.byKey {
		if d.origin == origin && d.late && d.next.After(now) {
			d.next, d.pause = now, q.retry
		}
	}
}

// states returns the states of all deliveries for the owner.
func (q *deliveries) states() map[store.Key]Delivery {
	now, all := q.now(), make(map[store.Key]Delivery, len(q.byKey))
	for key, d := range q.byKey {
		all[key] = d.state(now)
	}
	return all
}

// late returns the number of deliveries whose assignment is over.
func (q *deliveries) late() int {
	count := 0
	for _, d := range q.byKey {
		if d.late {
			count++
		}
	}
	return count
}
