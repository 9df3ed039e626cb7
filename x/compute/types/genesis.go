package types

// DefaultGenesis returns a genesis without jobs.
func DefaultGenesis() *GenesisState {
	return &GenesisState{Params: DefaultParams()}
}

// Validate checks that the state is consistent in itself.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if len(g.Jobs) != len(g.Specs) {
		return ErrInvalidGenesis.Wrapf("expected a spec for each job, got %d jobs and %d specs", len(g.Jobs), len(g.Specs))
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
		if job.Reserved.IsNil() || job.Reserved.IsNegative() {
			return ErrInvalidGenesis.Wrapf("job %s: reserved must be 0 or more", job.Id)
		}
	}
	for i := range g.Tasks {
		if !jobs[g.Tasks[i].JobId] || len(g.Tasks[i].Rounds) == 0 {
			return ErrInvalidGenesis.Wrapf("task %d of job %s has no job or no round", g.Tasks[i].Index, g.Tasks[i].JobId)
		}
	}
	for i := range g.Assignments {
		if !jobs[g.Assignments[i].JobId] {
			return ErrInvalidGenesis.Wrapf("assignment of %s has no job", g.Assignments[i].Operator)
		}
	}
	return nil
}
