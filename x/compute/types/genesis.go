package types

import (
	"slices"

	"cosmossdk.io/math"
)

// maxHeldEpochs bounds the epochs for which pay of a grant is held.
const maxHeldEpochs = 1 << 32

// DefaultGenesis returns a genesis without jobs.
func DefaultGenesis() *GenesisState {
	return &GenesisState{Params: DefaultParams()}
}

// Rename turns the state into that of another chain. Tags and receipts belong to the previous
// chain, so that results can no longer be challenged and work that is under way could not be
// judged. Rename returns ErrInvalidGenesis if work is under way.
func (g *GenesisState) Rename(chainID string) error {
	if len(g.Chunks) > 0 || len(g.Challenges) > 0 {
		return ErrInvalidGenesis.Wrapf("expected the same chain id, because %d tasks of chain %s are in progress and their results are bound to it; keep the chain id, or end its jobs before the export",
			len(g.Chunks), g.ChainId)
	}
	for i := range g.Jobs {
		g.Jobs[i].Frontier = nil
		g.Jobs[i].Redelivery = nil
	}
	for i := range g.Receipts {
		g.Receipts[i].ChallengeUntil = 0
	}
	g.ChainId = chainID
	return nil
}

// Validate checks that the state is consistent in itself.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if err := g.validateEnergy(); err != nil {
		return err
	}
	if len(g.Jobs) != len(g.Specs) {
		return ErrInvalidGenesis.Wrapf("expected a spec for each job, found %d jobs and %d specs", len(g.Jobs), len(g.Specs))
	}
	jobs := map[string]bool{}
	for i := range g.Jobs {
		job := &g.Jobs[i]
		if _, err := ParseJobID(job.Id); err != nil {
			return ErrInvalidGenesis.Wrap(err.Error())
		}
		if jobs[job.Id] {
			return ErrInvalidGenesis.Wrapf("job %s is named twice", job.Id)
		}
		jobs[job.Id] = true
		if err := job.validateMoney(); err != nil {
			return err
		}
		if err := job.validateRedelivery(); err != nil {
			return err
		}
	}
	for i := range g.Chunks {
		if !jobs[g.Chunks[i].JobId] || len(g.Chunks[i].Rounds) == 0 {
			return ErrInvalidGenesis.Wrapf("task %d of job %s has no job or no round", g.Chunks[i].Index, g.Chunks[i].JobId)
		}
		if fees := g.Chunks[i].DrawFees; fees.IsNil() || fees.IsNegative() {
			return ErrInvalidGenesis.Wrapf("task %d of job %s: draw_fees: expected 0 or more, found %s", g.Chunks[i].Index, g.Chunks[i].JobId, fees)
		}
		if err := g.Chunks[i].validateLocks(); err != nil {
			return err
		}
		if err := g.Chunks[i].validateReports(); err != nil {
			return err
		}
	}
	for i := range g.TaskBits {
		if err := g.TaskBits[i].Bits.Validate(); err != nil || !jobs[g.TaskBits[i].JobId] {
			return ErrInvalidGenesis.Wrapf("task bits %d of job %s have no job or are malformed: %v", g.TaskBits[i].Index, g.TaskBits[i].JobId, err)
		}
	}
	for i := range g.Challenges {
		if err := g.Challenges[i].validate(); err != nil {
			return err
		}
	}
	return nil
}

// validateLocks checks what the parts of the chunk lock.
func (t *Chunk) validateLocks() error {
	check := func(name string, amount math.Int) error {
		if amount.IsNil() || amount.IsNegative() {
			return ErrInvalidGenesis.Wrapf("task %d of job %s: %s: expected 0 or more, found %s", t.Index, t.JobId, name, amount)
		}
		return nil
	}
	if err := check("liability", t.Liability); err != nil {
		return err
	}
	for r := range t.Rounds {
		parts := slices.Clone(t.Rounds[r].Replicas)
		if draw := t.Rounds[r].Draw; draw != nil {
			parts = append(parts, draw.Candidates...)
		}
		for i := range parts {
			if err := check("locked by "+parts[i].Operator, parts[i].Locked); err != nil {
				return err
			}
		}
	}
	return nil
}

