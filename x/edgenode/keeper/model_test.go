package keeper_test

import (
	"maps"
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

const (
	modelLease  = 12
	modelWindow = 20
	modelClean  = 30
	modelYields = 2
	modelSpan   = 15
)

// modelParams returns parameters with which leases end and terms double within a short run.
// The queues never have a backlog, so that the model knows when each item is handled.
func modelParams() types.Params {
	p := testParams()
	p.QueueLimit, p.LeaseBlocks = 100, modelLease
	p.MaxYields, p.YieldWindow = modelYields, modelSpan
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

// excused returns how many yields have been excused in the window of a height. It finds the windows
// from the list of all of them.
func (n *modelNode) excused(height int64) (count int) {
	for i := 0; i < len(n.yields); {
		from := n.yields[i]
		for count = 0; i < len(n.yields) && n.yields[i] < from+modelSpan; i++ {
			count++
		}
		if height >= from+modelSpan {
			count = 0
		}
	}
	return count
}

func (m *model) stepYield(t *rapid.T) {
	n, node, liability := m.take(t)
	fee := rapid.Int64Range(0, 150).Draw(t, "fee")
	req := types.YieldRequest{
		Operator: operator(n), Liability: math.NewInt(liability), Fee: math.NewInt(fee),
		Excusable: rapid.IntRange(0, 3).Draw(t, "excusable") > 0, JobID: "1-0-0",
	}
	before := m.state(n)
	outcome, err := m.keeper.Yield(m.ctx, req)
	require.NoError(m.t, err)
	require.Equal(m.t, min(liability, fee), outcome.Burned.Int64())
	require.Equal(m.t, req.Excusable && node.excused(m.height()) < modelYields, outcome.Excused)
	after := m.state(n)
	require.Equal(m.t, before.Jail, after.Jail, "a yield itself does not count towards jail")
	if outcome.Excused {
		node.yields = append(node.yields, m.height())
		require.Equal(m.t, before.Faults, after.Faults)
	} else {
		require.Equal(m.t, before.Faults.Missed+1, after.Faults.Missed)
	}
	node.bond -= outcome.Burned.Int64()
	if node.status == types.NODE_STATUS_ACTIVE {
		node.lease = m.height() + modelLease
	}
	node.drain(m.height())
	m.burned += outcome.Burned.Int64()
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
