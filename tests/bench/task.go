package bench

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// task is one of a job's tasks that is under way.
type task struct {
	id    computetypes.JobID
	index uint64
	// claimers enter the draw; holders are those of them that the draw keeps.
	claimers, holders []*node
}

func (t *task) ref() computetypes.ChunkRef {
	return computetypes.ChunkRef{JobId: t.id.String(), Task: t.index}
}

// digest returns the result, which is the same for all nodes.
func (t *task) digest() []byte {
	sum := sha256.Sum256([]byte("result of " + t.id.String()))
	return sum[:]
}

// fuel is the fuel that all nodes use.
const fuel = 1_000_000

func (t *task) tag() []byte {
	return computetypes.Tag(chainID, t.id.String(), t.index,
		computetypes.Opening{Digest: t.digest(), Fuel: fuel, Trace: t.digest()})
}

// salt returns the salt of a node; a sidecar draws a salt for each commitment.
func (n *node) salt() []byte {
	sum := sha256.Sum256([]byte("salt of " + n.text))
	return sum[:]
}

// draw determines which nodes claim the task. It visits the nodes of the class in random
// order and selects those that the sortition admits: all of them, or only as many as the task
// needs. factor is the chain's sortition factor.
func (t *task) draw(people *population, f Flow, factor uint32, seed []byte) error {
	threshold := computetypes.Threshold(factor, uint32(f.replicas()), 0, people.weight(f.Class)) //nolint:gosec // one or three
	wanted := f.replicas()
	if f.Everybody {
		wanted *= eligible
	}
	type ticket struct {
		*node
		rank []byte
	}
	var in []ticket
	for n := range people.nodes(f.Class) {
		rank := computetypes.Rank(seed, t.id, t.index, 0, 0, n.operator.address, n.weight)
		if bytes.Compare(rank, threshold) < 0 {
			in = append(in, ticket{n, rank})
			t.claimers = append(t.claimers, n)
		}
		if len(in) == wanted {
			break
		}
	}
	if len(in) < f.replicas() {
		return fmt.Errorf("draw of job %s: expected %d eligible nodes, found %d", t.id, f.replicas(), len(in))
	}
	slices.SortFunc(in, func(a, b ticket) int { return bytes.Compare(a.rank, b.rank) })
	for _, winner := range in[:f.replicas()] {
		t.holders = append(t.holders, winner.node)
	}
	return nil
}

// eligible is the average number of nodes of a large class that the default sortition admits
// per replica, which is its factor.
const eligible = 4

// desk collects the items that each node has to send in a block.
type desk struct {
	nodes []*node
	items map[*node]*items
}

type items struct {
	claims  []computetypes.ChunkRef
	commits []computetypes.CommitItem
	reveals []computetypes.RevealItem
}

func newDesk() *desk { return &desk{items: make(map[*node]*items)} }

func (d *desk) of(n *node) *items {
	if d.items[n] == nil {
		d.items[n] = &items{}
		d.nodes = append(d.nodes, n)
	}
	return d.items[n]
}

// add notes what the cohorts require of their nodes.
func (d *desk) add(claiming, committing, revealing []*task) {
	for _, t := range claiming {
		for _, n := range t.claimers {
			of := d.of(n)
			of.claims = append(of.claims, t.ref())
		}
	}
	for _, t := range committing {
		for _, n := range t.holders {
			of := d.of(n)
			of.commits = append(of.commits, computetypes.CommitItem{
				Ref: t.ref(), Commitment: computetypes.Commitment(n.operator.address, t.tag(), 0, n.salt()),
			})
		}
	}
	for _, t := range revealing {
		for _, n := range t.holders {
			of := d.of(n)
			of.reveals = append(of.reveals, computetypes.RevealItem{
				Ref: t.ref(), Tag: t.tag(), Salt: n.salt(),
				Metrics: computetypes.Metrics{Fuel: fuel, WallMs: 1_000, Device: "cpu"},
			})
		}
	}
}

// messages returns the transactions of a node: lists of messages in the order in which the
// node signs them.
func (n *node) messages(of *items, p Packing) [][]sdk.Msg {
	var txs, claims [][]sdk.Msg
	batch := 1
	if p == Batched {
		batch = batchItems
	}
	for len(of.claims)+len(of.commits)+len(of.reveals) > 0 {
		var msgs []sdk.Msg
		if items := take(&of.reveals, batch); len(items) > 0 {
			msgs = append(msgs, &computetypes.MsgReveal{Worker: n.text, Items: items})
		}
		if items := take(&of.commits, batch); len(items) > 0 {
			msgs = append(msgs, &computetypes.MsgCommit{Worker: n.text, Items: items})
		}
		if items := take(&of.claims, batch); len(items) > 0 {
			claim := &computetypes.MsgClaim{Worker: n.text, Items: items}
			if p == Batched {
				claims = append(claims, []sdk.Msg{claim})
			} else {
				msgs = append(msgs, claim)
			}
		}
		switch {
		case len(msgs) == 0:
		case p == Separate:
			for _, msg := range msgs {
				txs = append(txs, []sdk.Msg{msg})
			}
		default:
			txs = append(txs, msgs)
		}
	}
	if p == Batched && len(txs) > 1 {
		txs = [][]sdk.Msg{slices.Concat(txs...)}
	}
	// Claims cost gas whether they win or not. They are separate from the rest, so that they
	// can be left out if the block is full.
	return append(txs, claims...)
}

// take removes up to n items from the front and returns them.
func take[T any](from *[]T, n int) []T {
	n = min(n, len(*from))
	taken := (*from)[:n:n]
	*from = (*from)[n:]
	return taken
}
