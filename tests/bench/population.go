package bench

import (
	"bytes"
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
	// busyNodes is the smallest number of nodes that a class needs for three replicas.
	busyNodes = 4
	// maxAwake bounds the number of nodes of the wide class that sign anything. Their
	// addresses are random, so they are spread over the whole trees.
	maxAwake = 20_000
)

// node is an operator, of which only the address matters, and its worker's account. Workers
// of the wide class also send and receive the bank sends and post the jobs, so that both
// sides use the same trees.
type node struct {
	*account
	operator *account
	class    string
	slots    uint32
	// weight in sortition, in atfuel.
	weight math.Int
}

// population contains all participants of a benchmark.
type population struct {
	relay *account
	// size is the number of wide nodes.
	size int
	// awake contains the first of the wide nodes, which sign.
	awake []*node
	busy  []*node
	rng   *rand.Rand
	// next cycles through the awake nodes.
	next int
}

// newPopulation creates n wide nodes. The same n gives the same population.
func newPopulation(n int) *population {
	p := &population{
		relay: newAccount("relay"),
		size:  n,
		rng:   rand.New(rand.NewPCG(uint64(n), 1)), //nolint:gosec // a benchmark has to be repeatable
	}
	for i := range min(n, maxAwake) {
		p.awake = append(p.awake, newNode(newAccount(wideName(i)), wideName(i), wideClass, wideSlots))
	}
	for i := range busyNodes {
		name := fmt.Sprintf("busy-%d", i)
		p.busy = append(p.busy, newNode(newAccount(name), name, busyClass, busySlots))
	}
	return p
}

func wideName(i int) string { return fmt.Sprintf("wide-%d", i) }

func newNode(worker *account, name, class string, slots uint32) *node {
	return &node{
		account: worker, operator: newSleeper(name + "-operator"), class: class, slots: slots,
		weight: math.MinInt(params.Tfuel(bond), params.Tfuel(bondPerSlot).MulRaw(int64(slots))),
	}
}

// wide returns a node of the wide class. Nodes that are asleep are not stored.
func (p *population) wide(i int) *node {
	if i < len(p.awake) {
		return p.awake[i]
	}
	return newNode(newSleeper(wideName(i)), wideName(i), wideClass, wideSlots)
}

// all yields every node with its index, the wide ones first.
func (p *population) all(yield func(int, *node) bool) {
	for i := range p.size {
		if !yield(i, p.wide(i)) {
			return
		}
	}
	for i, n := range p.busy {
		if !yield(p.size+i, n) {
			return
		}
	}
}

func (p *population) members(class string) []*node {
	if class == busyClass {
		return p.busy
	}
	return p.awake
}

// weight returns the weight of a whole class, whose nodes are equal.
func (p *population) weight(class string) math.Int {
	size := p.size
	if class == busyClass {
		size = len(p.busy)
	}
	return p.members(class)[0].weight.MulRaw(int64(size))
}

// nodes returns the awake nodes of a class, starting from a random one. Their place in the
// tree depends on their address and is random in any case.
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
	p.next = (p.next + 1) % len(p.awake)
	return p.awake[p.next].account
}

// A random worker's account, asleep or not.
func (p *population) anybody() *account { return p.wide(p.rng.IntN(p.size)).account }

// highest returns the wide operator whose address sorts last.
func (p *population) highest() *account {
	var last *account
	for i := range p.size {
		if o := p.wide(i).operator; last == nil || bytes.Compare(o.address, last.address) > 0 {
			last = o
		}
	}
	return last
}
