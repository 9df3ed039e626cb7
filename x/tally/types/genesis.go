package types

// DefaultGenesis returns the state of a chain without proposals.
func DefaultGenesis() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate checks the records one by one and against each other. It returns ErrInvalidGenesis.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	numbers := make(map[uint64]bool, len(g.Votings))
	for i, v := range g.Votings {
		if v.ProposalId == 0 || i > 0 && v.ProposalId <= g.Votings[i-1].ProposalId {
			return ErrInvalidGenesis.Wrapf("votings: expected rising proposal ids from 1, found %d", v.ProposalId)
		}
		if v.Number == 0 || v.Number > g.LastNumber || numbers[v.Number] {
			return ErrInvalidGenesis.Wrapf("voting of proposal %d: expected a number of its own from 1 to %d, found %d", v.ProposalId, g.LastNumber, v.Number)
		}
		numbers[v.Number] = true
		if v.Began < 0 {
			return ErrInvalidGenesis.Wrapf("voting of proposal %d: expected a height from 0 at which it began, found %d", v.ProposalId, v.Began)
		}
		if v.ObjectionBps > MaxObjectionBps || v.ObjectionBps > 0 && v.StakersMustAccept {
			return ErrInvalidGenesis.Wrapf("voting of proposal %d: expected objection_bps up to %d, and 0 if stakers must accept it, found %d", v.ProposalId, MaxObjectionBps, v.ObjectionBps)
		}
	}
	for i, t := range g.Tallies {
		if t.ProposalId == 0 || i > 0 && t.ProposalId <= g.Tallies[i-1].ProposalId {
			return ErrInvalidGenesis.Wrapf("tallies: expected rising proposal ids from 1, found %d", t.ProposalId)
		}
	}
	operators := make(map[string]bool, len(g.Increases))
	for _, i := range g.Increases {
		if operators[i.Operator] {
			return ErrInvalidGenesis.Wrapf("increases: expected each operator once, found %s twice", i.Operator)
		}
		operators[i.Operator] = true
		if err := i.validate(g.LastNumber); err != nil {
			return err
		}
	}
	return nil
}

func (i Increases) validate(last uint64) error {
	for n, increase := range i.Increases {
		if increase.Amount.IsNil() || !increase.Amount.IsPositive() {
			return ErrInvalidGenesis.Wrapf("increases of %s: expected amounts above 0, found %s", i.Operator, increase.Amount)
		}
		if increase.Number > last || n > 0 && increase.Number <= i.Increases[n-1].Number {
			return ErrInvalidGenesis.Wrapf("increases of %s: expected rising numbers up to %d, found %d", i.Operator, last, increase.Number)
		}
	}
	if len(i.Increases) == 0 {
		return ErrInvalidGenesis.Wrapf("increases of %s: expected at least one, found none", i.Operator)
	}
	return nil
}
