package bench

import (
	"fmt"
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

// pipeline keeps a flow in its steady state: in each step a cohort of jobs is
// posted, the one before claimed, the one before that committed to, and the
// oldest revealed and settled. A step is three blocks: the work, the one that
// pins the seed of what was posted, and the one that brings the seed.
type pipeline struct {
	*world
	flow Flow
	// Cohorts by what their nodes do next.
	toClaim, toCommit, toReveal []*task
}

// step is what one step took.
type step struct {
	settled int
	spent   cost
	gas     int64
	ops     map[string]Ops
}

// run does a step; posting nothing drains the pipeline.
func (p *pipeline) run(jobs int) (step, error) {
	txs, posts, err := p.work(jobs)
	if err != nil {
		return step{}, err
	}
	before := p.store.ops()
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
	posted, err := p.posted(response.TxResults[:posts], jobs)
	if err != nil {
		return step{}, err
	}
	seed, spent, err := p.seed()
	if err != nil {
		return step{}, err
	}
	done.spent = done.spent.add(spent)
	done.ops = opsSince(before, p.store.ops())
	for _, t := range posted {
		if err := t.draw(p.people, p.flow, p.factor, seed); err != nil {
			return step{}, err
		}
	}
	p.toClaim, p.toCommit, p.toReveal = posted, p.toClaim, p.unaudited(p.toCommit, seed)
	return done, nil
}

// unaudited leaves out the tasks that the seed after their commitments has drawn
// for an audit: they wait for auditors, who do not come.
func (p *pipeline) unaudited(committed []*task, seed []byte) []*task {
	return slices.DeleteFunc(committed, func(t *task) bool {
		return p.flow.Audited && computetypes.AuditDrawn(seed, t.id, t.index, auditPoints)
	})
}

// work signs the transactions of a step's first block, the posts first.
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

// post signs the transactions that post so many tasks.
func (p *pipeline) post(tasks int) ([][]byte, error) {
	each, inJob := 1, 1
	switch {
	case p.flow.Array:
		inJob = tasks
	case p.flow.Packing == Batched:
		each = batchItems
	}
	var txs [][]byte
	for tasks > 0 {
		requester := p.people.person()
		var msgs []sdk.Msg
		for len(msgs) < each && tasks > 0 {
			msgs = append(msgs, &computetypes.MsgPostJob{Requester: requester.text, Spec: spec(p.flow, inJob)})
			tasks -= inJob
		}
		tx, err := requester.sign(p.flow.Packing.gas(), msgs...)
		if err != nil {
			return nil, err
		}
		txs = append(txs, tx)
	}
	return txs, nil
}

// check sees that everything went through but claims of those who came too late.
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

// claimResults returns how the claims of a transaction went: they do not fail it.
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

// posted reads the ids of jobs out of their transactions' responses and returns
// their tasks, so many in all.
func (p *pipeline) posted(results []*abci.ExecTxResult, all int) ([]*task, error) {
	inJob := 1
	if p.flow.Array {
		inJob = all
	}
	var tasks []*task
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
			for i := range inJob {
				tasks = append(tasks, &task{id: id, index: uint64(i)}) //nolint:gosec // a few hundred
			}
		}
	}
	return tasks, nil
}

// seed brings the round that the last height is pinned to: a block to pin it,
// and, once it is public, a block with the relay's transaction.
func (p *pipeline) seed() (randomness []byte, spent cost, err error) {
	height := p.height
	if _, spent, err = p.profiled(nil); err != nil {
		return nil, cost{}, err
	}
	ctx, err := p.ctx()
	if err != nil {
		return nil, cost{}, err
	}
	round, found, err := p.app.BeaconKeeper.RoundAt(ctx, height)
	if err != nil || !found {
		return nil, cost{}, fmt.Errorf("expected a round pinned to height %d, found none: %w", height, err)
	}
	signature, err := p.beacon.Sign(round)
	if err != nil {
		return nil, cost{}, err
	}
	randomness = bls.Randomness(signature)
	p.skip(2 * time.Duration(beacontypes.QuicknetPeriodSeconds) * time.Second)
	_, known, err := p.app.BeaconKeeper.Seed(ctx, height)
	if err != nil || known {
		return randomness, spent, err
	}
	tx, err := p.people.relay.sign(singleGas, &beacontypes.MsgSubmitRound{
		Submitter: p.people.relay.text, Round: round, Signature: signature,
	})
	if err != nil {
		return nil, cost{}, err
	}
	response, took, err := p.profiled([][]byte{tx})
	if err != nil {
		return nil, cost{}, err
	}
	if result := response.TxResults[0]; result.Code != 0 {
		return nil, cost{}, fmt.Errorf("round %d was refused: %s", round, result.Log)
	}
	return randomness, spent.add(took), nil
}

// sends runs a block of n bank sends between people and returns what it took, in
// time and in gas.
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
