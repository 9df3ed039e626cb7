package agent

import (
	"context"
	"errors"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// redeliveryBlocks is the number of blocks between two queries for requests to deliver
	// results again.
	redeliveryBlocks = 5
	// redeliveryPages bounds the number of pages per query. The next query continues from
	// there.
	redeliveryPages = 4
	// redeliveryMargin is the number of blocks that are read twice. One endpoint may have
	// several nodes, some of which are behind. A request that one of them does not know yet
	// must not be missed.
	redeliveryMargin = 20
)

// asked says how far this machine has read the list of those requests.
type asked struct {
	// from is the height from which the list is read next. page is the page at which an
	// interrupted reading continues.
	from int64
	page []byte
	// at is the height of the last query.
	at int64
}

// firstAsked returns the lowest height at which a request may concern a record of this home
// folder. The results of a job cannot be requested before the job was posted.
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

// readRedeliveries processes the requests since the last query, including those that were made
// while this daemon was down. If it fails, the other work of the block is done nevertheless.
func (a *Agent) readRedeliveries(ctx context.Context) {
	if a.asked.from == 0 {
		a.asked.from = a.view.height // the journal is empty
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
			// A request that is read twice is processed only once.
			a.asked.from = max(a.asked.from, a.view.height-redeliveryMargin)
			return
		}
	}
}

// redeliver delivers all results of a job again that this machine has and that the chain is
// not known to have refused.
func (a *Agent) redeliver(ctx context.Context, asked *computetypes.JobRedelivery) error {
	if asked.Redelivery.Height > a.view.height {
		// A request from the next block is read again later. If a request with a false height
		// far ahead were recorded, all true requests would be ignored.
		return nil
	}
	if known, cached := a.jobs[asked.JobId]; cached && known.requested < asked.Redelivery.Height {
		// Work that is claimed from now on is delivered to the new sink, whether or not this
		// machine already holds work of the job.
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
		// Work that still has to be executed is delivered there too. It may end before the
		// next block.
		if w, tracked := a.assignments[records[i].Key]; tracked && err == nil && w.spec != nil {
			w.spec = j.spec
		}
	}
	judging := err == nil && j.judging
	var again []store.Assignment
	if !a.journal(func(tx *store.Tx) error {
		again = nil
		for i := range records {
			if !wanted(&records[i], asked.Redelivery.Height, judging) {
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
			w.record = record // step delivers the outputs once all replicas have committed
			continue
		}
		a.deliveries.keep(a.loop.ctx, record)
	}
	if len(again) > 0 {
		a.cfg.Logger.Info("the requester asks for results again", "job", asked.JobId, "results", len(again), "sink", asked.Redelivery.Sink)
	}
	return nil
}

// wanted reports whether a request concerns a record. It does if the record has a result that
// the chain has accepted or may still accept. judging reports whether the job judges a
// challenge: its judges have no sink before they are asked, and deliver only what was accepted.
func wanted(r *store.Assignment, height int64, judging bool) bool {
	if r.Requested >= height || len(r.ResultDigest) == 0 || r.Sink == "" && !judging {
		return false
	}
	if judging && (r.Phase != store.PhaseSettled || len(r.Samples) > 0) {
		return false
	}
	return !r.Phase.Finished() || r.Phase == store.PhaseSettled && r.Verdict != nil && r.Verdict.Accepted ||
		r.Phase == store.PhaseFailed && r.Unknown
}
