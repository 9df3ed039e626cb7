package adversary

import (
	"bytes"
	"context"

	"github.com/thetaedge/theta/executor/tensors"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// decoderNodes, decoderPrograms and decoderSlots are the number of honest nodes that execute
	// language models, that of the programs that each runs at once, and its slots.
	decoderNodes, decoderPrograms, decoderSlots = 3, 4, 12
	// decoderPrepare and decoderCommit leave time to compile the program on all nodes at once.
	decoderPrepare, decoderCommit = 60, 400
	// decoderWave is the number of jobs that are open at once: every node can take each.
	decoderWave = decoderSlots
	// decoderAuditBps is how often audited jobs are audited here, and decoderAuditPolicy names it in
	// reports. At this rate the loss shows above the noise of some dozen jobs.
	decoderAuditBps    = 5_000
	decoderAuditPolicy = "AUDIT(0.5, 2)"
)

// modelLiar is a node that does not execute the model of a job as it is.
type modelLiar struct {
	label string
	// instead returns what the node executes. If it is nil, it executes nothing, and its result is
	// right with the probability of a good guess.
	instead func(d *decoders) work
	// knows reports whether the node states the right result and fuel nevertheless.
	knows bool
	// audited reports whether the jobs are audited instead of given to a quorum.
	audited bool
}

// modelLiars are behaviours of nodes that execute another model than the one asked for, or a part of
// it. Each meets both policies.
func modelLiars() []behaviour {
	var all []behaviour
	for _, audited := range []bool{false, true} {
		for _, b := range []modelLiar{
			{label: "flips one bit of a weight", instead: func(d *decoders) work { return d.flipped }},
			{label: "runs a smaller model", instead: func(d *decoders) work { return d.small }},
			{label: "skips the last layer, and knows the text", instead: func(d *decoders) work { return d.shallow }, knows: true},
			{label: "skips the head, and knows the text", instead: func(d *decoders) work { return d.headless }, knows: true},
			{label: "guesses the text"},
		} {
			b.audited = audited
			all = append(all, b)
		}
	}
	return all
}

func (b modelLiar) name() string { return b.label }

func (b modelLiar) play(ctx context.Context, s *stage) (Row, error) {
	tell, note := mostlyRight(nil), "it executes nothing"
	if b.instead != nil {
		found, err := b.answer(ctx, s)
		if err != nil {
			return Row{}, err
		}
		tell = func(context.Context, *hand, computetypes.WorkItem) *answer { return &found }
		note = "its result is another one"
		if bytes.Equal(found.digest, s.plain.digest) {
			note = "its result is the right one"
		}
	}
	c := cheat{
		label: b.label, policy: quorumPolicy + ", " + tensors.Profile, jobs: 3 * decoderWave,
		force:    force{nodes: 1, class: crowded, bond: strangerBond, slots: decoderSlots, tactics: tactics{claims: onlyReplicas, answer: tell}},
		forecast: loseEach("its trace is not that of the model", 1),
	}
	if b.audited {
		c.policy, c.jobs, c.spec = decoderAuditPolicy+", "+tensors.Profile, 6*decoderWave, auditedAt(decoderAuditBps)
		c.force.tactics.claims, c.forecast = onlyExecutes, hopeUnaudited(bps(decoderAuditBps))
	}
	row, err := c.play(ctx, s)
	row.Note += "; " + note
	return row, err
}

// answer returns what the node commits to.
func (b modelLiar) answer(ctx context.Context, s *stage) (answer, error) {
	executed := b.instead(s.decoders)
	if !b.knows {
		return s.lab.compute(ctx, executed)
	}
	found := s.plain
	found.work = &executed
	return found, nil
}
