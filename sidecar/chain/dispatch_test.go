package chain

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// model returns a node that runs until the test ends.
func model(t *testing.T) (*modelNode, *grpc.ClientConn) {
	m := newModelNode(newFakeNode(t), 1)
	conn, stop, err := m.open()
	require.NoError(t, err)
	t.Cleanup(stop)
	return m, conn
}

// owe makes an item due until a height and adds it to a batch.
func (m *modelNode) owe(batch *Batch, action Action, job string, deadline int64) *modelItem {
	duty := Duty{action, ref(job)}
	item := &modelItem{stake: Stake{Deadline: deadline}}
	m.items[duty] = item
	put(batch, duty, item.stake)
	return item
}

func put(batch *Batch, duty Duty, stake Stake) {
	switch duty.Action {
	case Reveal:
		batch.Reveals = append(batch.Reveals, computetypes.RevealItem{Ref: duty.Ref})
	case Open:
		batch.Opens = append(batch.Opens, computetypes.OpenItem{Ref: duty.Ref})
	case Commit:
		batch.Commits = append(batch.Commits, computetypes.CommitItem{Ref: duty.Ref})
	case Release:
		batch.Releases = append(batch.Releases, computetypes.ReleaseItem{Ref: duty.Ref})
	case Yield:
		batch.Yields = append(batch.Yields, duty.Ref)
	case Claim:
		batch.Claims = append(batch.Claims, duty.Ref)
	case Renew:
		batch.Renew = true
	}
	if batch.Stakes == nil {
		batch.Stakes = map[Duty]Stake{}
	}
	batch.Stakes[duty] = stake
}

// counted returns the number of items that were taken, that were refused and that were not
// sent.
func counted(t require.TestingT, batch Batch, done Submission) (taken, refused, unsent int) {
	seen := map[Duty]int{}
	for _, o := range done.Items {
		seen[Duty{o.Action, o.Ref}]++
		switch {
		case o.Unsent:
			require.NotZero(t, o.Code)
			unsent++
		case o.Code != 0:
			refused++
		default:
			taken++
		}
	}
	for _, p := range batch.pieces() {
		require.Equal(t, 1, seen[p.Duty], "%s %s: each item has one outcome", p.Action, p.Ref.JobId)
	}
	require.Len(t, done.Items, batch.Len())
	return taken, refused, unsent
}

func manyReveals(m *modelNode, n int) Batch {
	var batch Batch
	for i := range n {
		m.owe(&batch, Reveal, fmt.Sprintf("%d-0-0", i), 1_000)
	}
	return batch
}

func TestABatchOverTheGasOfATransactionGoesInPartsThatFit(t *testing.T) {
	for name, silent := range map[string]bool{"the node shows the limit": false, "the node does not": true} {
		t.Run(name, func(t *testing.T) {
			m, conn := modelWith(t, func(m *modelNode) { m.silent, m.itemGas = silent, 600_000 })
			batch := manyReveals(m, 64)
			done, err := m.senderOn(conn, TxConfig{}).Submit(t.Context(), batch, 100)
			require.NoError(t, err)
			taken, _, _ := counted(t, batch, done)
			require.Equal(t, 64, taken)
			for _, tx := range m.executed {
				require.LessOrEqual(t, tx.gas, m.budget().Tx)
			}
			if !silent {
				require.Equal(t, len(m.executed), m.broadcasts, "what was handed over first fitted")
			}
		})
	}
}

func modelWith(t *testing.T, change func(*modelNode)) (*modelNode, *grpc.ClientConn) {
	m := newModelNode(newFakeNode(t), 1)
	change(m)
	conn, stop, err := m.open()
	require.NoError(t, err)
	t.Cleanup(stop)
	return m, conn
}

