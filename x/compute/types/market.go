package types

import (
	"slices"
	"strings"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Count changes the number of tasks and of held replicas of a class.
func (m *Market) Count(tasks, held int64) {
	m.OpenTasks = addSigned(m.OpenTasks, tasks)
	m.Held = addSigned(m.Held, held)
}

// Settle counts the price of a task with an accepted result. A requester who pays their own
// nodes can set any price, so consensus does not depend on prices.
func (m *Market) Settle(reward sdk.Coin, weightBps uint32) {
	i, found := slices.BinarySearchFunc(m.Prices, reward.Denom, func(p Price, denom string) int {
		return strings.Compare(p.Denom, denom)
	})
	if !found {
		m.Prices = slices.Insert(m.Prices, i, Price{Denom: reward.Denom, Last: reward.Amount, Recent: reward.Amount, Settled: 1})
		return
	}
	p := &m.Prices[i]
	p.Last = reward.Amount
	step := reward.Amount.Sub(p.Recent).Mul(math.NewIntFromUint64(uint64(weightBps)))
	p.Recent = p.Recent.Add(step.QuoRaw(BasisPoints))
	p.Settled++
}

// addSigned adds delta to a count. The count does not fall below 0.
func addSigned(count uint64, delta int64) uint64 {
	if delta < 0 && uint64(-delta) > count {
		return 0
	}
	return count + uint64(delta)
}
