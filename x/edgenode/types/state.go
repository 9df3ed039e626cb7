package types

import (
	"cosmossdk.io/math"
)

// NewNodeState returns the state of a node that just opened, without weights.
func NewNodeState(bond math.Int, slots uint32) NodeState {
	return NodeState{
		Status: NODE_STATUS_ACTIVE,
		Bond:   bond,
		Locked: math.ZeroInt(),
		Slots:  slots,
	}
}

// Free returns the bond that no open liability locks.
func (s NodeState) Free() math.Int { return s.Bond.Sub(s.Locked) }

// Closed reports whether the node is retired with nothing at stake and nothing
// in flight: its worker key is free and its operator may register again.
func (s NodeState) Closed() bool {
	return s.Status == NODE_STATUS_RETIRED && s.Bond.IsZero() && s.Locked.IsZero() && s.UsedSlots == 0
}

// Live reports whether the node is active and its lease holds at a height.
func (s NodeState) Live(height int64) bool {
	return s.Status == NODE_STATUS_ACTIVE && height <= s.LeaseEnd
}

// Checkpoint returns what a node counts for in class from epoch on: an active one
// a weight of min(bond, slots * bondPerSlot), in units of the bond denom (design
// §4), and min(slots, bond / bondPerSlot) funded slots; any other nothing.
func (s NodeState) Checkpoint(epoch uint64, bondPerSlot math.Int, class string) WeightCheckpoint {
	if s.Status != NODE_STATUS_ACTIVE {
		return WeightCheckpoint{Epoch: epoch, Weight: math.ZeroInt(), Class: class}
	}
	weight := math.MinInt(s.Bond, bondPerSlot.MulRaw(int64(s.Slots)))
	funded := uint32(weight.Quo(bondPerSlot).Uint64()) //nolint:gosec // at most slots
	return WeightCheckpoint{Epoch: epoch, Weight: weight, Class: class, Slots: funded}
}

// Counts reports whether two checkpoints count for the same, whatever their
// epochs; a weight of 0 counts in no class.
func (c WeightCheckpoint) Counts(other WeightCheckpoint) bool {
	return c.Weight.Equal(other.Weight) && c.Slots == other.Slots && (c.Weight.IsZero() || c.Class == other.Class)
}

// CheckpointAt returns the checkpoint in force at epoch: the last one that
// starts at or before it, a zero weight in no class without one.
func (s NodeState) CheckpointAt(epoch uint64) WeightCheckpoint {
	for i := len(s.Weights) - 1; i >= 0; i-- {
		if s.Weights[i].Epoch <= epoch {
			return s.Weights[i]
		}
	}
	return WeightCheckpoint{Weight: math.ZeroInt()}
}

// SetCheckpoint makes a checkpoint hold from its epoch on, in place of all that
// are set for that epoch or later ones.
func (s *NodeState) SetCheckpoint(point WeightCheckpoint) {
	for n := len(s.Weights); n > 0 && s.Weights[n-1].Epoch >= point.Epoch; n-- {
		s.Weights = s.Weights[:n-1]
	}
	if !point.Counts(s.CheckpointAt(point.Epoch)) {
		s.Weights = append(s.Weights, point)
	}
}

// TrimCheckpoints drops the checkpoints that no epoch from oldest on asks for.
func (s *NodeState) TrimCheckpoints(oldest uint64) {
	for len(s.Weights) > 1 && s.Weights[1].Epoch <= oldest {
		s.Weights = s.Weights[1:]
	}
	if len(s.Weights) == 1 && s.Weights[0].Epoch <= oldest && s.Weights[0].Weight.IsZero() {
		s.Weights = nil
	}
}

// ZeroSnapshot is a class without nodes.
func ZeroSnapshot() ClassSnapshot { return ClassSnapshot{Weight: math.ZeroInt()} }

// Add returns the snapshot with a node counted in; a zero weight is no node.
func (s ClassSnapshot) Add(node WeightCheckpoint) ClassSnapshot {
	if node.Weight.IsZero() {
		return s
	}
	return ClassSnapshot{Weight: s.Weight.Add(node.Weight), Nodes: s.Nodes + 1, Slots: s.Slots + uint64(node.Slots)}
}

// Sub returns the snapshot with a node taken out. It must have been counted in
// before.
func (s ClassSnapshot) Sub(node WeightCheckpoint) (ClassSnapshot, error) {
	if node.Weight.IsZero() {
		return s, nil
	}
	if s.Nodes == 0 || s.Slots < uint64(node.Slots) || s.Weight.LT(node.Weight) {
		return s, ErrInconsistentRecords.Wrapf(
			"expected a class of at least weight %s and %d slots, found weight %s and %d slots over %d nodes; export the state and report it",
			node.Weight, node.Slots, s.Weight, s.Slots, s.Nodes)
	}
	return ClassSnapshot{Weight: s.Weight.Sub(node.Weight), Nodes: s.Nodes - 1, Slots: s.Slots - uint64(node.Slots)}, nil
}

// Equal reports whether two snapshots hold the same.
func (s ClassSnapshot) Equal(other ClassSnapshot) bool {
	return s.Nodes == other.Nodes && s.Slots == other.Slots && s.Weight.Equal(other.Weight)
}
