package guard

import "math/rand/v2"

// budget bounds what the sums of products cost, in fuel. They are worth little beside a large product
// and more than a small one, and a program chooses which of them there are. All calls earn for them.
type budget struct{ credit uint64 }

const (
	// budgetShare is the number of units of fuel that earn one.
	budgetShare = 25
	// budgetMost bounds the credit, which a device begins with.
	budgetMost = 64 << 20
	// budgetFirm is the credit from which on each product is summed up. With less, it depends on chance,
	// so that no place in a program is always left out.
	budgetFirm = 16 << 20
)

func newBudget() budget { return budget{budgetMost} }

// earn adds the share of a call, all of which the next one may spend.
func (b *budget) earn(fuel uint64) {
	share := fuel / budgetShare
	b.credit = max(min(b.credit+share, budgetMost), share)
}

// spend reports whether there is credit for a cost, and takes it if so.
func (b *budget) spend(random *rand.Rand, cost uint64) bool {
	if b.credit < cost || b.credit < budgetFirm && random.Uint64N(budgetFirm) >= b.credit {
		return false
	}
	b.credit -= cost
	return true
}
