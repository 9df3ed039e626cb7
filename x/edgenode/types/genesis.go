package types

import (
	"cosmossdk.io/math"
)

// DefaultGenesis returns the state of a chain without nodes.
func DefaultGenesis() *GenesisState {
	return &GenesisState{Params: DefaultParams()}
}

// Validate checks the records one by one and against each other.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if err := g.validateNodes(); err != nil {
		return err
	}
	if err := g.validateUnbondings(); err != nil {
		return err
	}
	if err := g.validateSnapshots(); err != nil {
		return err
	}
	return g.validateStarts()
}

// PoolBalance returns the amount that the module account must hold: all bonds and unbondings,
// in units of the bond denom.
func (g GenesisState) PoolBalance() math.Int {
	sum := math.ZeroInt()
	for _, node := range g.Nodes {
		sum = sum.Add(node.State.Bond)
	}
	for _, unbonding := range g.Unbondings {
		sum = sum.Add(unbonding.Amount)
	}
	return sum
}

func (g GenesisState) validateNodes() error {
	operators := make(map[string]bool, len(g.Nodes))
	workers := make(map[string]bool, len(g.Nodes))
	for _, node := range g.Nodes {
		operator := node.Profile.Operator
		if operators[operator] {
			return ErrInvalidGenesis.Wrapf("expected each node once, found %s twice", operator)
		}
		operators[operator] = true
		if err := node.State.validate(g.Epoch); err != nil {
			return ErrInvalidGenesis.Wrapf("node %s: %s", operator, err)
		}
		if node.State.Closed() {
			continue
		}
		if workers[node.Profile.Worker] {
			return ErrInvalidGenesis.Wrapf("expected each worker key once, found %s twice", node.Profile.Worker)
		}
		workers[node.Profile.Worker] = true
		if err := node.Profile.Validate(); err != nil {
			return ErrInvalidGenesis.Wrapf("node %s: %s", operator, err)
		}
	}
	return nil
}

func (s NodeState) validate(epoch uint64) error {
	if s.Status == NODE_STATUS_UNSPECIFIED || s.Status.Title() == "unknown" {
		return ErrInvalidGenesis.Wrapf("expected a status such as active or retired, found %s", s.Status)
	}
	if active := s.Status == NODE_STATUS_ACTIVE; active != (s.LeaseCheck > 0) || s.LeaseEnd < 0 {
		return ErrInvalidGenesis.Wrapf("expected a lease_check only for an active node, found lease_check %d for a node that is %s",
			s.LeaseCheck, s.Status.Title())
	}
	if s.Jail.Terms > maxTerms || s.Jail.Points > maxFaultPoints || s.Status == NODE_STATUS_JAILED && s.Jail.Terms == 0 {
		return ErrInvalidGenesis.Wrapf("expected at most %d terms and %d fault points, and a term of a jailed node, found %d and %d",
			maxTerms, maxFaultPoints, s.Jail.Terms, s.Jail.Points)
	}
	if s.Yields > MaxYieldsLimit || s.Yields == 0 && s.YieldsSince != 0 || s.YieldsSince < -maxPeriod {
		return ErrInvalidGenesis.Wrapf("expected at most %d yields, and yields_since of at least -2^48 and only with yields, found %d yields since %d",
			MaxYieldsLimit, s.Yields, s.YieldsSince)
	}
	if s.Bond.IsNil() || s.Locked.IsNil() || s.Locked.IsNegative() || s.Bond.LT(s.Locked) {
		return ErrInvalidGenesis.Wrapf("expected 0 <= locked <= bond, found locked %s and bond %s", s.Locked, s.Bond)
	}
	if err := s.validateHolds(); err != nil {
		return err
	}
	if s.UsedSlots > s.AllSlots() {
		return ErrInvalidGenesis.Wrapf("expected at most %d used_slots, found %d", s.AllSlots(), s.UsedSlots)
	}
	for i, point := range s.Weights {
		if point.Weight.IsNil() || point.Weight.IsNegative() {
			return ErrInvalidGenesis.Wrapf("expected weights of 0 or more, found %s", point.Weight)
		}
		if point.Slots > 0 && point.Weight.IsZero() {
			return ErrInvalidGenesis.Wrapf("expected funded slots only with a weight above 0, found %d at epoch %d", point.Slots, point.Epoch)
		}
		if point.Epoch > epoch+1 || i > 0 && point.Epoch <= s.Weights[i-1].Epoch {
			return ErrInvalidGenesis.Wrapf("expected rising weight epochs up to %d, found %d", epoch+1, point.Epoch)
		}
	}
	return nil
}

func (g GenesisState) validateUnbondings() error {
	type key struct {
		operator string
		height   int64
	}
	seen := make(map[key]bool, len(g.Unbondings))
	for _, u := range g.Unbondings {
		if u.Amount.IsNil() || !u.Amount.IsPositive() || u.CompletionHeight < 0 {
			return ErrInvalidGenesis.Wrapf(
				"unbonding of %s: expected a positive amount and a height, found %s at %d", u.Operator, u.Amount, u.CompletionHeight)
		}
		at := key{u.Operator, u.CompletionHeight}
		if seen[at] {
			return ErrInvalidGenesis.Wrapf("expected each unbonding once, found that of %s at %d twice", u.Operator, u.CompletionHeight)
		}
		seen[at] = true
	}
	return nil
}

func (g GenesisState) validateSnapshots() error {
	type key struct {
		class string
		epoch uint64
	}
	seen := make(map[key]bool, len(g.Snapshots))
	for _, s := range g.Snapshots {
		if s.Epoch > g.Epoch || s.Snapshot.Weight.IsNil() || s.Snapshot.Weight.IsNegative() {
			return ErrInvalidGenesis.Wrapf(
				"snapshot of %q: expected an epoch up to %d and a weight, found epoch %d and weight %s", s.Class, g.Epoch, s.Epoch, s.Snapshot.Weight)
		}
		at := key{s.Class, s.Epoch}
		if seen[at] {
			return ErrInvalidGenesis.Wrapf("expected each snapshot once, found that of %q at %d twice", s.Class, s.Epoch)
		}
		seen[at] = true
	}
	return nil
}

func (g GenesisState) validateStarts() error {
	for i, s := range g.EpochStarts {
		if s.Epoch > g.Epoch || s.Height < 0 || i > 0 && (s.Epoch <= g.EpochStarts[i-1].Epoch || s.Height < g.EpochStarts[i-1].Height) {
			return ErrInvalidGenesis.Wrapf("epoch_starts: expected rising epochs up to %d at rising heights, found epoch %d at height %d", g.Epoch, s.Epoch, s.Height)
		}
	}
	return nil
}
