package bench

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/math"

	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ArrayReport describes one array that was posted in one transaction and settled to its last
// task.
type ArrayReport struct {
	Tasks         int `json:"tasks"`
	TasksPerChunk int `json:"tasks_per_chunk"`
	// PostGas is the gas of the transaction that posts the array.
	PostGas int64 `json:"post_gas"`
	// Chunks is the number of receipts, and MostOpen the largest number of open chunks.
	Chunks   int    `json:"chunks"`
	MostOpen uint64 `json:"most_open"`
	Blocks   int    `json:"blocks"`
	// Seconds and CPUSeconds are those of all blocks from the post to the last receipt.
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	BlockMS    Stat    `json:"block_ms"`
}

// settling is an array that four nodes execute. In each block, each node claims what it may
// and serves what it holds, as sidecars do.
type settling struct {
	*generation
	id       computetypes.JobID
	job      computetypes.Job
	seeded   int64
	roots    map[uint64]computetypes.Subtree
	receipts []computetypes.Receipt
	report   ArrayReport
	took     []float64
}

// array posts one large array, settles all of it, and checks that every task was paid once.
func (r *runner) array(report *Report) error {
	tasks, chunk := r.scale.ArrayTasks, r.scale.ArrayChunk
	r.progress("one array of %d tasks in chunks of %d", tasks, chunk)
	s := setup{executor: serverconfig.BlockExecutorSequential, nodes: r.scale.Sizes[0]}
	return r.inWorld(s, func(w *world) error {
		a := &settling{generation: w.newGeneration(chunks(chunk)), roots: make(map[uint64]computetypes.Subtree)}
		a.report = ArrayReport{Tasks: tasks, TasksPerChunk: chunk}
		w.label = "array"
		if err := a.post(); err != nil {
			return err
		}
		for a.job.Id == "" || !a.job.Ended() {
			if a.report.Blocks > maxBacklogBlocks {
				return fmt.Errorf("expected %d tasks to settle within %d blocks, found %d accepted", tasks, maxBacklogBlocks, a.job.TasksAccepted)
			}
			if err := a.step(); err != nil {
				return err
			}
		}
		a.report.BlockMS, a.report.Chunks = newStat(a.took), len(a.receipts)
		report.Array = &a.report
		return a.paidOnce()
	})
}

// post posts the array.
func (a *settling) post() error {
	requester := a.people.person()
	tx, err := requester.sign(chunkGas, &computetypes.MsgPostJob{Requester: requester.text, Spec: spec(a.flow, a.report.Tasks)})
	if err != nil {
		return err
	}
	a.seeded = a.height
	response, err := a.follow([][]byte{tx})
	if err != nil {
		return err
	}
	ids, err := posted(response.TxResults)
	if err != nil {
		return err
	}
	a.id, a.report.PostGas = ids[0], response.TxResults[0].GasUsed
	return nil
}

// follow runs a block and collects its receipts.
func (a *settling) follow(txs [][]byte) (*abci.ResponseFinalizeBlock, error) {
	response, spent, err := a.profiled(txs)
	if err != nil {
		return nil, err
	}
	a.report.Blocks++
	a.report.Seconds += spent.wall.Seconds()
	a.report.CPUSeconds += spent.cpu.Seconds()
	a.took = append(a.took, milliseconds(spent.wall))
	events := slices.Clone(response.Events)
	for i, result := range response.TxResults {
		if result.Code != 0 {
			return nil, fmt.Errorf("array: tx %d of %d in block %d failed: %s", i, len(txs), a.height, result.Log)
		}
		events = append(events, result.Events...)
	}
	return response, a.collect(events)
}

// collect keeps the receipts that events contain.
func (a *settling) collect(events []abci.Event) error {
	for _, e := range events {
		if e.Type != proto.MessageName(&computetypes.EventBatch{}) && e.Type != proto.MessageName(&computetypes.EventSweep{}) {
			continue
		}
		// The application adds where the event came from.
		e.Attributes = slices.DeleteFunc(slices.Clone(e.Attributes), func(a abci.EventAttribute) bool {
			return a.Key == "mode" || a.Key == "msg_index"
		})
		typed, err := sdk.ParseTypedEvent(e)
		if err != nil {
			return fmt.Errorf("read an event of block %d: %w", a.height, err)
		}
		var changes []computetypes.ChunkChange
		switch typed := typed.(type) {
		case *computetypes.EventBatch:
			changes = typed.Changes
		case *computetypes.EventSweep:
			changes = typed.Changes
		}
		for _, change := range changes {
			if ended, is := change.Change.(*computetypes.ChunkChange_Ended); is {
				a.receipts = append(a.receipts, *ended.Ended)
			}
		}
	}
	return nil
}

// step runs a block with what the relay and the nodes have to send.
func (a *settling) step() error {
	txs, err := a.rounds()
	if err != nil {
		return err
	}
	for _, n := range a.people.members(a.flow.Class) {
		work, err := a.work(n)
		if err != nil {
			return err
		}
		txs = append(txs, work...)
	}
	if _, err := a.follow(txs); err != nil {
		return err
	}
	ctx, err := a.ctx()
	if err != nil {
		return err
	}
	if a.job, err = a.app.ComputeKeeper.Job(ctx, a.id); err != nil {
		return err
	}
	a.report.MostOpen = max(a.report.MostOpen, a.job.ChunksOpen)
	return nil
}

