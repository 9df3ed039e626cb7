package keeper

import (
	"bytes"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// startRound appends a round and starts its first draw.
func (w *work) startRound(target uint32) error {
	w.task.Rounds = append(w.task.Rounds, types.Round{Target: target, Phase: types.ROUND_PHASE_COMMIT})
	return w.startDraw(target)
}

// startDraw pins a seed that nobody can know yet and the weights of this epoch.
func (w *work) startDraw(slots uint32) error {
	epoch, err := w.k.nodes.Epoch(w.ctx)
	if err != nil {
		return err
	}
	round := w.round()
	pinned := w.height() + drawPause(round.Draws)
	round.Draw = &types.Draw{SeedHeight: pinned, Epoch: epoch, Attempt: round.Draws, Slots: slots}
	round.Draws++
	return w.emit(&types.EventDrawStarted{
		Ref: w.ref(), SeedHeight: pinned, Attempt: round.Draw.Attempt, Slots: slots,
	})
}

// maxDrawPause is the longest pause before a redraw, in blocks.
const maxDrawPause = 64

// drawPause returns for how many blocks a draw is put off after the given number
// of draws of its round: 0, 1, 3, 7 … A job that nobody takes soon costs the
// chain next to nothing.
func drawPause(draws uint32) int64 {
	return min(int64(1)<<min(draws, 16)-1, maxDrawPause)
}

// seedGraceBlocks is how long a seed takes in the ordinary course of things: it
// is public only after its pin, and then somebody has to bring it.
const seedGraceBlocks = 8

// openClaims lets nodes claim once the seed is known. The task's lifetime grows
// by as long as the seed is late. A seed that never comes ends the draw.
func (w *work) openClaims() (bool, error) {
	draw := w.round().Draw
	if draw == nil || draw.CloseHeight != 0 {
		return false, nil
	}
	seed, known, err := w.k.beacon.Seed(w.ctx, draw.SeedHeight)
	if err != nil {
		return false, err
	}
	if known {
		draw.CloseHeight = seed.Height + int64(w.params.ClaimBlocks)
		w.task.ExpiresHeight += max(0, seed.Height-draw.SeedHeight-seedGraceBlocks)
		return true, nil
	}
	if w.height()-draw.SeedHeight <= int64(w.params.SeedTimeoutBlocks) {
		return false, nil
	}
	return true, w.giveUpDrawing()
}

// closeDraw assigns the task to the candidates when the claim window is over.
func (w *work) closeDraw() (bool, error) {
	round := w.round()
	draw := round.Draw
	if draw == nil || draw.CloseHeight == 0 || w.height() < draw.CloseHeight {
		return false, nil
	}
	deadline := w.height() + int64(w.job.CommitBlocks)
	for _, operator := range draw.Candidates {
		a, addr, err := w.mustAssignment(operator)
		if err != nil {
			return false, err
		}
		if err := a.MoveTo(types.ASSIGNMENT_STATUS_ASSIGNED); err != nil {
			return false, err
		}
		a.AssignedHeight, a.CommitDeadline = w.height(), deadline
		if err := w.setAssignment(addr, a); err != nil {
			return false, err
		}
		round.Replicas = append(round.Replicas, operator)
	}
	round.Draw = nil
	if len(draw.Candidates) == 0 {
		return true, nil
	}
	if round.NextDeadline == 0 || deadline < round.NextDeadline {
		round.NextDeadline = deadline
	}
	if err := w.markRunning(); err != nil {
		return false, err
	}
	return true, w.emit(&types.EventAssigned{Ref: w.ref(), Operators: draw.Candidates, CommitDeadline: deadline})
}

func (w *work) markRunning() error {
	if w.task.Status == types.TASK_STATUS_OPEN {
		if err := w.task.MoveTo(types.TASK_STATUS_RUNNING); err != nil {
			return err
		}
	}
	if w.job.Status == types.JOB_STATUS_OPEN {
		return w.job.MoveTo(types.JOB_STATUS_RUNNING)
	}
	return nil
}

// dropMissed takes the task from nodes whose commit deadline has passed.
func (w *work) dropMissed() (bool, error) {
	round := w.round()
	if round.NextDeadline == 0 || w.height() <= round.NextDeadline {
		return false, nil
	}
	round.NextDeadline = 0
	var kept []string
	for _, operator := range round.Replicas {
		a, addr, err := w.mustAssignment(operator)
		if err != nil {
			return false, err
		}
		if a.Status != types.ASSIGNMENT_STATUS_ASSIGNED || w.height() <= a.CommitDeadline {
			kept = append(kept, operator)
			if a.Status == types.ASSIGNMENT_STATUS_ASSIGNED &&
				(round.NextDeadline == 0 || a.CommitDeadline < round.NextDeadline) {
				round.NextDeadline = a.CommitDeadline
			}
			continue
		}
		burned, err := w.k.nodes.Penalize(w.ctx, edgenodetypes.PenaltyRequest{
			Operator: addr, Liability: a.Liability, Amount: w.params.MissedFault(w.job.BondValue),
			Reason: edgenodetypes.ReasonMissedDeadline, JobID: w.job.Id, Task: w.task.Index,
		})
		if err != nil {
			return false, err
		}
		if err := a.MoveTo(types.ASSIGNMENT_STATUS_MISSED); err != nil {
			return false, err
		}
		outcome := newOutcome(a)
		outcome.Slashed = burned
		w.task.Departed = append(w.task.Departed, outcome)
		if err := w.removeAssignment(addr); err != nil {
			return false, err
		}
	}
	round.Replicas = kept
	return true, nil
}

// patientDraws is how many draws a further round makes before it is content with
// half of the nodes that it asked for: two tasks may wait for each other's nodes.
const patientDraws = 5

// fillSlots draws again for slots that are empty, or gives up on them.
func (w *work) fillSlots() (bool, error) {
	round := w.round()
	missing := int(round.Target) - len(round.Replicas)
	if round.Draw != nil || missing <= 0 {
		return false, nil
	}
	first := w.index() == 0
	enough := 2*len(round.Replicas) >= int(round.Target) && round.Draws >= min(patientDraws, w.params.MaxDraws)
	if len(w.task.Departed) >= types.MaxDepartures ||
		(first && w.height() > w.task.ExpiresHeight) ||
		(!first && (enough || round.Draws >= w.params.MaxDraws)) {
		return true, w.giveUpDrawing()
	}
	return true, w.startDraw(uint32(missing))
}

// giveUpDrawing ends a first round that found too few nodes. A further round
// goes on with the nodes it has if they are at least half of those it asked for;
// fewer might be whom an attacker has left able to come, and judge nobody.
func (w *work) giveUpDrawing() error {
	if w.index() == 0 {
		return w.abandon(types.TASK_STATUS_EXPIRED)
	}
	round := w.round()
	if err := w.dropCandidates(); err != nil {
		return err
	}
	if 2*len(round.Replicas) < int(round.Target) {
		return w.dismiss()
	}
	round.Target = uint32(len(round.Replicas))
	return nil
}

// dropCandidates frees the candidates of the open draw and closes it.
func (w *work) dropCandidates() error {
	round := w.round()
	if round.Draw == nil {
		return nil
	}
	for _, operator := range round.Draw.Candidates {
		if err := w.dropCandidate(operator); err != nil {
			return err
		}
	}
	round.Draw = nil
	return nil
}

func (w *work) dropCandidate(operator string) error {
	a, addr, err := w.mustAssignment(operator)
	if err != nil {
		return err
	}
	if err := w.k.nodes.Release(w.ctx, addr, a.Liability); err != nil {
		return err
	}
	return w.removeAssignment(addr)
}

// claim enters a node into the open draw. When lower ranks hold all slots, the
// highest of them makes room.
func (w *work) claim(c candidate) error {
	draw := w.round().Draw
	at := len(draw.Candidates)
	for i, operator := range draw.Candidates {
		a, _, err := w.mustAssignment(operator)
		if err != nil {
			return err
		}
		if bytes.Compare(c.rank, a.Rank) < 0 {
			at = i
			break
		}
	}
	if err := w.k.nodes.Reserve(w.ctx, c.operator, w.job.Liability); err != nil {
		return err
	}
	text, err := w.k.addresses.BytesToString(c.operator)
	if err != nil {
		return err
	}
	draw.Candidates = append(draw.Candidates[:at], append([]string{text}, draw.Candidates[at:]...)...)
	if len(draw.Candidates) > int(draw.Slots) {
		last := draw.Candidates[draw.Slots]
		draw.Candidates = draw.Candidates[:draw.Slots]
		if err := w.dropCandidate(last); err != nil {
			return err
		}
	}
	return w.setAssignment(c.operator, types.Assignment{
		Operator:  text,
		JobId:     w.job.Id,
		Task:      w.task.Index,
		Round:     w.index(),
		Status:    types.ASSIGNMENT_STATUS_CANDIDATE,
		Rank:      c.rank,
		Liability: w.job.Liability,
	})
}
