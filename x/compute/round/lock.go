package round

import (
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// lock returns the amount that a node locks which is drawn now, in the bond denom. It depends
// on the number of tasks that the node executes. The amount is stored with the node's part,
// because parameters may change while the node holds it.
func (t *Chunk) lock() math.Int {
	whole, tasks := t.record.Liability, t.seats()
	switch {
	case tasks >= t.count():
		return whole
	case t.index() == 0:
		return t.params.AuditLiability(&t.job, whole, tasks)
	default:
		return t.params.JudgeLiability(&t.job, whole, tasks)
	}
}

// unlockRest returns the part of a replica's lock that the tasks need which it has left to
// others.
func (t *Chunk) unlockRest(operator sdk.AccAddress, a part) error {
	whole := math.MinInt(t.record.Liability, t.params.ChunkLiability(&t.job, t.count()))
	t.record.Liability = whole
	excess := a.Locked.Sub(whole)
	if !excess.IsPositive() {
		return nil
	}
	a.Locked = whole
	return t.deps.Nodes.Redeem(t.ctx, operator, excess)
}

// leastLocked returns the sum of the n smallest locks of all parts.
func (t *Chunk) leastLocked(n int) math.Int {
	var locks []math.Int
	for _, a := range t.replicas() {
		locks = append(locks, a.Locked)
	}
	slices.SortFunc(locks, func(a, b math.Int) int { return a.BigInt().Cmp(b.BigInt()) })
	sum := math.ZeroInt()
	for _, locked := range locks[:min(n, len(locks))] {
		sum = sum.Add(locked)
	}
	return sum
}
