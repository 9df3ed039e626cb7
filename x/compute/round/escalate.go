package round

import (
	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// nextTarget returns how many replicas a further round asks for, as the table says, and
// how many it aims at: fewer where the class has fewer nodes that have not taken part,
// or the losers could not pay as many. Where these are not half of those asked for no
// round is held, and both are 0: whoever can make a class small for a task must not
// choose who is left to judge it.
func (t *Task) nextTarget() (target, asked uint32, err error) {
	i := len(t.record.Rounds) - 1
	if i >= len(t.params.Escalation) {
		return 0, 0, nil
	}
	asked = t.params.Escalation[i]
	free, err := t.uninvolved()
	if err != nil {
		return 0, 0, err
	}
	target = uint32(min(uint64(asked), free, t.affordable()))
	if !types.HalfAJury(int(target), asked) {
		return 0, 0, nil
	}
	return target, asked, nil
}

// uninvolved returns how many live nodes of the class have taken no part in the task.
func (t *Task) uninvolved() (uint64, error) {
	epoch, err := t.deps.Nodes.Epoch(t.ctx)
	if err != nil {
		return 0, err
	}
	class, err := t.deps.Nodes.ClassSnapshot(t.ctx, t.job.Class, epoch)
	if err != nil {
		return 0, err
	}
	taken := uint64(t.participants())
	if t.job.Challenged != nil { // whose result is judged does not judge
		_, c, err := t.challenge()
		if err != nil {
			return 0, err
		}
		taken += uint64(len(c.Defendants))
	}
	return class.Nodes - min(class.Nodes, taken), nil
}

// affordable returns how many more replicas the losers can pay, whoever they turn
// out to be: one at least after the first round, more than a third of the votes
// after a later one. Rounds that found fewer nodes than they aimed at have
// fewer losers, and so afford fewer replicas.
func (t *Task) affordable() uint64 {
	votes, escalated := int64(0), int64(0)
	for r := range t.record.Rounds {
		n := int64(len(t.record.Rounds[r].Replicas))
		votes += n
		if r > 0 {
			escalated += n
		}
	}
	losers := int64(1)
	if t.index() > 0 {
		losers = votes/3 + 1
	}
	paid := t.job.Liability.MulRaw(losers).Quo(t.job.BondValue)
	return math.MinInt(math.MaxInt(paid.SubRaw(escalated), math.ZeroInt()), math.NewInt(types.MaxRoundReplicas)).Uint64()
}

// forfeitSilent marks the nodes that have not revealed in the round that ends, or have not
// disclosed although they were asked to. They cannot do it later: a disclosure in a later
// round must not turn a loser, whose liability pays that round, into a node that was right.
func (t *Task) forfeitSilent(ballots []ballot) error {
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

func (t *Task) escalate() error {
	target, asked, err := t.nextTarget()
	if err != nil {
		return err
	}
	if err := t.current().MoveTo(types.ROUND_PHASE_CLOSED); err != nil {
		return err
	}
	if err := t.startRound(target); err != nil {
		return err
	}
	t.current().Asked = asked
	t.changed(&types.TaskChange_Escalated{Escalated: &types.Escalated{Target: target}})
	return nil
}