// rounds signs the transactions with the rounds of heights that are pinned, and advances the
// clock to when they are public.
func (a *settling) rounds() ([][]byte, error) {
	ctx, err := a.ctx()
	if err != nil {
		return nil, err
	}
	a.skip(2 * time.Duration(beacontypes.QuicknetPeriodSeconds) * time.Second)
	var (
		txs  [][]byte
		last uint64
	)
	for a.seeded+1 < a.height {
		a.seeded++
		round, found, err := a.app.BeaconKeeper.RoundAt(ctx, a.seeded)
		if err != nil {
			return nil, err
		}
		if !found || round == last {
			continue
		}
		last = round
		signature, err := a.beacon.Sign(round)
		if err != nil {
			return nil, err
		}
		tx, err := a.people.relay.sign(singleGas, &beacontypes.MsgSubmitRound{
			Submitter: a.people.relay.text, Round: round, Signature: signature,
		})
		if err != nil {
			return nil, err
		}
		txs = append(txs, tx)
	}
	return txs, nil
}

// work signs what a node has to send in the next block: reveals, commitments and claims.
func (a *settling) work(n *node) ([][]byte, error) {
	ctx, err := a.ctx()
	if err != nil {
		return nil, err
	}
	queries := computekeeper.NewQueryServer(a.app.ComputeKeeper)
	claimable, err := queries.Claimable(ctx, &computetypes.QueryClaimableRequest{Operator: n.operator.text})
	if err != nil {
		return nil, err
	}
	var (
		msgs    []sdk.Msg
		claims  []computetypes.ChunkRef
		commits []computetypes.CommitItem
		reveals []computetypes.RevealItem
	)
	for _, task := range claimable.Tasks {
		if task.Leading {
			claims = append(claims, task.Ref)
		}
	}
	for key, more := []byte(nil), true; more; {
		held, err := queries.Assignments(ctx, &computetypes.QueryAssignmentsRequest{
			Operator: n.operator.text, Pagination: &query.PageRequest{Key: key, Limit: 200},
		})
		if err != nil {
			return nil, err
		}
		for i := range held.Items {
			a.serve(n, &held.Items[i], &commits, &reveals)
		}
		key = held.Pagination.GetNextKey()
		more = len(key) > 0
	}
	for items := range slices.Chunk(reveals, batchItems) {
		msgs = append(msgs, &computetypes.MsgReveal{Worker: n.text, Items: items})
	}
	for items := range slices.Chunk(commits, batchItems) {
		msgs = append(msgs, &computetypes.MsgCommit{Worker: n.text, Items: items})
	}
	for items := range slices.Chunk(claims, batchItems) {
		msgs = append(msgs, &computetypes.MsgClaim{Worker: n.text, Items: items})
	}
	var txs [][]byte
	for _, msg := range msgs {
		tx, err := n.sign(chunkGas, msg)
		if err != nil {
			return nil, err
		}
		txs = append(txs, tx)
	}
	return txs, nil
}

// serve adds what a chunk requires of a node.
func (a *settling) serve(n *node, item *computetypes.WorkItem, commits *[]computetypes.CommitItem, reveals *[]computetypes.RevealItem) {
	c := &chunk{id: a.id, first: item.Ref.Task, count: item.Count}
	leaves := a.leaves[:item.Count]
	if len(item.Samples) > 0 {
		leaves = sampled(leaves, item.Samples)
	}
	root := a.root(leaves, len(item.Samples) > 0)
	switch {
	case item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_ASSIGNED:
		*commits = append(*commits, c.commitItem(n, root))
	case item.Assignment.Status == computetypes.ASSIGNMENT_STATUS_COMMITTED && item.Phase == computetypes.ROUND_PHASE_REVEAL:
		shown, siblings := leaves, []computetypes.Subtree(nil)
		if len(item.Shows) > 0 {
			shown, siblings = sampled(leaves, item.Shows), computetypes.ChunkSiblings(leaves, item.Shows)
		}
		*reveals = append(*reveals, c.revealItem(n, root, shown, siblings))
	}
}

// root returns the root over leaves. Those of whole chunks are computed once for each size.
func (a *settling) root(leaves []computetypes.Subtree, samples bool) computetypes.Subtree {
	if samples {
		return computetypes.ChunkRoot(leaves)
	}
	size := uint64(len(leaves))
	if _, known := a.roots[size]; !known {
		a.roots[size] = computetypes.ChunkRoot(leaves)
	}
	return a.roots[size]
}

// paidOnce checks that the receipts cover every task once, and that their pay is that of all
// tasks and of the samples.
func (a *settling) paidOnce() error {
	slices.SortFunc(a.receipts, func(x, y computetypes.Receipt) int { return cmp.Compare(x.Task, y.Task) })
	next, paid, owed := uint64(0), math.ZeroInt(), math.ZeroInt()
	for _, r := range a.receipts {
		if r.Task != next || r.Status != computetypes.CHUNK_STATUS_ACCEPTED || len(r.Outcomes) != 2 {
			return fmt.Errorf("array: expected an accepted receipt from task %d on with two outcomes, found %s from %d on with %d",
				next, r.Status, r.Task, len(r.Outcomes))
		}
		next += r.Count
		samples := computetypes.SampleSize(r.Count, a.job.Policy.Samples, fuel, r.Fuel)
		owed = owed.Add(a.job.Pay(r.Count)).Add(a.job.Pay(samples))
		for _, o := range r.Outcomes {
			paid = paid.Add(o.Paid)
		}
	}
	if tasks := uint64(a.report.Tasks); next != tasks || a.job.TasksAccepted != tasks || !paid.Equal(owed) { //nolint:gosec // a task count
		return fmt.Errorf("array: expected %d tasks accepted and %s paid, found %d and %s in receipts of %d tasks",
			tasks, owed, a.job.TasksAccepted, paid, next)
	}
	return nil
}
