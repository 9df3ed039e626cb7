package agent

import (
	"context"
	"errors"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/container"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// drawPages bounds the number of pages of draws that are read per block. The chain lists only
// draws that accept claims now, with judges and auditors first. An array may have more draws
// than fit into these pages. The remaining ones are read in the following blocks.
const drawPages = 4

// draws is the agent's state with regard to open draws.
type draws struct {
	// claims contains the draws for which claims are about to be sent.
	claims []bid.Draw
	// from is the start of the next page of open draws. It is nil for the newest.
	from []byte
	// passed contains what the owner is told about the other draws.
	passed []bid.Passed
	// tally counts the draws of the last hour, and counts is what it counted when the draws were
	// last read.
	tally  *bid.Tally
	counts []bid.Count
}

// wantsWork reports whether a claim may be sent at all.
func (a *Agent) wantsWork() bool {
	return !a.drain.begun && a.view.active() && a.freeSlots() > 0 && !a.cfg.Paused() && a.outdated() == ""
}

// openDraws returns the draws that this node enters, lowest ranks first, and at most as many
// as it has room for.
func (a *Agent) openDraws(ctx context.Context) ([]bid.Draw, error) {
	bidder := &bid.Bidder{
		Operator: a.view.operator.String(), Height: a.view.height, Params: a.view.params, Policy: a.cfg.Policy, Shuns: a.shuns, Strays: a.strays,
	}
	a.draws.passed = nil
	draws, err := a.readDraws(ctx, bidder)
	if err != nil {
		return nil, err
	}
	list := bidder.Shortlist(draws)
	done := bid.Decision{Left: list.Left}
	if len(list.Wanted) > 0 {
		var room bid.Room
		if room, err = a.room(ctx); err == nil {
			done = bidder.Choose(list, room)
		}
	}
	a.draws.passed = done.Passed(a.view.height)
	a.draws.tally.Note(&done, a.cfg.Now())
	a.draws.counts = a.draws.tally.Counts()
	for i := range done.Left {
		if left := &done.Left[i]; !left.Cause.Routine() {
			a.cfg.Logger.Debug("not claiming", "draw", keyOf(left.Draw.Ref), "reason", left.Reason)
		}
	}
	if done.LackingBytes > 0 {
		a.makeRoom(done.LackingBytes)
	}
	return done.Claims, err
}

// readDraws reads open draws and the facts that are needed to decide about them. It reads the
// first page in every block, because that page contains the calls for judges, and because
// draws that have just opened usually still have room. Then it reads the pages that follow the
// last one that it has read before.
func (a *Agent) readDraws(ctx context.Context, bidder *bid.Bidder) ([]bid.Draw, error) {
	var draws []bid.Draw
	var from []byte
	for page := range drawPages {
		read, err := a.cfg.Chain.ClaimablePage(ctx, bidder.Operator, from)
		if err != nil {
			return nil, err
		}
		for i := range read.Tasks {
			d, err := a.drawOf(ctx, bidder, &read.Tasks[i])
			if err != nil {
				return nil, err
			}
			draws = append(draws, d)
		}
		if page == 0 && a.draws.from != nil && read.Next != nil {
			from = a.draws.from
			continue
		}
		if from, a.draws.from = read.Next, read.Next; from == nil {
			break
		}
	}
	return draws, nil
}

// drawOf finds out the facts about a draw that the decision depends on.
func (a *Agent) drawOf(ctx context.Context, bidder *bid.Bidder, task *computetypes.ClaimableChunk) (bid.Draw, error) {
	w, tracked := a.assignments[keyOf(task.Ref)]
	d := bid.Draw{
		Ref: task.Ref, CloseHeight: task.CloseHeight, Rank: task.Rank, Leading: task.Leading, Tasks: task.Tasks, Liability: task.Liability, Call: task.Call,
		Held: tracked && (w.record.Phase != store.PhaseClaimed || w.claimSent),
	}
	for fact := bidder.Missing(&d); fact != bid.FactNone; fact = bidder.Missing(&d) {
		if err := a.findOut(ctx, fact, &d); err != nil {
			return d, err
		}
	}
	return d, nil
}

// findOut asks the journal, the chain, an executor or a server for a fact about a draw.
func (a *Agent) findOut(ctx context.Context, fact bid.Fact, d *bid.Draw) (err error) {
	switch fact {
	case bid.FactEarlier:
		d.Earlier, err = a.earlier(d)
	case bid.FactJob:
		var j job
		if j, err = a.jobs.read(ctx, a.cfg.Chain, d.Ref.JobId); err == nil {
			d.Job = j.terms()
		}
	case bid.FactExecutor:
		d.Executor = a.executorHealth(d.Job.Spec.Executor)
	case bid.FactSink:
		d.Sink = a.sinkHealth(d.Job.Spec.Sink)
	case bid.FactNone:
	}
	return err
}

// earlier returns what the journal contains about an earlier claim in a draw.
func (a *Agent) earlier(d *bid.Draw) (*bid.Earlier, error) {
	record, err := a.cfg.Journal.Get(keyOf(d.Ref))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &bid.Earlier{}, nil
	case err != nil:
		a.fatal = err
		return nil, err
	}
	over := record.Phase == store.PhaseReleased && record.Deadlines.Claim == d.CloseHeight
	return &bid.Earlier{Over: over, Reason: record.LastError, InDoubt: record.Phase == store.PhaseClaimed}, nil
}

// executorHealth says whether this machine can run a profile.
func (a *Agent) executorHealth(profile string) *bid.Health {
	engine, runs := a.executors[profile]
	if !runs {
		if profile == container.Profile {
			return &bid.Health{Why: "is off on this machine; container.enabled turns it on"}
		}
		return &bid.Health{Why: "this machine has not"}
	}
	if f := engine.Fingerprint(a.loop.ctx); f.Health != executor.Healthy {
		return &bid.Health{Why: "does not work here: " + f.Detail}
	}
	return &bid.Health{Works: true}
}

// room returns what the node can still take on, according to the chain and the machine.
func (a *Agent) room(ctx context.Context) (bid.Room, error) {
	held := a.assignments.holdings(a.view.height)
	fees, err := a.readFees(ctx, held.Unpaid())
	if err != nil {
		return bid.Room{}, err
	}
	if fees.Assignments == 0 {
		a.trouble("no new work", errors.New(fees.Why))
	}
	disk, err := a.diskRoom()
	if err != nil {
		return bid.Room{}, err
	}
	line, err := a.lineRoom(held)
	if err != nil {
		return bid.Room{}, err
	}
	state := a.view.node.State
	return bid.Room{
		Slots: held.FreeSlots(state, a.cfg.Policy), CallSlots: held.CallSlots(state, a.cfg.Policy), KeptSlots: held.KeptSlots(state, a.cfg.Policy), Bond: state.Bond.Sub(state.Locked), Ahead: held.Ahead(), Fees: fees,
		DiskBytes: disk, DiskFolder: a.cfg.WorkDir, Line: line, Now: a.cfg.Now(),
	}, nil
}

// freeSlots returns the number of further assignments that the node can take, among them those
// that may only be audits and judgements of chunks.
func (a *Agent) freeSlots() int {
	if a.view.node == nil {
		return 0
	}
	held, state := a.assignments.holdings(a.view.height), a.view.node.State
	return max(0, held.FreeSlots(state, a.cfg.Policy)) + held.CallSlots(state, a.cfg.Policy)
}
