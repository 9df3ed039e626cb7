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

// Weight returns min(bond, slots * bondPerSlot) of an active node and 0 of any
// other (design §4).
func (s NodeState) Weight(bondPerSlot math.Int) math.Int {
	if s.Status != NODE_STATUS_ACTIVE {
		return math.ZeroInt()
	}
	return math.MinInt(s.Bond, bondPerSlot.MulRaw(int64(s.Slots)))
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

// SetCheckpoint makes weight in class hold from epoch on, in place of one
// already set for that epoch.
func (s *NodeState) SetCheckpoint(epoch uint64, weight math.Int, class string) {
	point := WeightCheckpoint{Epoch: epoch, Weight: weight, Class: class}
	if n := len(s.Weights); n > 0 && s.Weights[n-1].Epoch == epoch {
		s.Weights[n-1] = point
		return
	}
	s.Weights = append(s.Weights, point)
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

// Add returns the snapshot with a node's weight counted in; a zero weight is no node.
func (s ClassSnapshot) Add(weight math.Int) ClassSnapshot {
	if weight.IsZero() {
		return s
	}
	return ClassSnapshot{Weight: s.Weight.Add(weight), Nodes: s.Nodes + 1}
}

// Sub returns the snapshot with a node's weight taken out. It must have been
// counted in before.
func (s ClassSnapshot) Sub(weight math.Int) (ClassSnapshot, error) {
	if weight.IsZero() {
		return s, nil
	}
	if s.Nodes == 0 || s.Weight.LT(weight) {
		return s, ErrInconsistentRecords.Wrapf(
			"expected a class of at least weight %s, found weight %s over %d nodes; export the state and report it",
			weight, s.Weight, s.Nodes)
	}
	return ClassSnapshot{Weight: s.Weight.Sub(weight), Nodes: s.Nodes - 1}, nil
}

// Equal reports whether two snapshots hold the same.
func (s ClassSnapshot) Equal(other ClassSnapshot) bool {
	return s.Nodes == other.Nodes && s.Weight.Equal(other.Weight)
}