// validateReports checks what nodes have pledged for their reports of missing inputs. Each of
// these nodes must have left the current round by its report.
func (t *Chunk) validateReports() error {
	for r := range t.Rounds {
		for _, report := range t.Rounds[r].Reports {
			left := func(o Outcome) bool {
				return o.Operator == report.Operator && o.Round == uint32(r) && o.Status == ASSIGNMENT_STATUS_RELEASED
			}
			if r != len(t.Rounds)-1 || !slices.ContainsFunc(t.Departed, left) {
				return ErrInvalidGenesis.Wrapf("task %d of job %s: report of %s in round %d: expected one of round %d, which its node has left, found none in departed",
					t.Index, t.JobId, report.Operator, r, len(t.Rounds)-1)
			}
			if report.Pledged.IsNil() || report.Pledged.IsNegative() {
				return ErrInvalidGenesis.Wrapf("task %d of job %s: report of %s: expected a pledge of 0 or more, found %s",
					t.Index, t.JobId, report.Operator, report.Pledged)
			}
		}
	}
	return nil
}

// validateMoney checks the amounts that settlement uses.
func (j *Job) validateMoney() error {
	if err := ValidateReward(j.Reward); err != nil {
		return ErrInvalidGenesis.Wrapf("job %s: %s", j.Id, err)
	}
	for _, f := range []struct {
		name  string
		value math.Int
		least int64
	}{
		{"reserved", j.Reserved, 0},
		{"refunded", j.Refunded, 0},
		{"task_reserve", j.TaskReserve, 0},
		{"liability", j.Liability, 0},
		{"seat_fee", j.SeatFee, 0},
		{"bond_value", j.BondValue, 1},
	} {
		if f.value.IsNil() || f.value.LT(math.NewInt(f.least)) {
			return ErrInvalidGenesis.Wrapf("job %s: %s: expected %d or more, found %s", j.Id, f.name, f.least, f.value)
		}
	}
	if j.ChunkTasks == 0 || j.ChunkTasks > MaxChunkTasks {
		return ErrInvalidGenesis.Wrapf("job %s: chunk_tasks: expected 1 to %d, found %d", j.Id, MaxChunkTasks, j.ChunkTasks)
	}
	if j.Tasks == 0 || j.TasksOpened > j.Tasks || j.TasksDropped > j.TasksEnded || j.TasksEnded > j.TasksOpened+j.TasksDropped ||
		j.TasksAccepted > j.TasksEnded-j.TasksDropped || j.ChunksWaiting > j.ChunksOpen || j.ChunksOpen > j.Active() {
		return ErrInvalidGenesis.Wrapf("job %s: counts of tasks: %d in all, %d opened, %d ended, %d accepted, %d dropped",
			j.Id, j.Tasks, j.TasksOpened, j.TasksEnded, j.TasksAccepted, j.TasksDropped)
	}
	return j.validateGrant()
}

// validateGrant checks what the job has agreed with the grant that pays for it, if one does.
func (j *Job) validateGrant() error {
	g := j.Grant
	if g == nil {
		return nil
	}
	if g.Id == 0 || g.HoldEpochs == 0 || g.HoldEpochs > maxHeldEpochs {
		return ErrInvalidGenesis.Wrapf("job %s: grant: expected a number and hold_epochs from 1 to %d, found %d and %d", j.Id, uint64(maxHeldEpochs), g.Id, g.HoldEpochs)
	}
	if g.Price.IsNil() || !g.Price.IsPositive() || g.Encumbered.IsNil() || g.Encumbered.IsNegative() {
		return ErrInvalidGenesis.Wrapf("job %s: grant: expected a price above 0 and encumbered of 0 or more, found %s and %s", j.Id, g.Price, g.Encumbered)
	}
	if j.Challenged != nil {
		return ErrInvalidGenesis.Wrapf("job %s judges a challenge: expected no grant, found %d", j.Id, g.Id)
	}
	return nil
}
