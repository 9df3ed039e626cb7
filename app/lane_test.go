package app_test

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/twin"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// stuffed is a network whose nodes pay the floor price while other accounts fill every block.
type stuffed struct {
	*edge.Network
	t *testing.T
	// bidders are accounts that pay for space, at price times the base fee.
	bidders []apptest.Account
	price   int64
	// from is the first block in which they do so.
	from int
}

const (
	honestNodes = 5
	bidderCount = 4
	// stuffedGas is the gas of a block, of which the lane has 15,000,000.
	stuffedGas = 60_000_000
)

func newStuffed(t *testing.T) *stuffed {
	network := edge.New(t, honestNodes, 0)
	network.Lane = true
	s := &stuffed{Network: network, t: t, price: 3, from: 16}
	for i := range bidderCount {
		s.bidders = append(s.bidders, apptest.Named(honestNodes+2+i))
	}
	return s
}

func (s *stuffed) options() []apptest.Option {
	return append(s.Options(), apptest.WithAccounts(honestNodes+2+bidderCount, params.TfuelCoin(1_000_000)), smallBlocks(stuffedGas, 1<<20))
}

// offers returns everything that the accounts send to the mempool before a block.
func (s *stuffed) offers(chain *apptest.Chain, i int) [][]byte {
	var txs [][]byte
	if i >= s.from {
		txs = s.stuffing(chain)
	}
	switch i {
	case 0:
		txs = append(txs, s.Register(chain)...)
	case 14, 15:
		txs = append(txs, s.Post(chain, params.TfuelCoin(1)))
	}
	return append(txs, s.Act(chain)...)
}

// stuffing asks for more gas than a block has, at any price.
func (s *stuffed) stuffing(chain *apptest.Chain) [][]byte {
	base, _ := prices(s.t, chain)
	const gas = stuffedGas / 4
	var txs [][]byte
	for _, bidder := range s.bidders {
		txs = append(txs, chain.Sign(bidder, []sdk.Msg{banktypes.NewMsgSend(bidder.Address, bidder.Address, sdk.NewCoins(params.TfuelCoin(1)))},
			apptest.WithGas(gas), apptest.WithFee(sdk.NewCoin(params.BaseDenom, base.MulRaw(s.price).MulRaw(gas)))))
	}
	return txs
}

// block sends offers to the mempool and returns what is proposed.
func (s *stuffed) block(chain *apptest.Chain, i int) [][]byte {
	for _, tx := range s.offers(chain, i) {
		chain.Check(tx)
	}
	txs := chain.Propose()
	require.Equal(s.t, accept, chain.Judge(txs...))
	return txs
}

func TestDutiesGetThroughWhileOthersFillBlocksAtAnyPrice(t *testing.T) {
	s := newStuffed(t)
	chain := apptest.New(t, s.options()...)
	supply := chain.App.BankKeeper.GetSupply(chain.Ctx(), params.BaseDenom).Amount
	full := 0
	for i := range 64 {
		gas := int64(0)
		for _, result := range chain.NextBlock(s.block(chain, i)...).TxResults {
			require.NotEqual(t, sdkerrors.ErrInsufficientFee.ABCICode(), result.Code, result.Log)
			gas += result.GasWanted
		}
		if gas >= stuffedGas*3/4 {
			full++
		}
		edge.RequireInvariants(t, chain)
	}
	require.Greater(t, full, 40, "blocks were full")
	base, floor := prices(t, chain)
	require.True(t, base.GT(floor.MulRaw(30)), "what is full is dear: %s", base)
	require.True(t, chain.App.BankKeeper.GetSupply(chain.Ctx(), params.BaseDenom).Amount.LT(supply), "what was paid is burned")
	for _, job := range s.Jobs(chain) {
		require.Equal(t, computetypes.JOB_STATUS_COMPLETED, job.Status)
	}
	require.Len(t, s.Jobs(chain), 2)
	for _, node := range s.Nodes {
		require.Equal(t, params.Tfuel(edge.NodeBond), s.Bond(chain, node), "no honest node loses bond")
	}
}

func TestBlocksOfTheLaneAreTheSameHoweverTheyAreRun(t *testing.T) {
	s := newStuffed(t)
	const blocks = 30
	leader := twin.Run(t, blocks, s.block, twin.Variants(t, blocks), s.options()...)
	require.NotEmpty(t, s.Jobs(leader))
}

