package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/edgenode/types"
)

const (
	modelNodes = 4
	modelPurse = 2000
)

// modelNode is a simple record of a node.
type modelNode struct {
	open        bool
	status      types.NodeStatus
	class       string
	bond, slots int64
	liabilities []int64
	// lease is the last height of an active node's lease.
	lease int64
	modelRecord
	// yields contains the heights of all yields that were excused.
	yields []int64
	// unbondings contains the amounts that are returning, by height.
	unbondings map[int64]int64
	// history contains the weight and class by epoch, as counted at its start.
	history map[uint64]modelWeight
}

type modelWeight struct {
	weight int64
	funded int64
	class  string
}

// model predicts which steps succeed, every node's stake and every snapshot, without
// checkpoints or running totals.
type model struct {
	*fixture
	t      *rapid.T
	nodes  [modelNodes]modelNode
	epoch  uint64
	burned int64
	supply int64
}

func (n *modelNode) opened(bond int64, slots uint32, height int64) {
	*n = modelNode{
		open: true, status: types.NODE_STATUS_ACTIVE, class: small, bond: bond, slots: int64(slots), lease: height + modelLease,
		modelRecord: n.modelRecord, yields: n.yields, unbondings: n.unbondings, history: n.history,
	}
}

func (n modelNode) locked() (sum int64) {
	for _, liability := range n.liabilities {
		sum += liability
	}
	return sum
}

func (n modelNode) closed() bool {
	return n.status == types.NODE_STATUS_RETIRED && n.bond == 0 && len(n.liabilities) == 0
}

func (n modelNode) weight() int64 {
	if !n.open || n.status != types.NODE_STATUS_ACTIVE {
		return 0
	}
	return min(n.bond, n.slots*50)
}

func TestStakeAndWeightsFollowTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{fixture: newFixture(t), t: t}
		_, err := m.msgs.UpdateParams(m.ctx, &types.MsgUpdateParams{Authority: authority(), Params: modelParams()})
		require.NoError(t, err)
		for n := range byte(modelNodes) {
			m.fund(operator(n), modelPurse)
			m.nodes[n].history, m.nodes[n].unbondings = map[uint64]modelWeight{}, map[int64]int64{}
			if n > 0 { // most nodes start open, so that work and slashes come early
				_, err := m.msgs.Register(m.ctx, registerMsg(n, 400, 5))
				require.NoError(t, err)
				m.nodes[n].opened(400, 5, 1)
			}
		}
		m.supply = m.bank.GetSupply(m.ctx, denom).Amount.Int64()
		t.Repeat(map[string]func(*rapid.T){
			"register": m.stepRegister,
			"bond":     m.stepBond,
			"unbond":   m.stepUnbond,
			"update":   m.stepUpdate,
			"pause":    m.stepPause,
			"resume":   m.stepResume,
			"retire":   m.stepRetire,
			"unjail":   m.stepUnjail,
			"renew":    m.stepRenew,
			"reserve":  m.stepReserve,
			"release":  m.stepRelease,
			"slash":    m.stepSlash,
			"penalize": m.stepPenalize,
			"yield":    m.stepYield,
			"roll":     m.stepRoll,
			"blocks":   m.stepBlocks,
			"":         m.check,
		})
	})
}

func (m *model) pick(t *rapid.T) (byte, *modelNode) {
	n := rapid.ByteRange(0, modelNodes-1).Draw(t, "node")
	return n, &m.nodes[n]
}

// expect checks that a step succeeds exactly if the model says so.
func (m *model) expect(want bool, err error) bool {
	if want {
		require.NoError(m.t, err)
	} else {
		require.Error(m.t, err)
	}
	return want
}

func (m *model) stepRegister(t *rapid.T) {
	n, node := m.pick(t)
	bond := rapid.Int64Range(90, 300).Draw(t, "bond")
	slots := rapid.Uint32Range(0, 5).Draw(t, "slots")
	want := (!node.open || node.closed()) && bond >= 100 && slots > 0 && m.balance(operator(n)) >= bond && m.height() >= node.until
	err := m.try(func(ctx sdk.Context) error {
		_, err := m.msgs.Register(ctx, registerMsg(n, bond, slots))
		return err
	})
	if m.expect(want, err) {
		node.opened(bond, slots, m.height())
	}
}

func (m *model) stepBond(t *rapid.T) {
	n, node := m.pick(t)
	amount := rapid.Int64Range(0, 200).Draw(t, "amount")
	want := node.open && node.status != types.NODE_STATUS_RETIRED && amount > 0 && m.balance(operator(n)) >= amount
	if m.expect(want, m.bond(n, coin(amount))) {
		node.bond += amount
	}
}

