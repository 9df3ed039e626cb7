package round

import (
	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// nextTarget returns how many judges a further round asks for according to the table (asked),
// and how many it aims at (target). The target is lower if the class has fewer nodes that
// have not taken part, or if the losers could not pay that many. If the target is less than
// half of asked, no round takes place and both are 0, because an attacker that keeps nodes of
// a class away from a chunk would otherwise choose its judges. judged is the number of tasks
// that each judge executes.
func (t *Chunk) nextTarget(judged uint64) (target, asked uint32, err error) {
	i := len(t.record.Rounds) - 1
	if i >= len(t.params.Escalation) {
		return 0, 0, nil
	}
	asked = t.params.Escalation[i]
	free, err := t.uninvolved()
	if err != nil {
		return 0, 0, err
	}
	target = uint32(min(uint64(asked), free, t.affordable(judged)))
	if !types.HalfAJury(int(target), asked) {
		return 0, 0, nil
	}
	return target, asked, nil
}

// uninvolved returns how many live nodes of the class have not taken part in the chunk.
func (t *Chunk) uninvolved() (uint64, error) {
	epoch, err := t.deps.Nodes.Epoch(t.ctx)
	if err != nil {
		return 0, err
	}
	class, err := t.deps.Nodes.ClassSnapshot(t.ctx, t.job.Class, epoch)
	if err != nil {
		return 0, err
	}
	taken := uint64(t.participants())
	if t.job.Challenged != nil { // the nodes whose result is judged do not judge
		_, c, err := t.challenge()
		if err != nil {
			return 0, err
		}
		taken += uint64(len(c.Defendants))
	}
	return class.Nodes - min(class.Nodes, taken), nil
}

// affordable returns how many more judges the losers can pay, whichever nodes the losers are.
// There is at least one loser after the first round, and more than a third of the votes lose
// after a later one. Rounds that found fewer nodes than they aimed at have fewer losers, and
// can therefore pay fewer judges. The losers may be those that have locked least.
func (t *Chunk) affordable(judged uint64) uint64 {
	votes, escalated := 0, int64(0)
	for r := range t.record.Rounds {
		n := len(t.record.Rounds[r].Replicas)
		votes += n
		if r > 0 {
			escalated += int64(n)
		}
	}
	losers := 1
	if t.index() > 0 {
		losers = votes/3 + 1
	}
	paid := t.leastLocked(losers).Quo(t.job.Value(judged))
	return math.MinInt(math.MaxInt(paid.SubRaw(escalated), math.ZeroInt()), math.NewInt(types.MaxRoundReplicas)).Uint64()
}

// forfeitSilent marks the nodes that were silent in the round that ends: they cannot reveal
// or open later. The next round relies on the liabilities of the losers, so an opening in
// that round must not make a loser right.
func (t *Chunk) forfeitSilent(ballots []ballot) error {
	for i := range ballots {
		b := &ballots[i]
		if b.vote.Key != "" || b.a.Status == types.ASSIGNMENT_STATUS_NO_REVEAL {
			continue
		}
		if err := b.a.MoveTo(types.ASSIGNMENT_STATUS_NO_REVEAL); err != nil {
			return err
		}
	}
	return nil
}

// toJudge returns the positions of the tasks that the judges of a further round execute, and
// their number. If replicas have to show their results first, it returns the number of tasks
// that may have to be judged.
func (t *Chunk) toJudge(ballots []ballot) (positions []uint32, tasks uint64) {
	switch {
	case t.single():
		return nil, t.count()
	case t.index() > 0:
		positions = t.current().Samples
	case t.needsLeaves(ballots):
		return nil, t.job.Policy.MostJudged(t.count())
	default:
		positions = t.samplesToJudge(ballots)
	}
	return positions, uint64(len(positions))
}

// escalate starts a further round, whose judges execute judged tasks: those at the positions,
// or all tasks of a chunk with one result.
func (t *Chunk) escalate(positions []uint32, judged uint64) error {
	target, asked, err := t.nextTarget(judged)
	if err != nil {
		return err
	}
	if err := t.current().MoveTo(types.ROUND_PHASE_CLOSED); err != nil {
		return err
	}
	if err := t.startRound(target); err != nil {
		return err
	}
	t.current().Asked, t.current().Samples = asked, positions
	t.changed(&types.ChunkChange_Escalated{Escalated: &types.Escalated{Target: target}})
	return nil
}