// assigned returns a chain on which nodes are assigned a task, and whose blocks are full.
func assigned(t *testing.T) (*stuffed, *apptest.Chain, edge.Node, computetypes.CommitItem) {
	t.Helper()
	s := newStuffed(t)
	chain := apptest.New(t, s.options()...)
	for i := range 40 {
		for _, node := range s.Nodes {
			if commit := s.Commitments(chain, node); i > s.from+1 && len(commit) > 0 {
				return s, chain, node, commit[0]
			}
		}
		chain.NextBlock(s.keepOpen(chain, s.offers(chain, i))...)
	}
	require.FailNow(t, "nobody is assigned")
	return nil, nil, edge.Node{}, computetypes.CommitItem{}
}

// keepOpen removes commitments, so that they stay due.
func (s *stuffed) keepOpen(chain *apptest.Chain, txs [][]byte) [][]byte {
	return s.keep(chain, txs, func(msg sdk.Msg) bool {
		_, ok := msg.(*computetypes.MsgCommit)
		return !ok
	})
}

// keep returns the txs whose first message satisfies wanted.
func (s *stuffed) keep(chain *apptest.Chain, txs [][]byte, wanted func(sdk.Msg) bool) [][]byte {
	var kept [][]byte
	for _, raw := range txs {
		tx, err := chain.App.TxConfig().TxDecoder()(raw)
		require.NoError(s.t, err)
		if wanted(tx.GetMsgs()[0]) {
			kept = append(kept, raw)
		}
	}
	return kept
}

func isRound(msg sdk.Msg) bool {
	_, ok := msg.(*beacontypes.MsgSubmitRound)
	return ok
}

func TestTheLaneTakesWhatIsDueOnceAndNoPadding(t *testing.T) {
	_, chain, node, item := assigned(t)
	worker := node.Worker.String()
	commit := func(items ...computetypes.CommitItem) sdk.Msg {
		return &computetypes.MsgCommit{Worker: worker, Items: items}
	}
	dead := item
	dead.Ref.JobId = "1-1-1"
	cheap := func(gas uint64, msgs ...sdk.Msg) []byte {
		return chain.Sign(node.Worker, msgs, apptest.WithGas(gas), apptest.WithFee(apptest.MinFee(gas)...))
	}
	twice := chain.Check(cheap(1_700_000, commit(item), commit(item)))
	require.Equal(t, sdkerrors.ErrInsufficientFee.ABCICode(), twice.Code, "what a tx brings twice keeps no room in the mempool")
	good := cheap(1_000_000, commit(item))
	require.Equal(t, accept, chain.Judge(good))
	require.Equal(t, reject, chain.Judge(good, good), "the same is due once")
	for name, tx := range map[string][]byte{
		"more gas than its items":  cheap(1_000_001, commit(item)),
		"nothing that is due":      cheap(1_000_000, commit(dead)),
		"a message without a duty": cheap(1_000_000, commit(item), commit(dead)),
		"more dead than live":      cheap(1_000_000, commit(dead, dead, item)),
		"what is no duty": cheap(1_000_000, commit(item),
			banktypes.NewMsgSend(node.Worker.Address, node.Operator.Address, sdk.NewCoins(params.TfuelCoin(1)))),
		"less than the floor": chain.Sign(node.Worker, []sdk.Msg{commit(item)}, apptest.WithGas(1_000_000),
			apptest.WithFee(apptest.MinFee(999_999)...)),
	} {
		require.Equal(t, reject, chain.Judge(tx), name)
	}
}

// A proposer may put anything into a block, and every validator inspects it before it
// verifies signatures. The gas of the block bounds that work.
func TestTheLaneLooksAtNothingThatAsksForLessGasThanThat(t *testing.T) {
	s, chain, node, item := assigned(t)
	cheap := func(from apptest.Account, gas uint64, msg sdk.Msg) []byte {
		return chain.Sign(from, []sdk.Msg{msg}, apptest.WithGas(gas), apptest.WithFee(apptest.MinFee(gas)...))
	}
	commit := &computetypes.MsgCommit{Worker: node.Worker.String(), Items: []computetypes.CommitItem{item}}
	require.Equal(t, accept, chain.Judge(cheap(node.Worker, 5_000, commit)))
	require.Equal(t, reject, chain.Judge(cheap(node.Worker, 4_999, commit)))

	beacon, err := chain.App.BeaconKeeper.Params(chain.Ctx())
	require.NoError(t, err)
	var round sdk.Msg
	for i := 0; round == nil; i++ {
		require.Less(t, i, 20, "a round is wanted")
		for _, raw := range s.keep(chain, s.Act(chain), isRound) {
			tx, err := chain.App.TxConfig().TxDecoder()(raw)
			require.NoError(t, err)
			round = tx.GetMsgs()[0]
		}
		if round == nil {
			chain.NextBlock(s.stuffing(chain)...)
		}
	}
	base, floor := prices(t, chain)
	require.True(t, base.GT(floor))
	require.Equal(t, accept, chain.Judge(cheap(s.Relay, beacon.PairingGas, round)))
	require.Equal(t, reject, chain.Judge(cheap(s.Relay, beacon.PairingGas-1, round)))
}

