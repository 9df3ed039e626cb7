package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// auditPause is the number of blocks after which everything that the node holds is proven
	// again, although nothing has to leave this machine.
	auditPause = 20
	// comparePause is the number of blocks between two readings of a second node.
	comparePause = 5
	// maxHidden bounds the assignments that only a second node shows and that are proven at a time.
	maxHidden = 10
	// maxUnproven is the number of proofs in a row that may fail before another node is asked.
	maxUnproven = 3
	// maxLost is the same for transactions that are in no block.
	maxLost = 2
)

// Endpoints are the nodes of the chain that are behind Chain and Prover. *grpcnode.Endpoints
// implements it.
type Endpoints interface {
	// Using returns the name of the node that is asked now.
	Using() string
	// Distrust makes other nodes be asked than one that has shown something that is not so.
	Distrust(endpoint, why string)
	// Ahead returns an error if all other nodes contradict a height, because they are far behind it.
	Ahead(height int64) error
}

// Second is a node of the chain other than the one that is asked. *chain.Reader implements it.
type Second interface {
	Assignments(ctx context.Context, operator string) (chain.Work, error)
}

// unwatched are endpoints of which no record is kept.
type unwatched struct{}

func (unwatched) Using() string           { return "chain.grpc" }
func (unwatched) Distrust(string, string) {}
func (unwatched) Ahead(int64) error       { return nil }

// listings are what nodes have listed of this node's assignments, to compare them.
type listings struct {
	// from is the node whose listing the view shows, and keys are what it has listed.
	from string
	keys map[store.Key]bool
	// second is the height of the last listing of a second node, 0 if there is none. shown are the
	// assignments in it that the used node does not show so, by the height of the used node's
	// listing in which that was first seen.
	second int64
	shown  map[store.Key]int64
	// at is the height of the view at which the second node was last asked, and underway reports
	// whether it is being asked.
	at       int64
	underway bool
}

// suspicion is a height that a node has named and that may not be.
type suspicion struct {
	endpoint string
	height   int64
}

// distrust tells the owner what a node has shown that is not so, and makes another one be asked.
func (a *Agent) distrust(endpoint, why string) {
	a.trouble("the node at "+endpoint+" is not believed", fmt.Errorf("%w: %s", chain.ErrContradicted, why))
	a.cfg.Endpoints.Distrust(endpoint, why)
}

// contradicted reports whether all other nodes are far behind a height. The height then has to be
// proven before anything is done at it.
func (a *Agent) contradicted(endpoint string, height int64) bool {
	why := a.cfg.Endpoints.Ahead(height)
	if why == nil || a.proofs.prover == nil || a.horizon.proven && height <= a.horizon.height+leap {
		return false
	}
	if a.suspected.endpoint == "" {
		a.trouble("the nodes do not agree on the height", why)
	}
	a.suspect(endpoint, height)
	return true
}

// suspect finds out by a proof whether the chain has reached a height.
func (a *Agent) suspect(endpoint string, height int64) {
	if a.proofs.prover == nil {
		return
	}
	if a.follow() { // a proof that began earlier may be of an older block
		a.suspected = suspicion{endpoint, height}
	}
}

// judgeHeight compares a suspected height with the newest that was proven.
func (a *Agent) judgeHeight(err error) {
	s := a.suspected
	if s.endpoint == "" {
		return
	}
	a.suspected = suspicion{}
	switch {
	case errors.Is(err, chain.ErrWitness):
	case err != nil:
		a.distrust(s.endpoint, fmt.Sprintf("it named height %d, which no other node has reached, and did not prove it: %v", s.height, err))
	case s.height > a.horizon.height+leap: // nothing is done at such a height, so that it must not stay
		a.distrust(s.endpoint, fmt.Sprintf("it named height %d, and the newest block that can be proven is %d", s.height, a.horizon.height))
	}
}

// compare asks a second node for this node's assignments, concurrently with the loop.
func (a *Agent) compare() {
	l := &a.listings
	if a.cfg.Second == nil || l.underway || a.view.node == nil || a.view.height < l.at+comparePause {
		return
	}
	l.underway, l.at = true, a.view.height
	ctx, second, operator := a.loop.ctx, a.cfg.Second, a.view.operator.String()
	a.loop.beside(func() event {
		ctx, cancel := context.WithTimeout(ctx, queryTimeout)
		defer cancel()
		work, err := second.Assignments(ctx, operator)
		return compared{work, err}
	})
}

// compared reports what a second node lists.
type compared struct {
	work chain.Work
	err  error
}

