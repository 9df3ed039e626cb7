//go:build system

package systemtests

import (
	"bytes"
	"cmp"
	"context"
	"math/bits"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	"github.com/cosmos/cosmos-sdk/types/tx"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// millionTasks is the largest number of tasks of a job.
	millionTasks = computetypes.MaxTasks
	// millionChunk is the number of tasks of a chunk.
	millionChunk = 256
	// wantedTasks is the number of accepted tasks after which the requester cancels.
	wantedTasks = 10_000
	// millionPlaces is the number of chunks that each of the three nodes runs at once.
	millionPlaces = 4
	// millionPatience is the longest time that the wanted tasks may take.
	millionPatience = 4 * time.Minute
)

// echoFuel is an amount of fuel that echo needs, and a little more.
const echoFuel = 32_000

// echo is a module that writes its arguments to its standard output, with a zero byte after
// each.
var echo = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x12\x03" + // types
	"\x60\x02\x7f\x7f\x01\x7f" + // 0: (i32, i32) -> i32
	"\x60\x04\x7f\x7f\x7f\x7f\x01\x7f" + // 1: (i32, i32, i32, i32) -> i32
	"\x60\x00\x00" + // 2: () -> ()
	"\x02\x6d\x03" + // imports
	"\x16wasi_snapshot_preview1\x0eargs_sizes_get\x00\x00" +
	"\x16wasi_snapshot_preview1\x08args_get\x00\x00" +
	"\x16wasi_snapshot_preview1\x08fd_write\x00\x01" +
	"\x03\x02\x01\x02" + // function 3 has type 2
	"\x05\x03\x01\x00\x01" + // one page of memory
	"\x07\x13\x02\x06_start\x00\x03\x06memory\x02\x00" +
	"\x0a\x31\x01\x2f\x00" + // its body, without locals
	"\x41\x00\x41\x04\x10\x00\x1a" + // args_sizes_get(0, 4): bytes of all arguments at 4
	"\x41\x80\x08\x41\x80\x10\x10\x01\x1a" + // args_get(1024, 2048): their text at 2048
	"\x41\x08\x41\x80\x10\x36\x02\x00" + // the text to write is at 2048,
	"\x41\x0c\x41\x04\x28\x02\x00\x36\x02\x00" + // and its length is at 4
	"\x41\x01\x41\x08\x41\x01\x41\x10\x10\x02\x1a" + // fd_write(1, 8, 1, 16)
	"\x0b")

func TestMillionTasksPostAtOnceAndCancelRefundsToTheUnit(t *testing.T) {
	network := startLargeNetwork(t)
	m := newMillion(t, network)
	ctx, cancel := context.WithTimeout(t.Context(), millionPatience)
	defer cancel()

	before := m.balance(ctx)
	fees := m.execute(ctx, &computetypes.MsgPostJob{Requester: m.requester, Spec: m.spec})
	posted := m.job(ctx)
	require.Equal(t, uint64(millionTasks), posted.Tasks)
	require.Equal(t, posted.TaskReserve.MulRaw(millionTasks), posted.Reserved, "all of it is in escrow")
	m.await(ctx, posted, func(j computetypes.Job) bool { return j.TasksAccepted >= wantedTasks })

	fees = fees.Add(m.execute(ctx, &computetypes.MsgCancelJob{Requester: m.requester, JobId: posted.Id}))
	job := m.await(ctx, posted, func(j computetypes.Job) bool { return j.Ended() })
	spent := before.Sub(m.balance(ctx))

	require.Equal(t, computetypes.JOB_STATUS_CANCELLED, job.Status)
	receipts := m.receipts(ctx, job)
	m.requireCounts(job, receipts)
	m.requireBits(ctx, job, receipts)
	m.requireProven(job, receipts)
	m.requireMoney(ctx, job, receipts, spent, fees)
	m.requireDelivered(ctx, receipts)
	requireUnharmed(t, network, &devnet.Run{Settlement: &client.Settlement{}})
}