// A duty uses more gas than the smallest amount that the lane accepts, however many items a
// message has.
func TestAnItemUsesMoreThanTheLeastGasOfTheLane(t *testing.T) {
	s := newStuffed(t)
	chain := apptest.New(t, s.options()...)
	seen := map[string]bool{}
	for i := range 40 {
		txs := s.Act(chain)
		switch i {
		case 0:
			txs = append(txs, s.Register(chain)...)
		case 14:
			txs = append(txs, s.PostArray(chain, params.TfuelCoin(1), 8))
		}
		for j, result := range chain.NextBlock(txs...).TxResults {
			tx, err := chain.App.TxConfig().TxDecoder()(txs[j])
			require.NoError(t, err)
			items := uint64(0)
			for _, msg := range tx.GetMsgs() {
				switch m := msg.(type) {
				case *computetypes.MsgClaim:
					items += uint64(len(m.Items))
				case *computetypes.MsgCommit:
					items += uint64(len(m.Items))
				case *computetypes.MsgReveal:
					items += uint64(len(m.Items))
				}
			}
			if items > 0 && result.Code == 0 {
				seen[sdk.MsgTypeURL(tx.GetMsgs()[0])] = true
				require.Greater(t, uint64(result.GasUsed), 3*5_000*items, sdk.MsgTypeURL(tx.GetMsgs()[0]))
			}
		}
	}
	require.GreaterOrEqual(t, len(seen), 3, seen)
}

// A worker sends its reveal together with its commitment, at the base fee. By the time the
// reveal is due, others pay more.
func TestWhatBecomesDueWhileItWaitsUsesTheLane(t *testing.T) {
	s, chain, worker, item := assigned(t)
	n := nodeOf(t, 100, chain)
	base, _ := prices(t, chain)
	commits := s.Act(chain)
	msg := &computetypes.MsgReveal{Worker: worker.Worker.String(), Items: []computetypes.RevealItem{worker.Reveals(item.Ref)}}
	reveal := chain.Sign(worker.Worker, []sdk.Msg{msg}, apptest.WithGas(1_000_000),
		apptest.WithFee(sdk.NewCoin(params.BaseDenom, base.MulRaw(1_000_000))))
	for _, tx := range append(commits, reveal) {
		code, _ := n.send(tx)
		require.Zero(t, code)
	}
	n.block(commits...)
	due := func() bool {
		found, err := chain.App.ComputeKeeper.Duties(chain.Ctx().WithBlockHeight(chain.Height()+1), msg)
		require.NoError(t, err)
		return len(found) > 0
	}
	for i := 0; !due(); i++ {
		require.Less(t, i, 20)
		n.block(s.keep(chain, s.Act(chain), isRound)...)
	}
	s.price = 1_000
	for _, tx := range s.stuffing(chain) {
		code, _ := n.send(tx)
		require.Zero(t, code)
	}
	require.Equal(t, reveal, chain.Propose()[0])
}

// A proposer may put a copy of a duty with an invalid signature into its blocks. This does
// not delay the real one.
func TestAForgedCopyInABlockIsNoTry(t *testing.T) {
	s, chain, first, item := assigned(t)
	commit := func(node edge.Node, item computetypes.CommitItem, gas uint64) []byte {
		return chain.Sign(node.Worker, []sdk.Msg{&computetypes.MsgCommit{Worker: node.Worker.String(), Items: []computetypes.CommitItem{item}}},
			apptest.WithGas(gas), apptest.WithFee(apptest.MinFee(gas)...))
	}
	good := commit(first, item, 900_000)
	others := 0
	offer := func() {
		for _, node := range s.Nodes {
			if items := s.Commitments(chain, node); len(items) > 0 && node.Worker.String() != first.Worker.String() {
				require.Zero(t, chain.Check(commit(node, items[0], 900_000)).Code)
				others++
			}
		}
	}
	require.Zero(t, chain.Check(good).Code)
	offer()
	require.Positive(t, others)
	require.Equal(t, good, chain.Propose()[0], "who came first goes first")
	forged := append([]byte(nil), good...)
	forged[len(forged)-1] ^= 1
	require.Equal(t, sdkerrors.ErrUnauthorized.ABCICode(), chain.NextBlock(forged).TxResults[0].Code)
	require.Equal(t, good, chain.Propose()[0])

	// A tx that has failed in a block after all its checks comes after those that no block
	// has held.
	failing := commit(first, item, 50_000)
	result := chain.NextBlock(failing).TxResults[0]
	require.Equal(t, sdkerrors.ErrOutOfGas.ABCICode(), result.Code, result.Log)
	again := commit(first, item, 900_000)
	require.Zero(t, chain.Check(again).Code)
	txs := chain.Propose()
	require.Len(t, txs, others+1)
	require.Equal(t, again, txs[others])
}

