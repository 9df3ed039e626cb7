package types

// CheckCost checks what decides the cost of a job: its policy and the number of
// its tasks, against the parameters. It returns ErrUnsupported or ErrInvalidSpec.
func (s *JobSpec) CheckCost(p Params) error {
	if err := s.Policy.validate(); err != nil {
		return err
	}
	_, slashed := p.Effective(s)
	if err := s.Policy.checkParams(p, slashed); err != nil {
		return err
	}
	if s.Tasks > p.MaxTasks {
		return ErrInvalidSpec.Wrapf("tasks: at most %d, got %d", p.MaxTasks, s.Tasks)
	}
	return nil
}