// startLargeNetwork runs three nodes that hold many chunks at once.
func startLargeNetwork(t *testing.T) *devnet.Devnet {
	t.Helper()
	options := devnet.DefaultOptions()
	options.Dir, options.Bin, options.ChainID = filepath.Join(t.TempDir(), "network"), filepath.Join(root(t), "build"), "theta-system-1"
	options.Log = t.Output()
	options.Slots, options.Bond = millionPlaces, 200
	// A window may contain more chunks than the nodes take at once.
	options.Params = map[string]map[string]any{"compute": {"max_draws": 20}}
	network, err := devnet.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, network.Stop()) })
	return network
}

// million is a job of a million tasks.
type million struct {
	t         *testing.T
	network   *devnet.Devnet
	relay     *transfer.Client
	token     blob.Token
	requester string
	spec      computetypes.JobSpec
}

func newMillion(t *testing.T, network *devnet.Devnet) *million {
	t.Helper()
	relay, err := transfer.NewClient(transfer.ClientConfig{Relay: network.Relay()})
	require.NoError(t, err)
	program, err := relay.PutBlob(t.Context(), bytes.NewReader(echo), int64(len(echo)))
	require.NoError(t, err)
	token, err := blob.NewToken()
	require.NoError(t, err)
	box, err := blob.BoxOf(token)
	require.NoError(t, err)
	return &million{t: t, network: network, relay: relay, token: token, requester: network.Address(devnet.Alice), spec: computetypes.JobSpec{
		Executor: "wasm/1", Class: "cpu-small", Tasks: millionTasks, ChunkTasks: millionChunk, Args: []string{"task {task}"},
		Program: computetypes.Blob{Sha256: program[:], Size_: uint64(len(echo)), Uris: []string{relay.BlobURL(program)}},
		// An audit would sample too many tasks that use much less fuel than they may.
		Resources: computetypes.Resources{Fuel: echoFuel, MemoryBytes: 1 << 20, OutputBytes: 4 << 10},
		Policy:    computetypes.Policy{Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: 500, Auditors: 1},
		Reward:    sdk.NewCoin(params.BaseDenom, computetypes.DefaultParams().Denoms[0].MinReward),
		Sink:      relay.TaskBoxesURL(box), PrepareBlocks: 15, CommitBlocks: 60, LifetimeBlocks: 5_000,
	}}
}

// balance returns the requester's balance of the base denom.
func (m *million) balance(ctx context.Context) math.Int {
	answer, err := banktypes.NewQueryClient(m.network.Conn()).Balance(ctx, &banktypes.QueryBalanceRequest{Address: m.requester, Denom: params.BaseDenom})
	require.NoError(m.t, err)
	return answer.Balance.Amount
}

// execute sends one message in a separate tx and returns the fee that it paid.
func (m *million) execute(ctx context.Context, msg sdk.Msg) math.Int {
	signer, err := m.network.Signer(devnet.Alice)
	require.NoError(m.t, err)
	c, err := m.network.Client(ctx)
	require.NoError(m.t, err)
	response, err := c.Execute(ctx, signer, msg)
	require.NoError(m.t, err)
	// The validator indexes a block some time after it has committed it.
	var included *tx.GetTxResponse
	require.NoError(m.t, m.network.Await(ctx, time.Minute, "the index of the tx", func() (bool, error) {
		var err error
		included, err = tx.NewServiceClient(m.network.Conn()).GetTx(ctx, &tx.GetTxRequest{Hash: response.TxHash})
		return err == nil, err
	}))
	fee := included.Tx.AuthInfo.Fee
	m.t.Logf("%s: height %d, %d gas of %d, %d bytes", sdk.MsgTypeURL(msg), response.Height, response.GasUsed, fee.GasLimit, included.Tx.Size())
	return fee.Amount.AmountOf(params.BaseDenom)
}