func TestAnItemThatFitsIntoNoTransactionIsReportedAndNotTriedAgain(t *testing.T) {
	m, conn := model(t)
	batch := manyReveals(m, 5)
	stuck := Duty{Reveal, ref("3-0-0")}
	m.heavy[stuck] = true
	batch.Stakes[stuck] = Stake{Loss: sdkmath.NewInt(77_000), Deadline: 1_000}
	s := m.senderOn(conn, TxConfig{})
	done, err := s.Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	taken, refused, _ := counted(t, batch, done)
	require.Equal(t, []int{4, 1}, []int{taken, refused}, "the others are sent")
	log := ""
	for _, o := range done.Items {
		if o.Ref == stuck.Ref {
			log = o.Log
		}
	}
	require.Contains(t, log, "asks for at most 25000000")
	require.Contains(t, log, "governance")
	require.Contains(t, log, "missing it costs 77000atfuel")

	var again Batch
	put(&again, stuck, batch.Stakes[stuck])
	simulated := m.simulated
	done, err = s.Submit(t.Context(), again, 100)
	require.NoError(t, err)
	require.Equal(t, log, done.Items[0].Log)
	require.Equal(t, simulated, m.simulated, "it is not even tried")
}

func TestWhatIsOutOfGasAtTheMostOfATransactionIsNotPaidForAgain(t *testing.T) {
	n := newFakeNode(t)
	n.gas = 1_000_000
	for range 9 {
		n.blockCodes = append(n.blockCodes, sdk.TxResponse{Codespace: "sdk", Code: 11, RawLog: "out of gas in location: WriteFlat"})
	}
	s := n.sender(TxConfig{GasAdjustment: 1})
	s.learned = 1_200_000
	batch := Batch{Commits: fullBatch().Commits}
	done, err := s.Submit(t.Context(), batch, 10)
	require.NoError(t, err)
	require.Len(t, n.sent, 2)
	require.Equal(t, uint64(1_200_000), n.sent[1].gas)
	_, refused, _ := counted(t, batch, done)
	require.Equal(t, 1, refused)
}

func TestANodeThatRefusesWhatItHasForgottenCostsFewBlocks(t *testing.T) {
	m, conn := model(t)
	batch := manyReveals(m, 2)
	s := m.senderOn(conn, TxConfig{})
	forgotten := false
	m.hook = func() {
		if len(m.waiting) > 0 && !forgotten {
			forgotten = true
			m.waiting, m.base, m.floor = nil, 20, 20 // a restart, and the price has doubled
		}
	}
	from := m.height
	done, err := s.Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	taken, _, _ := counted(t, batch, done)
	require.Equal(t, 2, taken)
	require.Less(t, m.height-from, int64(12), "not the 20 blocks that it could have waited")
	require.Equal(t, sdkmath.NewInt(20).MulRaw(int64(m.executed[0].gas)), m.executed[0].fee.AmountOf("atfuel"))
}

// TestDeadItemsCostTheOthersNoPlaceInTheLane: the lane checks items in order, and stops once
// there are more dead items than live ones.
func TestDeadItemsCostTheOthersNoPlaceInTheLane(t *testing.T) {
	m, conn := model(t)
	m.base = 1_000
	var batch Batch
	for i := range 3 {
		m.owe(&batch, Commit, fmt.Sprintf("1-0-%d", i), 50) // too late
	}
	for i := range 3 {
		m.owe(&batch, Commit, fmt.Sprintf("2-0-%d", i), 1_000)
	}
	done, err := m.senderOn(conn, TxConfig{}).Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	taken, refused, _ := counted(t, batch, done)
	require.Equal(t, []int{3, 3}, []int{taken, refused})
	require.Len(t, m.executed, 1)
	require.Len(t, m.executed[0].messages[0].(*computetypes.MsgCommit).Items, 3)
	require.Equal(t, sdkmath.NewInt(10).MulRaw(int64(m.executed[0].gas)), m.executed[0].fee.AmountOf("atfuel"), "at the floor")
}

func TestAClaimThatIsLeftOutIsReportedOnceWhereTheRestIsSentApart(t *testing.T) {
	n := newFakeNode(t)
	n.crowdAfter = 1 // blocks become full after the first simulation
	done, err := n.sender(TxConfig{}).Submit(t.Context(), fullBatch(), 100)
	require.NoError(t, err)
	require.Len(t, n.sent, 3, "one that was refused, duties, and claims")
	counted(t, fullBatch(), done)
}

func TestWhatFailsBesideARevealInABlockCostsItOneBlock(t *testing.T) {
	m, conn := model(t)
	var batch Batch
	reveal := m.owe(&batch, Reveal, "1-0-0", 1_000)
	for i, action := range []Action{Open, Commit, Release} {
		// Each item is alive in the simulation and dead in the block.
		m.owe(&batch, action, fmt.Sprintf("2-0-%d", i), 1_000).diesAt = 102
	}
	done, err := m.senderOn(conn, TxConfig{}).Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	taken, refused, _ := counted(t, batch, done)
	require.Equal(t, []int{1, 3}, []int{taken, refused})
	require.Equal(t, 1, reveal.taken)
	require.Len(t, m.executed, 2)
	require.Len(t, m.executed[1].messages, 1, "the reveal goes alone")
}

