package keeper_test

import (
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/edgenode/types"
)

const (
	modelLease  = 12
	modelWindow = 20
	modelClean  = 30
)

// modelParams returns parameters with which leases end and terms double within a short run.
// The queues never have a backlog, so that the model knows when each item is handled.
func modelParams() types.Params {
	p := testParams()
	p.QueueLimit, p.LeaseBlocks = 100, modelLease
	p.Jail = types.JailRules{
		FaultsToJail: 4, FaultWindow: modelWindow, MissedPoints: 1, WrongPoints: 2, SilentPoints: 3,
		JailBlocks: 3, MaxJailBlocks: 10, CleanBlocks: modelClean,
	}
	return p
}

// modelRecord is a simple record of an operator's faults. It lists each fault and counts each
// term.
type modelRecord struct {
	faults []modelFault
	terms  int
	until  int64
	clean  int64
}

type modelFault struct {
	at     int64
	points int
}

func (n *modelNode) fault(points int, height int64) {
	if n.status == types.NODE_STATUS_JAILED || height < n.until {
		return
	}
	for ; n.terms > 0 && height-n.clean >= modelClean; n.clean += modelClean {
		n.terms--
	}
	n.clean = height
	if len(n.faults) > 0 && height-n.faults[0].at >= modelWindow {
		n.faults = nil
	}
	n.faults = append(n.faults, modelFault{height, points})
	sum := 0
	for _, f := range n.faults {
		sum += f.points
	}
	if sum < 4 {
		return
	}
	term := int64(3)
	for range n.terms {
		term = min(term*2, 10)
	}
	n.faults, n.terms, n.until, n.clean = nil, n.terms+1, height+term, height+term
	if n.status != types.NODE_STATUS_RETIRED {
		n.status = types.NODE_STATUS_JAILED
	}
}

// remembered reports whether a term is not forgotten yet.
func (n *modelNode) remembered(height int64) bool {
	return n.terms > 0 && height < n.clean+int64(n.terms)*modelClean
}

func (n *modelNode) activate(height int64) {
	n.status, n.lease = types.NODE_STATUS_ACTIVE, height+modelLease
}

// takeUnlocked takes up to amount off the free bond and then off the youngest unbondings, and
// returns how much it has taken.
func (n *modelNode) takeUnlocked(amount int64) int64 {
	free := min(amount, n.bond-n.locked())
	n.bond -= free
	taken := free
	for _, at := range slices.Backward(slices.Sorted(maps.Keys(n.unbondings))) {
		part := min(amount-taken, n.unbondings[at])
		taken += part
		if n.unbondings[at] -= part; n.unbondings[at] == 0 {
			delete(n.unbondings, at)
		}
	}
	return taken
}

func (m *model) height() int64 { return m.ctx.BlockHeight() }

func (m *model) stepUnjail(t *rapid.T) {
	n, node := m.pick(t)
	want := node.open && node.status == types.NODE_STATUS_JAILED && m.height() >= node.until
	if m.expect(want, m.unjail(n)) {
		node.activate(m.height())
		node.clean = m.height()
	}
}

func (m *model) stepRenew(t *rapid.T) {
	n, node := m.pick(t)
	want := node.open && (node.status == types.NODE_STATUS_ACTIVE || node.status == types.NODE_STATUS_LAPSED)
	if m.expect(want, m.renew(n)) {
		node.activate(m.height())
	}
}

// stepBlocks ends some blocks, and applies in each of them what is due.
func (m *model) stepBlocks(t *rapid.T) {
	for range rapid.IntRange(1, 8).Draw(t, "blocks") {
		for n := range m.nodes {
			node := &m.nodes[n]
			delete(node.unbondings, m.height())
			if node.open && node.status == types.NODE_STATUS_ACTIVE && node.lease <= m.height() {
				node.status = types.NODE_STATUS_LAPSED
			}
		}
		m.endBlock()
	}
}
