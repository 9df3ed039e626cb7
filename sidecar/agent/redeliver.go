package agent

import (
	"context"
	"errors"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// redeliveryBlocks is how many blocks pass between two looks for requesters who want
	// their results again.
	redeliveryBlocks = 5
	// redeliveryPages bounds the pages of one look; the next one goes on.
	redeliveryPages = 4
	// redeliveryMargin is how many blocks are read twice: behind one endpoint there may
	// be nodes that lag, and what one of them does not know yet must not be passed over.
	redeliveryMargin = 20
)

// asked is where this machine stands in the list of those requests.
type asked struct {
	// from is the height from which the list is read next; page goes on in the middle.
	from int64
	page []byte
	// at is the height of the last look.
	at int64
}

// firstAsked is the least height at which a request may concern what a home has kept:
// no job is asked for before it was posted.
func firstAsked(records []store.Assignment) int64 {
	var first int64
	for i := range records {
		id, err := computetypes.ParseJobID(records[i].JobID)
		if err != nil {
			continue
		}
		if posted := int64(id.Height); first == 0 || posted < first { //nolint:gosec // heights fit
			first = posted
		}
	}
	return first
}

// readRedeliveries takes up what requesters have asked for since the last look, those
// made while this daemon was down among it. A failure is no reason to leave the
// rest of a block undone.
func (a *Agent) readRedeliveries(ctx context.Context) {
	if a.asked.from == 0 {
		a.asked.from = a.view.height // nothing is kept here
	}
	if a.asked.page == nil && a.view.height < a.asked.at+redeliveryBlocks {
		return
	}
	a.asked.at = a.view.height
	for range redeliveryPages {
		list, err := a.cfg.Chain.Redeliveries(ctx, a.asked.from, a.asked.page)
		if err != nil {
			a.trouble("cannot read which results are asked for again", err)
			return
		}
		for i := range list.Requests {
			if err := a.redeliver(ctx, &list.Requests[i]); err != nil {
				a.trouble("cannot deliver job "+list.Requests[i].JobId+" again", err)
				return
			}
		}
		if a.asked.page = list.Next; a.asked.page == nil {
			// What is read twice is heeded once.
			a.asked.from = max(a.asked.from, a.view.height-redeliveryMargin)
			return
		}
	}
}

// redeliver delivers all results of a job that this machine has and that are not known
// to be refused.
func (a *Agent) redeliver(ctx context.Context, asked *computetypes.JobRedelivery) error {
	if asked.Redelivery.Height > a.view.height {
		// One of the next block is read again. Whatever is written down of one that a liar
		// dates far ahead would keep all true ones from being heard.
		return nil
	}
	if known, cached := a.jobs[asked.JobId]; cached && known.requested < asked.Redelivery.Height {
		// What is claimed from now on goes to the new sink, whether or not this machine
		// holds something of the job already.
		delete(a.jobs, asked.JobId)
	}
	records, err := a.cfg.Journal.List(store.Filter{JobID: asked.JobId})
	if err != nil {
		a.fatal = err
		return nil
	}
	if len(records) == 0 {
		return nil
	}
	j, err := a.jobs.read(ctx, a.cfg.Chain, asked.JobId)
	if err != nil && !errors.Is(err, chain.ErrNotFound) {
		return err
	}
	for i := range records {
		// What has still to be executed goes there too, and may end before the next block.
		if w, tracked := a.assignments[records[i].Key]; tracked && err == nil && w.spec != nil {
			w.spec = j.spec
		}
	}
	var again []store.Assignment
	if !a.journal(func(tx *store.Tx) error {
		again = nil
		for i := range records {
			if !wanted(&records[i], asked.Redelivery.Height) {
				continue
			}
			record, err := tx.Edit(records[i].Key, func(r *store.Assignment) {
				r.Requested, r.Sink = asked.Redelivery.Height, computetypes.TaskSink(asked.Redelivery.Sink, r.Task)
				r.Delivered, r.DeliveryError, r.SinkProven = false, "", false
			})
			if err != nil {
				return err
			}
			again = append(again, record)
		}
		return nil
	}) {
		return nil
	}
	for _, record := range again {
		a.deliveries.drop(record.Key)
		if w, tracked := a.assignments[record.Key]; tracked {
			w.record = record // step delivers it, once all have committed
			continue
		}
		a.deliveries.keep(a.loop.ctx, record)
	}
	if len(again) > 0 {
		a.cfg.Logger.Info("the requester asks for results again", "job", asked.JobId, "results", len(again), "sink", asked.Redelivery.Sink)
	}
	return nil
}

// wanted tells whether a request concerns a record: there is a result that the chain
// has accepted, or may yet.
func wanted(r *store.Assignment, height int64) bool {
	if r.Requested >= height || len(r.ResultDigest) == 0 || r.Sink == "" {
		return false
	}
	return !r.Phase.Finished() || r.Phase == store.PhaseSettled && r.Verdict != nil && r.Verdict.Accepted ||
		r.Phase == store.PhaseFailed && r.Unknown
}
