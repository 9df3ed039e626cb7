package keeper

import (
	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// nextTarget returns how many judges a further round asks for, as the table says, and
// how many it aims at: fewer where the class has fewer nodes that have not taken part,
// or the losers could not pay as many. Where these are not half of those asked for no
// round is held, and both are 0: whoever can make a class small for a task must not
// choose who is left to judge it.
func (w *work) nextTarget() (target, asked uint32, err error) {
	i := len(w.task.Rounds) - 1
	if i >= len(w.params.Escalation) {
		return 0, 0, nil
	}
	asked = w.params.Escalation[i]
	free, err := w.uninvolved()
	if err != nil {
		return 0, 0, err
	}
	target = uint32(min(uint64(asked), free, w.affordable()))
	if !types.HalfAJury(int(target), asked) {
		return 0, 0, nil
	}
	return target, asked, nil
}

// uninvolved returns how many live nodes of the class have taken no part in the task.
func (w *work) uninvolved() (uint64, error) {
	epoch, err := w.deps.Nodes.Epoch(w.ctx)
	if err != nil {
		return 0, err
	}
	class, err := w.deps.Nodes.ClassSnapshot(w.ctx, w.job.Class, epoch)
	if err != nil {
		return 0, err
	}
	taken := uint64(w.participants())
	if w.job.Challenged != nil { // whose result is judged does not judge
		_, c, err := w.challenged()
		if err != nil {
			return 0, err
		}
		taken += uint64(len(c.Defendants))
	}
	return class.Nodes - min(class.Nodes, taken), nil
}

// affordable returns how many more judges the losers can pay, whoever they turn
// out to be: one at least after the first round, more than a third of the votes
// after a later one. Rounds that found fewer nodes than they aimed at have
// fewer losers, and so afford fewer judges.
func (w *work) affordable() uint64 {
	votes, judges := int64(0), int64(0)
	for r := range w.task.Rounds {
		n := int64(len(w.task.Rounds[r].Replicas))
		votes += n
		if r > 0 {
			judges += n
		}
	}
	losers := int64(1)
	if w.index() > 0 {
		losers = votes/3 + 1
	}
	paid := w.job.Liability.MulRaw(losers).Quo(w.job.BondValue)
	return math.MinInt(math.MaxInt(paid.SubRaw(judges), math.ZeroInt()), math.NewInt(types.MaxRoundReplicas)).Uint64()
}

// closeMouths settles who has stayed silent in the round that ends: what was not
// revealed, or not opened when it was asked for, stays so. An opening in a later
// round must not turn a loser, on whose liability that round relies, into one who
// was right.
func (w *work) closeMouths(ballots []ballot) error {
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

func (w *work) escalate() error {
	target, asked, err := w.nextTarget()
	if err != nil {
		return err
	}
	if err := w.round().MoveTo(types.ROUND_PHASE_CLOSED); err != nil {
		return err
	}
	if err := w.startRound(target); err != nil {
		return err
	}
	w.round().Asked = asked
	w.changed(&types.TaskChange_Escalated{Escalated: &types.Escalated{Target: target}})
	return nil
}
