package types

import (
	"cosmossdk.io/math"
)

// NewNodeState returns the state of a node that has just opened, without weights.
func NewNodeState(bond math.Int, slots uint32) NodeState {
	return NodeState{
		Status: NODE_STATUS_ACTIVE,
		Bond:   bond,
		Locked: math.ZeroInt(),
		Slots:  slots,
	}
}

// Free returns the part of the bond that is not locked.
func (s NodeState) Free() math.Int { return s.Bond.Sub(s.Locked) }

// AllSlots returns the number of slots that assignments may use together: those that the
// operator has declared, and a second one of a node that has declared one. The second one is
// only for auditors and judges of chunks, see x/compute.
func (s NodeState) AllSlots() uint32 {
	if s.Slots == 1 {
		return 2
	}
	return s.Slots
}

// Closed reports whether the node is retired, has nothing at stake and holds no work. Its
// worker key is then free, and its operator may register again.
func (s NodeState) Closed() bool {
	return s.Status == NODE_STATUS_RETIRED && s.Bond.IsZero() && s.Locked.IsZero() && s.UsedSlots == 0
}

// Stake is what an operator has at stake with a node.
type Stake struct {
	// Bond is the bond of the node in units of the bond denom. Bond that unbonds is not a part
	// of it.
	Bond math.Int
	// Votes reports whether the bond may vote: the node is neither jailed nor retired. A node
	// that is paused or has lapsed may vote, because its bond can still be slashed.
	Votes bool
}

// NoStake returns the stake of an account without a node.
func NoStake() Stake { return Stake{Bond: math.ZeroInt()} }

// Stake returns what the operator has at stake.
func (s NodeState) Stake() Stake {
	return Stake{Bond: s.Bond, Votes: s.Status != NODE_STATUS_JAILED && s.Status != NODE_STATUS_RETIRED}
}

// Equal reports whether two stakes are the same.
func (s Stake) Equal(other Stake) bool { return s.Votes == other.Votes && s.Bond.Equal(other.Bond) }

// Live reports whether the node is active and its lease holds at a height.
func (s NodeState) Live(height int64) bool {
	return s.Status == NODE_STATUS_ACTIVE && height <= s.LeaseEnd
}

// Checkpoint returns the weight and slots with which a node counts in class from epoch on. An
// active node has a weight of min(bond, slots * bondPerSlot), in units of the bond denom
// (design §4), and min(slots, bond / bondPerSlot) funded slots. Any other node has none.
func (s NodeState) Checkpoint(epoch uint64, bondPerSlot math.Int, class string) WeightCheckpoint {
	if s.Status != NODE_STATUS_ACTIVE {
		return WeightCheckpoint{Epoch: epoch, Weight: math.ZeroInt(), Class: class}
	}
	weight := math.MinInt(s.Bond, bondPerSlot.MulRaw(int64(s.Slots)))
	funded := uint32(weight.Quo(bondPerSlot).Uint64()) //nolint:gosec // at most slots
	return WeightCheckpoint{Epoch: epoch, Weight: weight, Class: class, Slots: funded}
}

// Counts reports whether two checkpoints have the same effect, whatever their epochs. A weight
// of 0 does not count in any class.
func (c WeightCheckpoint) Counts(other WeightCheckpoint) bool {
	return c.Weight.Equal(other.Weight) && c.Slots == other.Slots && (c.Weight.IsZero() || c.Class == other.Class)
}

// CheckpointAt returns the checkpoint that is in force at epoch: the last one that starts at
// or before it. If there is none, it returns a zero weight without a class.
func (s NodeState) CheckpointAt(epoch uint64) WeightCheckpoint {
	for i := len(s.Weights) - 1; i >= 0; i-- {
		if s.Weights[i].Epoch <= epoch {
			return s.Weights[i]
		}
	}
	return WeightCheckpoint{Weight: math.ZeroInt()}
}

// SetCheckpoint sets a checkpoint that is in force from its epoch on. It replaces all
// checkpoints for that epoch and later ones.
func (s *NodeState) SetCheckpoint(point WeightCheckpoint) {
	for n := len(s.Weights); n > 0 && s.Weights[n-1].Epoch >= point.Epoch; n-- {
		s.Weights = s.Weights[:n-1]
	}
	if !point.Counts(s.CheckpointAt(point.Epoch)) {
		s.Weights = append(s.Weights, point)
	}
}

// TrimCheckpoints drops the checkpoints that are not needed for any epoch from oldest on.
func (s *NodeState) TrimCheckpoints(oldest uint64) {
	for len(s.Weights) > 1 && s.Weights[1].Epoch <= oldest {
		s.Weights = s.Weights[1:]
	}
	if len(s.Weights) == 1 && s.Weights[0].Epoch <= oldest && s.Weights[0].Weight.IsZero() {
		s.Weights = nil
	}
}

// ZeroSnapshot returns the snapshot of a class without nodes.
func ZeroSnapshot() ClassSnapshot { return ClassSnapshot{Weight: math.ZeroInt()} }

// Add returns the snapshot after adding a node. A node with zero weight is not counted.
func (s ClassSnapshot) Add(node WeightCheckpoint) ClassSnapshot {
	if node.Weight.IsZero() {
		return s
	}
	return ClassSnapshot{Weight: s.Weight.Add(node.Weight), Nodes: s.Nodes + 1, Slots: s.Slots + uint64(node.Slots)}
}

// Sub returns the snapshot after subtracting a node. The node must have been added before.
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

// Equal reports whether two snapshots have the same content.
func (s ClassSnapshot) Equal(other ClassSnapshot) bool {
	return s.Nodes == other.Nodes && s.Slots == other.Slots && s.Weight.Equal(other.Weight)
}
