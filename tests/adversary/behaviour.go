package adversary

import (
	"context"

	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// behaviour is one way to cheat.
type behaviour interface {
	// name is the behaviour's name in reports.
	name() string
	// play performs the behaviour on the stage and measures its gain.
	play(ctx context.Context, s *stage) (Row, error)
}

const (
	// quorumPolicy is the name of the policy in reports.
	quorumPolicy = "QUORUM(3)"

	// strangerSlots and strangerBond are the slots and the bond of a hostile node. It has the
	// same weight as an honest one, and its bond exceeds what it loses, so that the draws
	// stay the same from the first lie to the last.
	strangerSlots, strangerBond = 32, 800
	// wave is the number of jobs that are open at once. It is at most the number of a node's
	// slots, so that every node can claim every draw and probabilities are those of the
	// formulas.
	wave = 24
)

// behaviours lists all behaviours, cheap ones first.
func behaviours() []behaviour {
	all := []behaviour{}
	all = append(all, liars()...)
	all = append(all, audits()...)
	all = append(all, guessers()...)
	all = append(all, filler())
	all = append(all, silents()...)
	all = append(all, stakers()...)
	all = append(all, grinder{}, flooder{}, stuffer{})
	all = append(all, dealers()...)
	all = append(all, arrayPlayers()...)
	all = append(all, chunkLiars()...)
	all = append(all, withholder{}, rejecter{}, relayFiller{})
	all = append(all, requesters()...)
	all = append(all, vandals()...)
	all = append(all, redrawer{})
	all = append(all, challenges()...)
	return append(all, overfiller{})
}

// cheat is a behaviour of nodes: an owner brings some nodes, an honest customer posts jobs,
// and the owner's money is read before and after.
type cheat struct {
	label string
	// policy is the name of the jobs' policy in reports; empty means the quorum.
	policy string
	force  force
	// jobs is the number of jobs; each task of an array counts.
	jobs int
	// spec changes the usual job.
	spec func(spec *computetypes.JobSpec)
	// accomplices are nodes of other owners, whose money does not count.
	accomplices force
	// forecast returns what the owner should have gained, apart from the fees that its nodes
	// paid for gas.
	forecast func(s *stage, run run) forecast
}

// forecast is the expected gain of a behaviour, in whole tfuel.
type forecast struct {
	mean, spread float64
	baseline     float64
	trials       int
	formula      string
	note         string
}

// run is the outcome of a cheat.
type run struct {
	jobs   int
	over   []ended
	parts  []computetypes.Outcome
	hands  []*hand
	change change
}

func (c cheat) name() string { return c.label }

func (c cheat) play(ctx context.Context, s *stage) (Row, error) {
	hands, err := s.enlist(ctx, c.force)
	if err != nil {
		return Row{}, err
	}
	others, err := s.enlist(ctx, c.accomplices)
	if err != nil {
		return Row{}, err
	}
	for _, h := range append(append([]*hand{}, hands...), others...) {
		h.start(ctx)
	}
	r := run{jobs: c.jobs, hands: hands}
	before, err := s.read(ctx, purseOf(hands))
	if err != nil {
		return Row{}, err
	}
	if r.over, err = s.show(ctx, c.jobs, c.spec); err != nil {
		return Row{}, err
	}
	after, err := s.read(ctx, purseOf(hands))
	if err != nil {
		return Row{}, err
	}
	r.change, r.parts = between(before, after), parts(r.over, hands)
	row := c.row(s, r)
	for _, h := range hands {
		taken, refused := h.counts(chain.Claim)
		s.say("  %s: %d claims taken, %d refused (%s)", c.label, taken, refused, reason(h.lastRefusal))
	}
	if err := s.tellLots(ctx, c.label, r, append(append([]*hand{}, hands...), others...)); err != nil {
		return row, err
	}
	if err := s.dismiss(ctx, c.force.class, hands); err != nil {
		return row, err
	}
	return row, s.dismiss(ctx, c.accomplices.class, others)
}

// tellLots prints how many parts the tickets of hands gave, and for how many parts the hands
// were drawn. The numbers differ if a node with a lower rank did not claim in time.
func (s *stage) tellLots(ctx context.Context, label string, r run, hands []*hand) error {
	l, err := s.lotsOf(ctx, r.over, hands)
	if err == nil && l.draws > 0 {
		s.say("  %s: tickets gave %d parts, %d were drawn; %d of %d draws went to the lowest of all", label, l.due, len(r.parts), l.exact, l.draws)
	}
	return err
}

// show posts the usual jobs, or arrays, in waves and waits until they end.
func (s *stage) show(ctx context.Context, jobs int, change func(*computetypes.JobSpec)) ([]ended, error) {
	spec := s.spec()
	if change != nil {
		change(&spec)
	}
	var over []ended
	tasks := int(spec.Tasks) //nolint:gosec // small
	for jobs > 0 {
		n := max(1, min(jobs, s.usual.wave)/tasks)
		posted, err := s.post(ctx, s.customer, spec, s.plain, n)
		if err != nil {
			return over, err
		}
		done, err := s.finish(ctx, posted.ids)
		if err != nil {
			return over, err
		}
		over = append(over, done...)
		jobs -= n * tasks
	}
	return over, nil
}

func (c cheat) row(s *stage, r run) Row {
	f := c.forecast(s, r)
	fees := inTfuel(r.change.fees)
	policy := c.policy
	if policy == "" {
		policy = quorumPolicy
	}
	return Row{
		Behaviour: c.label, Policy: policy, Jobs: r.jobs, Trials: f.trials,
		Gain: inTfuel(r.change.gain), Loss: inTfuel(r.change.loss), Baseline: f.baseline,
		Predicted: f.mean - f.baseline - fees, Spread: f.spread, Formula: f.formula, Note: f.note,
	}.judged()
}

// strangers returns nodes with the same weight as honest ones.
func strangers(n int, t tactics) force {
	return force{nodes: n, class: crowded, bond: strangerBond, slots: strangerSlots, tactics: t}
}