func (m *million) job(ctx context.Context) computetypes.Job {
	answer, err := computetypes.NewQueryClient(m.network.Conn()).Jobs(ctx, &computetypes.QueryJobsRequest{Requester: m.requester})
	require.NoError(m.t, err)
	require.Len(m.t, answer.Jobs, 1)
	return answer.Jobs[0]
}

// await follows the job until wanted reports true.
func (m *million) await(ctx context.Context, posted computetypes.Job, wanted func(computetypes.Job) bool) computetypes.Job {
	started := time.Now()
	for {
		job := m.job(ctx)
		c, err := m.network.Client(ctx)
		require.NoError(m.t, err)
		height, err := c.Height(ctx)
		require.NoError(m.t, err)
		m.t.Logf("%5.1fs, %3d blocks after posting: %d opened, %d accepted, %d active",
			time.Since(started).Seconds(), height-posted.PostedHeight, job.TasksOpened, job.TasksAccepted, job.Active())
		if wanted(job) {
			return job
		}
		select {
		case <-ctx.Done():
			m.t.Fatalf("%+v\n%v", job, m.network.Logs())
		case failure := <-m.network.Failure():
			m.t.Fatal(failure)
		case <-time.After(2 * time.Second):
		}
	}
}

// receipts returns the receipts from the events of blocks, in order of settlement: by block,
// and within a block by task.
func (m *million) receipts(ctx context.Context, job computetypes.Job) []computetypes.Receipt {
	codec, err := chain.NewCodec()
	require.NoError(m.t, err)
	reader := chain.NewReader(m.network.Conn(), codec)
	var all []computetypes.Receipt
	for height := job.PostedHeight; height <= job.ClosedHeight; height++ {
		ended, err := reader.EndedAt(ctx, height)
		require.NoError(m.t, err)
		slices.SortFunc(ended, func(x, y computetypes.Receipt) int { return cmp.Compare(x.Task, y.Task) })
		all = append(all, ended...)
	}
	return all
}

// requireCounts compares the job's counts with the receipts. Their chunks contain each opened
// task once.
func (m *million) requireCounts(job computetypes.Job, receipts []computetypes.Receipt) {
	byStatus := map[computetypes.ChunkStatus]uint64{}
	audited := 0
	seen := make([]bool, job.TasksOpened)
	for _, r := range receipts {
		require.Equal(m.t, job.Id, r.JobId)
		require.LessOrEqual(m.t, r.Tasks(), uint64(millionChunk))
		for task := r.Task; task < r.Task+r.Tasks(); task++ {
			require.False(m.t, seen[task], "task %d has two receipts", task)
			seen[task] = true
		}
		byStatus[r.Status] += r.Tasks()
		if r.Audited {
			audited++
		}
	}
	m.t.Logf("%d receipts, %d of them audited, tasks: %v", len(receipts), audited, byStatus)
	accepted, cancelled := byStatus[computetypes.CHUNK_STATUS_ACCEPTED], byStatus[computetypes.CHUNK_STATUS_CANCELLED]
	require.NotContains(m.t, seen, false, "an opened task without a receipt")
	require.Equal(m.t, accepted+cancelled, job.TasksOpened, "nothing else became of any task")
	require.Equal(m.t, accepted, job.TasksAccepted)
	require.Equal(m.t, uint64(len(receipts)), job.ChunksEnded)
	require.Equal(m.t, uint64(millionTasks), job.TasksEnded)
	require.Equal(m.t, millionTasks-job.TasksOpened, job.TasksDropped)
}

