package adversary

import (
	"math"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// liabilityTolerance is the part by which the liability of a chunk may differ from the formula:
// the chain reads exponentials from a table of basis points.
const liabilityTolerance = 2e-3

// chunkTerms returns the terms of a chunk that is audited with the probability q. The expected
// loss from a lie about any share of the work must be at least the pay of the whole chunk, and
// that of its samples if an auditor repeats the lie.
func (s *stage) chunkTerms(q float64) terms {
	t := s.termsAt(float64(reward) / chunkShare)
	pay, found := t.reward*chunkTasks, q*bps(s.compute.HonestBps)
	whole := found * (1 - math.Exp(-chunkSamples))
	repeated := q * (1 - bps(s.compute.HonestBps)) * t.reward * math.Min(chunkTasks, computetypes.MaxSamples)
	t.liability = math.Max(math.Max(t.liability, pay), math.Max((pay*(1-whole)+repeated)/whole, pay/(found*chunkSamples)))
	return t
}

// skippedPart is a chunk, or its first tasks, of which a ring skips some tasks.
type skippedPart struct {
	terms
	// tasks is the number of tasks, skipped that of those which are skipped, and samples that of
	// those which an audit samples.
	tasks, skipped, samples int
	// share is the part of the work that is skipped.
	share float64
	// rest reports whether the replica leaves a rest of the chunk to others.
	rest bool
	// hides reports whether the replica shows only true samples, so that an auditor of its own
	// cannot shield it.
	hides bool
}

// chunk returns what the ring does in a chunk of one of its replicas.
func (b chunkLiar) chunk(t terms, each []answer, r computetypes.Receipt) skippedPart {
	tasks := each[r.Task : r.Task+r.Count]
	p := skippedPart{terms: t, tasks: len(tasks), rest: (r.Task+r.Count)%chunkTasks != 0, hides: b.part.hides}
	work, saved := 0.0, 0.0
	stated := make(map[int]uint64)
	for i, task := range tasks {
		work += float64(task.fuel)
		if !b.part.skips(uint32(i)) { //nolint:gosec // small
			continue
		}
		p.skipped++
		saved += float64(task.fuel)
		if b.part.states > 0 {
			stated[i] = b.part.states
		}
	}
	p.share, p.samples = saved/work, sampleOf(tasks, stated)
	return p
}

// sampleOf returns how many of some tasks an audit samples, if a node states the fuel that they
// use, except for some. A task may use as much as the heaviest of a chunk.
func sampleOf(tasks []answer, stated map[int]uint64) int {
	most, sum := 0.0, 0.0
	for i, task := range tasks {
		fuel := task.fuel
		if other, differs := stated[i]; differs {
			fuel = other
		}
		most, sum = math.Max(most, float64(task.fuel)), sum+float64(fuel)
	}
	return min(len(tasks), int(math.Ceil(chunkSamples*float64(len(tasks))*most/sum)))
}

// missed returns the probability that no sample is a skipped task.
func (p skippedPart) missed() float64 {
	return choose(p.tasks-p.skipped, p.samples) / choose(p.tasks, p.samples)
}

// outcome returns what a ring gains by the chunk, if an audit is drawn with the probability q,
// and its auditor belongs to the ring with the probability friend.
func (p skippedPart) outcome(q, friend float64) expectation {
	pay, audit := float64(p.tasks)*p.reward*p.kept, float64(p.samples)*p.reward*p.kept
	less := pay
	if p.rest { // the pay of the auditors of its part
		less = math.Max(0, pay-audit)
	}
	var mean, square float64
	add := func(chance, value float64) { mean, square = mean+chance*value, square+chance*value*value }
	missed := p.missed()
	add(1-q, pay)
	add(q*(1-friend)*missed, less)
	add(q*(1-friend)*(1-missed), -p.liability)
	if p.hides {
		// The auditor of the ring is paid: it has done what the chunk asked of it, and no node
		// disagrees.
		add(q*friend*missed, less+audit)
		add(q*friend*(1-missed), audit-p.liability)
	} else {
		add(q*friend, less+audit)
	}
	return expectation{mean: mean, variance: square - mean*mean}
}

// worth returns what the ring would have earned for the work that it has done: its part of the
// chunk, and of the samples that its auditors execute, on average.
func (p skippedPart) worth(q, friend float64) float64 {
	done := (1 - p.share) * float64(p.tasks)
	done += q * friend * float64(p.samples) * (1 - float64(p.skipped)/float64(p.tasks))
	return done * p.reward * p.kept
}