func TestAStrangersMessageIsNoDuty(t *testing.T) {
	s, chain, node, item := assigned(t)
	other := s.Nodes[0]
	if other.Worker.String() == node.Worker.String() {
		other = s.Nodes[1]
	}
	dead := &computetypes.MsgCommit{Worker: other.Worker.String(), Items: []computetypes.CommitItem{
		{Ref: computetypes.ChunkRef{JobId: item.Ref.JobId, Task: 7}, Commitment: item.Commitment},
	}}
	tx := chain.Sign(other.Worker, []sdk.Msg{dead}, apptest.WithGas(900_000), apptest.WithFee(apptest.MinFee(900_000)...))
	require.Equal(t, sdkerrors.ErrInsufficientFee.ABCICode(), chain.Check(tx).Code)
	require.Equal(t, reject, chain.Judge(tx))
}

func TestADutyIsTakenThoughTheNodeAsksMoreOfOthers(t *testing.T) {
	_, chain, node, item := assigned(t)
	tx := chain.Sign(node.Worker, []sdk.Msg{&computetypes.MsgCommit{Worker: node.Worker.String(), Items: []computetypes.CommitItem{item}}},
		apptest.WithGas(900_000), apptest.WithFee(apptest.MinFee(900_000)...))
	require.Zero(t, chain.Check(tx).Code)
	require.Contains(t, chain.Propose(), tx)
	result := chain.NextBlock(tx).TxResults[0]
	require.Zero(t, result.Code, result.Log)
	again := chain.Sign(node.Worker, []sdk.Msg{&computetypes.MsgCommit{Worker: node.Worker.String(), Items: []computetypes.CommitItem{item}}},
		apptest.WithGas(900_000), apptest.WithFee(apptest.MinFee(900_000)...))
	require.Equal(t, reject, chain.Judge(again), "what is done is not due")
}

// Whatever waits in the mempool, a node accepts its own proposal.
func TestWhatIsProposedIsAccepted(t *testing.T) {
	s := newStuffed(t)
	chain := apptest.New(t, s.options()...)
	for i := range 18 {
		chain.NextBlock(s.block(chain, i)...)
	}
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		offers := s.offers(chain, rapid.IntRange(0, 1).Draw(t, "stuffed")*s.from+1)
		base, floor := prices(s.t, chain)
		for range rapid.IntRange(0, 12).Draw(t, "offers") {
			from := s.bidders[r.Intn(len(s.bidders))]
			gas := 100_000 + uint64(r.Intn(stuffedGas/3))
			price := floor.Add(math.NewInt(r.Int63n(base.MulRaw(3).Int64())))
			offers = append(offers, chain.Sign(from, []sdk.Msg{banktypes.NewMsgSend(from.Address, s.bidders[0].Address, sdk.NewCoins(params.TfuelCoin(1)))},
				apptest.WithGas(gas), apptest.WithFee(sdk.NewCoin(params.BaseDenom, price.Mul(math.NewIntFromUint64(gas))))))
		}
		r.Shuffle(len(offers), func(a, b int) { offers[a], offers[b] = offers[b], offers[a] })
		for _, tx := range offers {
			chain.Check(tx)
		}
		txs := chain.Propose()
		require.Equal(t, accept, chain.Judge(txs...))
		chain.NextBlock(txs...)
	})
}

func TestGarbageIsRefusedWithoutAPanic(t *testing.T) {
	s := newStuffed(t)
	chain := apptest.New(t, s.options()...)
	good := chain.Sign(s.Requester, send(chain))
	rapid.Check(t, func(t *rapid.T) {
		raw := append([]byte(nil), good...)
		for range rapid.IntRange(1, 8).Draw(t, "flips") {
			raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "with"))
		}
		raw = append(raw, []byte("/theta.compute.v1.Msg")[:rapid.IntRange(0, 21).Draw(t, "name")]...)
		chain.Judge(raw)
		chain.Check(raw)
	})
}
