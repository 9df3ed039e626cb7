package types

import (
	"cosmossdk.io/math"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Increased returns the increases after the bond has grown while voting number was the youngest
// open one.
func (i Increases) Increased(number uint64, amount math.Int) Increases {
	list := append([]Increase(nil), i.Increases...)
	if last := len(list) - 1; last >= 0 && list[last].Number == number {
		list[last].Amount = list[last].Amount.Add(amount)
	} else {
		list = append(list, Increase{Number: number, Amount: amount})
	}
	i.Increases = list
	return i
}

// Decreased returns the increases after the bond has shrunk. The youngest increase leaves first,
// so that the rest of the bond is the least that the node has had since a voting began.
func (i Increases) Decreased(amount math.Int) Increases {
	list := append([]Increase(nil), i.Increases...)
	for last := len(list) - 1; last >= 0 && amount.IsPositive(); last-- {
		taken := math.MinInt(amount, list[last].Amount)
		amount = amount.Sub(taken)
		list[last].Amount = list[last].Amount.Sub(taken)
		if list[last].Amount.IsZero() {
			list = list[:last]
		}
	}
	i.Increases = list
	return i
}

// Since returns the increases without those that count in every voting from number on.
func (i Increases) Since(number uint64) Increases {
	var kept []Increase
	for _, increase := range i.Increases {
		if increase.Number >= number {
			kept = append(kept, increase)
		}
	}
	i.Increases = kept
	return i
}

// Younger returns the part of the bond that was added after a voting began.
func (i Increases) Younger(number uint64) math.Int {
	return i.Since(number).total()
}

func (i Increases) total() math.Int {
	sum := math.ZeroInt()
	for _, increase := range i.Increases {
		sum = sum.Add(increase.Amount)
	}
	return sum
}

// Counts returns the bond that counts in a voting if the operator votes: the least bond that
// the node has had since the voting began, or nothing if the node is jailed or retired.
func (i Increases) Counts(stake edgenodetypes.Stake, number uint64) math.Int {
	if !stake.Votes {
		return math.ZeroInt()
	}
	return math.MaxInt(stake.Bond.Sub(i.Younger(number)), math.ZeroInt())
}