func (m *model) stepUnbond(t *rapid.T) {
	n, node := m.pick(t)
	amount := rapid.Int64Range(0, 200).Draw(t, "amount")
	left := node.bond - amount
	want := node.open && amount > 0 && left >= node.locked() && (left >= 100 || node.status == types.NODE_STATUS_RETIRED)
	if m.expect(want, m.unbond(n, coin(amount))) {
		node.bond = left
		node.unbondings[m.height()+5] += amount
	}
}

func (m *model) stepUpdate(t *rapid.T) {
	n, node := m.pick(t)
	slots := rapid.Uint32Range(0, 5).Draw(t, "slots")
	class := rapid.SampledFrom([]string{small, large}).Draw(t, "class")
	want := node.open && node.status != types.NODE_STATUS_RETIRED && slots > 0 && int(slots) >= len(node.liabilities)
	err := m.try(func(ctx sdk.Context) error {
		_, err := m.msgs.Update(ctx, updateMsg(n, class, slots))
		return err
	})
	if m.expect(want, err) {
		node.slots, node.class = int64(slots), class
	}
}

func (m *model) stepPause(t *rapid.T) {
	n, node := m.pick(t)
	want := node.open && (node.status == types.NODE_STATUS_ACTIVE || node.status == types.NODE_STATUS_LAPSED)
	if m.expect(want, m.pause(n)) {
		node.status = types.NODE_STATUS_PAUSED
	}
}

func (m *model) stepResume(t *rapid.T) {
	n, node := m.pick(t)
	if m.expect(node.open && node.status == types.NODE_STATUS_PAUSED, m.resume(n)) {
		node.activate(m.height())
	}
}

func (m *model) stepRetire(t *rapid.T) {
	n, node := m.pick(t)
	closed := node.open && node.closed()
	_, err := m.retire(n)
	switch {
	case closed && err == nil:
		for epoch := types.OldestKeptEpoch(m.epoch); epoch <= m.epoch; epoch++ {
			require.Zero(m.t, node.history[epoch].weight, "a record with kept weights was removed")
		}
		require.False(m.t, node.remembered(m.height()), "a record with terms was removed")
		*node = modelNode{history: node.history, unbondings: node.unbondings}
	case closed && node.remembered(m.height()):
		require.ErrorIs(m.t, err, types.ErrJailed)
	case closed:
		require.ErrorIs(m.t, err, types.ErrInvalidStatus)
	case m.expect(node.open, err):
		if free := node.bond - node.locked(); free > 0 {
			node.unbondings[m.height()+5] += free
		}
		node.status, node.bond = types.NODE_STATUS_RETIRED, node.locked()
	}
}

func (m *model) stepReserve(t *rapid.T) {
	n, node := m.pick(t)
	liability := rapid.Int64Range(0, 120).Draw(t, "liability")
	want := node.open && node.status == types.NODE_STATUS_ACTIVE &&
		int64(len(node.liabilities)) < node.slots && node.bond-node.locked() >= liability
	if m.expect(want, m.keeper.Reserve(m.ctx, operator(n), math.NewInt(liability))) {
		node.liabilities = append(node.liabilities, liability)
		node.lease = m.height() + modelLease
	}
}

// take draws a node that holds work and ends one of its assignments.
func (m *model) take(t *rapid.T) (byte, *modelNode, int64) {
	n, node := m.pick(t)
	if len(node.liabilities) == 0 {
		t.Skip("no work in flight")
	}
	i := rapid.IntRange(0, len(node.liabilities)-1).Draw(t, "assignment")
	liability := node.liabilities[i]
	node.liabilities = append(node.liabilities[:i:i], node.liabilities[i+1:]...)
	return n, node, liability
}

// drain starts the return of the bond of a retired node that holds no work.
func (n *modelNode) drain(height int64) {
	if n.status == types.NODE_STATUS_RETIRED && len(n.liabilities) == 0 && n.bond > 0 {
		n.unbondings[height+5] += n.bond
		n.bond = 0
	}
}

func (m *model) stepRelease(t *rapid.T) {
	n, node, liability := m.take(t)
	require.NoError(m.t, m.keeper.Release(m.ctx, operator(n), math.NewInt(liability)))
	if node.status == types.NODE_STATUS_ACTIVE {
		node.lease = m.height() + modelLease
	}
	node.drain(m.height())
}

