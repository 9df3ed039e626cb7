package bench

import (
	"fmt"
	"math/rand/v2"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
)

const (
	// wideClass is the class of the many nodes.
	wideClass = "cpu-small"
	// busyClass is the class of the few nodes that work on many tasks at once.
	busyClass = "cpu-large"
	// busyNodes is the least a class needs for three replicas.
	busyNodes = 4
)

// node is an operator, of whom only the address matters, and its worker's
// account. Workers of the wide class also send and receive the bank sends and
// post the jobs, so that both sides touch the same trees.
type node struct {
	*account
	operator *account
	class    string
	slots    uint32
	// weight in sortition, in atfuel.
	weight math.Int
}

// population is everybody in a benchmark.
type population struct {
	relay *account
	wide  []*node
	busy  []*node
	rng   *rand.Rand
	// next cycles through a random order of the wide nodes.
	order []int
	next  int
}

// newPopulation makes n wide nodes; the same n gives the same population.
func newPopulation(n int) *population {
	p := &population{
		relay: newAccount("relay"),
		rng:   rand.New(rand.NewPCG(uint64(n), 1)), //nolint:gosec // a benchmark has to be repeatable
	}
	for i := range n {
		p.wide = append(p.wide, newNode(fmt.Sprintf("wide-%d", i), wideClass, wideSlots))
	}
	for i := range busyNodes {
		p.busy = append(p.busy, newNode(fmt.Sprintf("busy-%d", i), busyClass, busySlots))
	}
	p.order = p.rng.Perm(n)
	return p
}

func newNode(name, class string, slots uint32) *node {
	return &node{
		account: newAccount(name), operator: newAccount(name + "-operator"), class: class, slots: slots,
		weight: math.MinInt(params.Tfuel(bond), params.Tfuel(bondPerSlot).MulRaw(int64(slots))),
	}
}

func (p *population) members(class string) []*node {
	if class == busyClass {
		return p.busy
	}
	return p.wide
}

// weight is that of a whole class, whose nodes are alike.
func (p *population) weight(class string) math.Int {
	members := p.members(class)
	return members[0].weight.MulRaw(int64(len(members)))
}

// nodes returns the nodes of a class from a random one on; their place in the
// tree, which their address gives, is random anyway.
func (p *population) nodes(class string) func(yield func(*node) bool) {
	members := p.members(class)
	return func(yield func(*node) bool) {
		start := p.rng.IntN(len(members))
		for i := range members {
			if !yield(members[(start+i)%len(members)]) {
				return
			}
		}
	}
}

// person returns the account whose turn it is.
func (p *population) person() *account {
	p.next = (p.next + 1) % len(p.order)
	return p.wide[p.order[p.next]].account
}

// accounts returns all who sign transactions.
func (p *population) accounts() []*account {
	out := []*account{p.relay}
	for _, n := range p.wide {
		out = append(out, n.account)
	}
	for _, n := range p.busy {
		out = append(out, n.account)
	}
	return out
}