// requireBits compares the job's bits with the receipts.
func (m *million) requireBits(ctx context.Context, job computetypes.Job, receipts []computetypes.Receipt) {
	answer, err := computetypes.NewQueryClient(m.network.Conn()).TaskBits(ctx, &computetypes.QueryTaskBitsRequest{
		JobId: job.Id, Pagination: &query.PageRequest{Limit: 1_000},
	})
	require.NoError(m.t, err)
	bits := map[uint64]computetypes.TaskBits{}
	ended, accepted := uint64(0), uint64(0)
	for _, entry := range answer.TaskBits {
		require.Len(m.t, entry.Bits.Ended, computetypes.TaskBitsLen/8)
		bits[entry.Index] = entry.Bits
		ended, accepted = ended+ones(entry.Bits.Ended), accepted+ones(entry.Bits.Accepted)
	}
	require.Equal(m.t, job.TasksOpened, ended)
	require.Equal(m.t, job.TasksAccepted, accepted)
	for _, r := range receipts {
		for task := r.Task; task < r.Task+r.Tasks(); task++ {
			page := bits[task/computetypes.TaskBitsLen]
			require.True(m.t, page.HasEnded(task%computetypes.TaskBitsLen), "task %d", task)
			require.Equal(m.t, r.Status == computetypes.CHUNK_STATUS_ACCEPTED, page.HasAccepted(task%computetypes.TaskBitsLen), "task %d", task)
		}
	}
}

func ones(bitmap []byte) uint64 {
	n := 0
	for _, b := range bitmap {
		n += bits.OnesCount8(b)
	}
	return uint64(n)
}

// requireProven requires that the job's root is that of the receipts, and that each receipt
// is proven under it at its place and nowhere else.
func (m *million) requireProven(job computetypes.Job, receipts []computetypes.Receipt) {
	leaves := make([][]byte, len(receipts))
	for i, r := range receipts {
		var err error
		leaves[i], err = computetypes.ReceiptLeaf(r)
		require.NoError(m.t, err)
	}
	require.Equal(m.t, computetypes.MerkleRoot(leaves), job.ResultsRoot)
	n := uint64(len(leaves))
	for _, index := range []uint64{0, 1, n / 2, n - 1} {
		path := computetypes.MerklePath(leaves, index)
		require.True(m.t, computetypes.VerifyMerklePath(job.ResultsRoot, n, index, leaves[index], path), "receipt %d", index)
		other := leaves[(index+1)%n]
		require.False(m.t, computetypes.VerifyMerklePath(job.ResultsRoot, n, index, other, path), "another receipt in place of %d", index)
	}
}

// requireMoney requires that the requester has paid exactly what receipts report, including
// burned seats, the posting fee and gas.
func (m *million) requireMoney(ctx context.Context, job computetypes.Job, receipts []computetypes.Receipt, spent, fees math.Int) {
	answer, err := computetypes.NewQueryClient(m.network.Conn()).Params(ctx, &computetypes.QueryParamsRequest{})
	require.NoError(m.t, err)
	paid, burned := math.ZeroInt(), math.ZeroInt()
	for _, r := range receipts {
		burned = burned.Add(r.Burned)
		for _, outcome := range r.Outcomes {
			require.True(m.t, outcome.Slashed.IsZero(), "%s lost %s over task %d", outcome.Operator, outcome.Slashed, r.Task)
			paid = paid.Add(outcome.Paid)
		}
	}
	posting := answer.Params.PostingFee(m.spec.Size())
	m.t.Logf("paid to nodes %s, burned %s, posting fee %s, gas %s, refunded %s", paid, burned, posting, fees, job.Refunded)
	require.True(m.t, paid.GTE(m.spec.Reward.Amount.MulRaw(wantedTasks)))
	require.Equal(m.t, paid.Add(burned).Add(posting).Add(fees).String(), spent.String())
	require.Equal(m.t, job.TaskReserve.MulRaw(millionTasks).Sub(paid).Sub(burned).String(), job.Refunded.String())
	require.True(m.t, job.Reserved.IsZero())
	market, err := computetypes.NewQueryClient(m.network.Conn()).Market(ctx, &computetypes.QueryMarketRequest{Class: m.spec.Class})
	require.NoError(m.t, err)
	require.Zero(m.t, market.Market.OpenTasks)
	require.Zero(m.t, market.Market.Held)
}