func (m *model) stepSlash(t *rapid.T) {
	n, node, liability := m.take(t)
	req := slashRequest(n, liability, rapid.Int64Range(0, 150).Draw(t, "cost"), rapid.Bool().Draw(t, "honest"))
	points := 2
	if rapid.Bool().Draw(t, "silent") {
		req.Reason, points = types.ReasonNoReveal, 3
	}
	most := int64(0)
	if !req.Honest.IsNil() {
		most = rapid.SampledFrom([]int64{0, 7, 1_000}).Draw(t, "most")
		req.Honest = math.NewInt(most)
	}
	unlocked := rapid.SampledFrom([]int64{0, 0, 50, 300}).Draw(t, "unlocked")
	req.Unlocked = math.NewInt(unlocked)
	escrowed, pool := m.moduleBalance(escrow), m.moduleBalance(community)
	outcome, err := m.keeper.Slash(m.ctx, req)
	require.NoError(m.t, err)
	node.bond -= liability
	lost := liability + node.takeUnlocked(unlocked)
	node.fault(points, m.height())
	node.drain(m.height())
	cost := min(lost, req.Cost.Int64())
	honest, communityShare := min((lost-cost)*4/10, most), (lost-cost)/10
	m.burned += lost - cost - honest - communityShare
	require.Equal(m.t, lost, outcome.Total().Int64())
	require.Equal(m.t, escrowed+cost+honest, m.moduleBalance(escrow))
	require.Equal(m.t, pool+communityShare, m.moduleBalance(community))
}

func (m *model) stepPenalize(t *rapid.T) {
	n, node, liability := m.take(t)
	amount := rapid.Int64Range(0, 150).Draw(t, "amount")
	req := missed(n, liability, amount)
	outvoted := rapid.Bool().Draw(t, "outvoted")
	if outvoted {
		req.Reason, req.Amount, amount = types.ReasonWrongResult, math.ZeroInt(), 0
	}
	burned, err := m.keeper.Penalize(m.ctx, req)
	require.NoError(m.t, err)
	require.Equal(m.t, min(liability, amount), burned.Int64())
	node.bond -= burned.Int64()
	switch {
	case outvoted:
		node.fault(2, m.height())
	case rapid.Bool().Draw(t, "counts"):
		require.NoError(m.t, m.keeper.CountMissed(m.ctx, operator(n), m.height()))
		node.fault(1, m.height())
	}
	node.drain(m.height())
	m.burned += burned.Int64()
}

func (m *model) stepRoll(*rapid.T) {
	m.roll()
	m.epoch++
	for n := range m.nodes {
		m.nodes[n].history[m.epoch] = modelWeight{m.nodes[n].weight(), m.nodes[n].weight() / 50, m.nodes[n].class}
	}
}

// check compares everything that the model predicts, and runs the invariants.
func (m *model) check(*rapid.T) {
	m.requireInvariants()
	require.Equal(m.t, m.supply-m.burned, m.bank.GetSupply(m.ctx, denom).Amount.Int64(), "supply changes by burns only")
	for n := range byte(modelNodes) {
		m.checkNode(n)
	}
	for epoch := types.OldestKeptEpoch(m.epoch); epoch <= m.epoch; epoch++ {
		for _, class := range []string{small, large} {
			m.checkSnapshot(class, epoch)
		}
	}
}

func (m *model) checkNode(n byte) {
	node := m.nodes[n]
	require.Equal(m.t, node.unbondings, m.unbondings(n))
	if !node.open {
		_, err := m.keeper.Node(m.ctx, operator(n))
		require.ErrorIs(m.t, err, types.ErrNodeNotFound)
		return
	}
	state := m.state(n)
	require.Equal(m.t, node.status, state.Status)
	require.Equal(m.t, node.bond, state.Bond.Int64(), "bond")
	require.Equal(m.t, node.locked(), state.Locked.Int64(), "locked")
	require.Equal(m.t, len(node.liabilities), int(state.UsedSlots), "used slots")
	require.Equal(m.t, node.until, state.Jail.Until, "end of the last term")
	require.Equal(m.t, modelYields-node.excused(m.height()), int(state.YieldsLeft(modelParams(), m.height())), "yields left")
	if node.status == types.NODE_STATUS_ACTIVE {
		require.Equal(m.t, node.lease, state.LeaseEnd, "lease")
	}
	_, err := m.keeper.OperatorOf(m.ctx, worker(n))
	require.Equal(m.t, node.closed(), err != nil, "only a closed node's worker is free")
	for epoch := types.OldestKeptEpoch(m.epoch); epoch <= m.epoch; epoch++ {
		want := node.history[epoch]
		if want.class != node.class {
			want.weight = 0
		}
		require.Equal(m.t, want.weight, m.weight(n, epoch), "weight of node %d at epoch %d of %d", n, epoch, m.epoch)
	}
}

func (m *model) checkSnapshot(class string, epoch uint64) {
	var weight int64
	var nodes, slots uint64
	for n := range m.nodes {
		if at := m.nodes[n].history[epoch]; at.class == class && at.weight > 0 {
			weight += at.weight
			nodes++
			slots += uint64(at.funded)
		}
	}
	snapshot := m.snapshot(class, epoch)
	require.Equal(m.t, weight, snapshot.Weight.Int64(), "%s at epoch %d", class, epoch)
	require.Equal(m.t, nodes, snapshot.Nodes)
	require.Equal(m.t, slots, snapshot.Slots)
}