func TestAFailureInABlockSendsTheRevealAloneThoughOthersWouldFailToo(t *testing.T) {
	m, conn := model(t)
	var batch Batch
	m.owe(&batch, Reveal, "1-0-0", 1_000)
	m.owe(&batch, Open, "2-0-0", 1_000).diesAt = 102
	for i := range 3 {
		m.owe(&batch, Commit, fmt.Sprintf("3-0-%d", i), 1_000)
	}
	_, err := m.senderOn(conn, TxConfig{}).Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	require.Len(t, m.executed, 3)
	require.IsType(t, &computetypes.MsgReveal{}, m.executed[1].messages[0])
	require.Len(t, m.executed[1].messages, 1)
}

func TestARevealThatIsNearlyLateSharesItsFateWithNothing(t *testing.T) {
	m, conn := model(t)
	var batch Batch
	reveal := m.owe(&batch, Reveal, "1-0-0", m.height+4)
	m.owe(&batch, Open, "1-0-0", m.height+40)
	m.owe(&batch, Commit, "2-0-0", 1_000)
	done, err := m.senderOn(conn, TxConfig{}).Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	taken, _, _ := counted(t, batch, done)
	require.Equal(t, 3, taken)
	require.Equal(t, 1, reveal.taken)
	require.Len(t, m.executed[0].messages, 1)
}

func TestAMessageThatTheFeeGrantDoesNotPayForKeepsNoDutyBack(t *testing.T) {
	m, conn := model(t)
	var batch Batch
	m.owe(&batch, Reveal, "1-0-0", 1_000)
	m.owe(&batch, Commit, "2-0-0", 1_000)
	m.notGranted = Commit
	done, err := m.senderOn(conn, TxConfig{}).Submit(t.Context(), batch, 100)
	require.ErrorIs(t, err, ErrRejected)
	taken, _, unsent := counted(t, batch, done)
	require.Equal(t, []int{1, 1}, []int{taken, unsent})
}

func TestAFullMempoolIsOutbidForADutyThatTheLaneDoesNotTake(t *testing.T) {
	n := newFakeNode(t)
	n.crowd = 2
	n.gas = feemarkettypes.DefaultParams().LaneTx(1) + 1
	for range 2 {
		n.checkCodes = append(n.checkCodes, sdk.TxResponse{Codespace: "sdk", Code: 20, RawLog: "mempool is full"})
	}
	batch := Batch{Commits: fullBatch().Commits, Stakes: map[Duty]Stake{{Commit, ref("3-0-0")}: {Loss: sdkmath.NewInt(1 << 60)}}}
	_, err := n.sender(TxConfig{}).Submit(t.Context(), batch, 100)
	require.NoError(t, err)
	require.Len(t, n.sent, 3)
	require.True(t, n.sent[1].fee.IsAllGT(n.sent[0].fee))
	require.True(t, n.sent[2].fee.IsAllGT(n.sent[1].fee))

	n.checkCodes = []sdk.TxResponse{{Codespace: "sdk", Code: 20, RawLog: "mempool is full"}}
	_, err = n.sender(TxConfig{}).Submit(t.Context(), Batch{Renew: true}, 100)
	require.ErrorIs(t, err, ErrPoolFull, "what is no duty waits")
}

func TestAFullMempoolTakesWhatTheLaneTakes(t *testing.T) {
	m, conn := modelWith(t, func(m *modelNode) { m.full = true })
	var batch Batch
	m.owe(&batch, Reveal, "1-0-0", 1_000)
	m.owe(&batch, Claim, "2-0-0", 1_000)
	batch.Renew = true
	done, err := m.senderOn(conn, TxConfig{}).Submit(t.Context(), batch, 100)
	require.ErrorIs(t, err, ErrPoolFull)
	taken, _, unsent := counted(t, batch, done)
	require.Equal(t, []int{2, 1}, []int{taken, unsent}, "all but the renewal")
}