// apply implements event. Assignments that only the second node shows are proven next; without proofs, a node
// that does not show it a second time is not asked any more.
func (c compared) apply(a *Agent) {
	l := &a.listings
	l.underway = false
	if c.err != nil || a.horizon.check(c.work.Height, a.cfg.Now()) != nil {
		l.second, l.shown = 0, nil
		return
	}
	shown := map[store.Key]int64{}
	for i := range c.work.Items {
		key := itemKey(&c.work.Items[i])
		if l.keys[key] && !a.hiddenPhase(key, &c.work.Items[i]) {
			continue
		}
		since, before := l.shown[key]
		if !before {
			since = a.view.height
		}
		shown[key] = since
		if a.proofs.prover == nil && before && !l.keys[key] && c.work.Height >= since {
			a.distrust(l.from, fmt.Sprintf("it does not show assignment %s, which another node shows", key))
		}
	}
	l.second, l.shown = c.work.Height, shown
	for key, w := range a.assignments {
		if _, held := shown[key]; !held && w.goneSince > 0 && c.work.Height >= w.goneSince {
			w.goneTwice = true
		}
	}
}

// hiddenPhase reports whether a second node shows that a round waits for reveals, and the used one
// shows that it does not yet.
func (a *Agent) hiddenPhase(key store.Key, second *computetypes.WorkItem) bool {
	w, tracked := a.assignments[key]
	return tracked && w.item != nil && second.Phase == computetypes.ROUND_PHASE_REVEAL && beforeReveal(w.item.Phase)
}

// beforeReveal reports whether a round in a phase does not wait for reveals yet.
func beforeReveal(phase computetypes.RoundPhase) bool {
	return phase == computetypes.ROUND_PHASE_COMMIT || phase == computetypes.ROUND_PHASE_AUDIT
}

// hidden returns the assignments that only a second node shows.
func (a *Agent) hidden() []computetypes.ChunkRef {
	var refs []computetypes.ChunkRef
	for key := range a.listings.shown {
		w, tracked := a.assignments[key]
		if a.listings.keys[key] && (!tracked || w.item == nil || !beforeReveal(w.item.Phase)) {
			continue // both show it by now
		}
		if refs = append(refs, refOf(key)); len(refs) == maxHidden {
			break // a lying second node must not make this one read proofs without end
		}
	}
	return refs
}

// gone reports whether the chain is known not to list an assignment any more: by a proof, or else
// because a second node does not list it either. Otherwise one node could end an assignment by
// hiding it.
func (a *Agent) gone(w *assignment) bool {
	switch {
	case a.proofs.prover != nil:
		return w.goneProven
	case a.cfg.Second != nil && a.listings.second > 0:
		return w.goneTwice
	}
	return true
}

// confront compares what was proven about an assignment with what the used node lists.
func (a *Agent) confront(ref computetypes.ChunkRef, found *chain.Proven) {
	key, operator := keyOf(ref), a.view.operator.String()
	w, tracked := a.assignments[key]
	held, holds := found.Holds(ref.Round, operator)
	if tracked && w.goneSince > 0 && !holds && found.Height >= w.goneSince {
		w.goneProven = true
	}
	if a.view.height < found.Height || a.listings.from == "" {
		return // the listing is older than what was proven
	}
	why := ""
	switch {
	case holds && !a.listings.keys[key]:
		// The record of a task may be older than what its deadlines have changed, and listings show
		// that change at once. So a second listing that is not older than the used one has to show
		// the assignment, or the record has to stay as it is for long.
		since, shown := a.listings.shown[key]
		second := shown && a.listings.second >= since && found.Height >= since
		long := tracked && w.goneSince > 0 && found.Height >= w.goneSince+sweepBlocks
		if second || long {
			why = fmt.Sprintf("it does not show assignment %s, which this node holds after block %d", key, found.Height)
		}
	case tracked && w.item != nil:
		why = contradiction(w, &held, found)
	}
	if why != "" {
		a.distrust(a.listings.from, why)
	}
}

// contradiction says what the used node shows otherwise than the chain has it; "" if nothing.
func contradiction(w *assignment, held *computetypes.Assignment, found *chain.Proven) string {
	item := w.item
	phase, reveals, exists := found.Phase(w.record.Round)
	switch {
	case !exists || item.CurrentRound != w.record.Round:
	case phase == computetypes.ROUND_PHASE_REVEAL && beforeReveal(item.Phase):
		return fmt.Sprintf("it does not show that the round of %s waits for reveals, which it does after block %d", w.record.Key, found.Height)
	case phase == computetypes.ROUND_PHASE_REVEAL && item.Phase == phase && reveals != item.RevealDeadline:
		return fmt.Sprintf("it shows %d as the last block for the reveal of %s, and the chain has %d", item.RevealDeadline, w.record.Key, reveals)
	}
	if assigned := computetypes.ASSIGNMENT_STATUS_ASSIGNED; held.Status == assigned && item.Assignment.Status == assigned &&
		held.AssignedHeight == item.Assignment.AssignedHeight && held.CommitDeadline != item.Assignment.CommitDeadline {
		return fmt.Sprintf("it shows %d as the last block for the commitment of %s, and the chain has %d", item.Assignment.CommitDeadline, w.record.Key, held.CommitDeadline)
	}
	return ""
}
