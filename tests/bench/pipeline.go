package bench

import (
	"fmt"
	"maps"
	"slices"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/x/beacon/bls"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// pipeline keeps a flow in its steady state. In each step, one cohort of jobs is posted, the
// previous cohort is claimed, the one before that is committed to, and the oldest is revealed
// and settled. A step is three blocks: the work, the block that pins the seed of what was
// posted, and the block that contains the seed.
type pipeline struct {
	*world
	flow Flow
	// Cohorts, by what their nodes do next.
	toClaim, toCommit, toReveal []*task
	// array is the job of a flow of an array, after it was posted.
	array *arrayJob
}

// step contains the costs of one step.
type step struct {
	settled int
	spent   cost
	gas     int64
	ops     map[string]Ops
	blocks  int64
}

// add returns the sum of the costs of two steps.
func (s step) add(o step) step {
	ops := make(map[string]Ops)
	maps.Copy(ops, o.ops)
	for name, before := range s.ops {
		ops[name] = Ops{Reads: before.Reads + ops[name].Reads, Writes: before.Writes + ops[name].Writes}
	}
	return step{
		settled: s.settled + o.settled, spent: s.spent.add(o.spent), gas: s.gas + o.gas, ops: ops, blocks: s.blocks + o.blocks,
	}
}

// run runs a step. Running steps that post nothing drains the pipeline.
func (p *pipeline) run(jobs int) (step, error) {
	txs, posts, err := p.work(jobs)
	if err != nil {
		return step{}, err
	}
	before, height := p.store.ops(), p.height
	response, spent, err := p.profiled(txs)
	if err != nil {
		return step{}, err
	}
	if err := p.check(response, posts); err != nil {
		return step{}, err
	}
	done := step{settled: len(p.toReveal), spent: spent}
	for _, result := range response.TxResults {
		done.gas += result.GasUsed
	}
	worked := p.height
	openings, spent, err := p.started(response.TxResults[:posts], jobs)
	if err != nil {
		return step{}, err
	}
	done.spent = done.spent.add(spent)
	// Tasks that were committed to in this step wait for the seed of its work.
	seeds, spent, err := p.seeds(seedHeights(append(openings, opening{seed: worked})))
	if err != nil {
		return step{}, err
	}
	done.spent = done.spent.add(spent)
	done.ops, done.blocks = opsSince(before, p.store.ops()), p.height-height
	var drawn []*task
	for _, o := range openings {
		if err := o.task.draw(p.people, p.flow, p.factor, seeds[o.seed]); err != nil {
			return step{}, err
		}
		drawn = append(drawn, o.task)
	}
	p.toClaim, p.toCommit, p.toReveal = drawn, p.toClaim, p.unaudited(p.toCommit, seeds[worked])
	return done, nil
}

// started returns the tasks that have begun to draw nodes because of a step's work. Those of
// an array follow in a block of their own.
func (p *pipeline) started(posts []*abci.ExecTxResult, jobs int) ([]opening, cost, error) {
	ids, err := posted(posts)
	if err != nil {
		return nil, cost{}, err
	}
	if !p.flow.Array {
		var openings []opening
		for _, id := range ids {
			openings = append(openings, opening{task: &task{id: id}, seed: p.height})
		}
		return openings, cost{}, nil
	}
	if len(ids) > 0 {
		p.array.id = ids[0]
	}
	_, spent, err := p.profiled(nil)
	if err != nil || jobs == 0 {
		return nil, spent, err
	}
	openings, err := p.opened()
	return openings, spent, err
}

// unaudited removes the tasks for which the seed after their commitments has drawn an audit:
// they wait for auditors, which do not come.
func (p *pipeline) unaudited(committed []*task, seed []byte) []*task {
	return slices.DeleteFunc(committed, func(t *task) bool {
		return p.flow.Audited && computetypes.AuditDrawn(seed, t.id, t.index, auditPoints)
	})
}

// work signs the transactions of a step's first block, posts first.
func (p *pipeline) work(jobs int) (txs [][]byte, posts int, err error) {
	if txs, err = p.post(jobs); err != nil {
		return nil, 0, err
	}
	posts = len(txs)
	d := newDesk()
	d.add(p.toClaim, p.toCommit, p.toReveal)
	var queues [][][]sdk.Msg
	for _, n := range d.nodes {
		queues = append(queues, n.messages(d.items[n], p.flow.Packing))
	}
	// The nodes take turns, as they would in a mempool.
	for left := true; left; {
		left = false
		for i, n := range d.nodes {
			if len(queues[i]) == 0 {
				continue
			}
			tx, err := n.sign(p.flow.Packing.gas(), queues[i][0]...)
			if err != nil {
				return nil, 0, err
			}
			txs, queues[i], left = append(txs, tx), queues[i][1:], true
		}
	}
	return txs, posts, nil
}

// post signs the transactions that post this many jobs, or the array.
func (p *pipeline) post(jobs int) ([][]byte, error) {
	if p.flow.Array {
		return p.postArray()
	}
	each := 1
	if p.flow.Packing == Batched {
		each = batchItems
	}
	var txs [][]byte
	for jobs > 0 {
		requester := p.people.person()
		var msgs []sdk.Msg
		for len(msgs) < each && jobs > 0 {
			msgs = append(msgs, &computetypes.MsgPostJob{Requester: requester.text, Spec: spec(p.flow, 1)})
			jobs--
		}
		tx, err := requester.sign(p.flow.Packing.gas(), msgs...)
		if err != nil {
			return nil, err
		}
		txs = append(txs, tx)
	}
	return txs, nil
}

// check checks that everything succeeded except for claims that came too late.
func (p *pipeline) check(response *abci.ResponseFinalizeBlock, posts int) error {
	claims, outranked := 0, 0
	for i, result := range response.TxResults {
		if result.Code != 0 {
			return fmt.Errorf("%s: tx %d of %d in block %d failed: %s",
				p.flow.Name, i, len(response.TxResults), p.height, result.Log)
		}
		items, err := claimResults(result)
		if err != nil {
			return err
		}
		for _, item := range items {
			claims++
			if item.Code == 0 {
				continue
			}
			late := item.Codespace == computetypes.ModuleName && item.Code == computetypes.ErrOutranked.ABCICode()
			if i < posts || !p.flow.Everybody || !late {
				return fmt.Errorf("%s: a claim in tx %d of block %d failed: %s", p.flow.Name, i, p.height, item.Log)
			}
			outranked++
		}
	}
	if outranked > 0 && outranked == claims {
		return fmt.Errorf("%s: expected some claims to hold, all %d of block %d were outranked", p.flow.Name, claims, p.height)
	}
	return nil
}

// claimResults returns the results of the claims of a transaction. Claims that are refused do
// not make it fail.
func claimResults(result *abci.ExecTxResult) ([]computetypes.ItemResult, error) {
	var data sdk.TxMsgData
	if err := data.Unmarshal(result.Data); err != nil {
		return nil, fmt.Errorf("read the response of a transaction: %w", err)
	}
	var items []computetypes.ItemResult
	for _, packed := range data.MsgResponses {
		var claimed computetypes.MsgClaimResponse
		if packed.TypeUrl != sdk.MsgTypeURL(&claimed) {
			continue
		}
		if err := claimed.Unmarshal(packed.Value); err != nil {
			return nil, fmt.Errorf("read the response of a claim: %w", err)
		}
		items = append(items, claimed.Results...)
	}
	return items, nil
}

// posted reads the ids of jobs from the responses of their transactions.
func posted(results []*abci.ExecTxResult) ([]computetypes.JobID, error) {
	var ids []computetypes.JobID
	for _, result := range results {
		var data sdk.TxMsgData
		if err := data.Unmarshal(result.Data); err != nil {
			return nil, fmt.Errorf("read the response of a post: %w", err)
		}
		for _, packed := range data.MsgResponses {
			var posted computetypes.MsgPostJobResponse
			if err := posted.Unmarshal(packed.Value); err != nil {
				return nil, fmt.Errorf("read the response of a post: %w", err)
			}
			id, err := computetypes.ParseJobID(posted.JobId)
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// seeds submits the rounds to which heights are pinned: it runs a block that pins the last
// height and, when the round is public, a block with the relay's transactions.
func (w *world) seeds(heights []int64) (seeds map[int64][]byte, spent cost, err error) {
	if _, spent, err = w.profiled(nil); err != nil {
		return nil, cost{}, err
	}
	ctx, err := w.ctx()
	if err != nil {
		return nil, cost{}, err
	}
	w.skip(2 * time.Duration(beacontypes.QuicknetPeriodSeconds) * time.Second)
	seeds = make(map[int64][]byte)
	var (
		txs     [][]byte
		brought []uint64
	)
	for _, height := range heights {
		round, found, err := w.app.BeaconKeeper.RoundAt(ctx, height)
		if err != nil || !found {
			return nil, cost{}, fmt.Errorf("expected a round pinned to height %d, found none: %w", height, err)
		}
		signature, err := w.beacon.Sign(round)
		if err != nil {
			return nil, cost{}, err
		}
		seeds[height] = bls.Randomness(signature)
		_, known, err := w.app.BeaconKeeper.Seed(ctx, height)
		if err != nil {
			return nil, cost{}, err
		}
		if known || slices.Contains(brought, round) {
			continue
		}
		tx, err := w.people.relay.sign(singleGas, &beacontypes.MsgSubmitRound{
			Submitter: w.people.relay.text, Round: round, Signature: signature,
		})
		if err != nil {
			return nil, cost{}, err
		}
		txs, brought = append(txs, tx), append(brought, round)
	}
	response, took, err := w.profiled(txs)
	if err != nil {
		return nil, cost{}, err
	}
	for i, result := range response.TxResults {
		if result.Code != 0 {
			return nil, cost{}, fmt.Errorf("round %d was refused: %s", brought[i], result.Log)
		}
	}
	return seeds, spent.add(took), nil
}

// sends runs a block of n bank sends between people and returns its cost in time and in gas.
func (w *world) sends(n int) (spent cost, gas int64, err error) {
	coin := sdk.NewCoins(sdk.NewInt64Coin(params.BaseDenom, 1))
	txs := make([][]byte, n)
	for i := range txs {
		from, to := w.people.person(), w.people.anybody()
		tx, err := from.sign(sendGas, banktypes.NewMsgSend(from.address, to.address, coin))
		if err != nil {
			return cost{}, 0, err
		}
		txs[i] = tx
	}
	response, spent, err := w.profiled(txs)
	if err != nil {
		return cost{}, 0, err
	}
	for i, result := range response.TxResults {
		gas += result.GasUsed
		if result.Code != 0 {
			return cost{}, 0, fmt.Errorf("send %d failed: %s", i, result.Log)
		}
	}
	return spent, gas, nil
}
