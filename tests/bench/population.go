package bench

import (
	"fmt"
	"math/rand/v2"
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
	}
}

// nodes returns the nodes of a class in random order.
func (p *population) nodes(class string) func(yield func(*node) bool) {
	members := p.wide
	if class == busyClass {
		members = p.busy
	}
	return func(yield func(*node) bool) {
		for _, i := range p.rng.Perm(len(members)) {
			if !yield(members[i]) {
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
