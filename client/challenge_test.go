package client

import (
	"testing"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/proven"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// doubted is an array that has ended, and a chain that takes challenges of it.
func doubted(t *testing.T) (*chain, *Client, *computetypes.Job) {
	t.Helper()
	chain, c, _, job := endedArray(t)
	chain.steps = chain.steps[1:]
	chain.answers = map[string]proto.Message{sdk.MsgTypeURL(&computetypes.MsgChallenge{}): &computetypes.MsgChallengeResponse{
		JudgingJob: "30-0-0", Reserved: params.TfuelCoin(8), PostingFee: sdk.NewInt64Coin(params.BaseDenom, 9),
	}}
	return chain, c, job
}

func TestAChallengeSaysWhatItCostsAndShowsWhereTheReceiptStands(t *testing.T) {
	chain, c, job := doubted(t)
	signer := newSigner()
	prepared, err := c.PrepareChallenge(t.Context(), signer, testJob, 2, "")
	require.NoError(t, err)
	require.Equal(t, params.TfuelCoin(8), prepared.Reserved)
	require.EqualValues(t, 9, prepared.PostingFee.Amount.Int64())
	require.EqualValues(t, 140_000, prepared.Posting.Gas)
	require.Empty(t, chain.heard, "nothing was sent")

	judging, err := c.Challenge(t.Context(), signer, prepared)
	require.NoError(t, err)
	require.Equal(t, "30-0-0", judging)
	require.Len(t, chain.heard, 1)
	sent := chain.heard[0].(*computetypes.MsgChallenge)
	require.EqualValues(t, 2, sent.Task)
	require.EqualValues(t, 2, sent.Proof.Receipt.Task)
	var frontier [][]byte
	tree, err := proven.ReadArray(t.Context(), c, job)
	require.NoError(t, err)
	for i, receipt := range tree.Receipts() {
		leaf, err := computetypes.ReceiptLeaf(receipt)
		require.NoError(t, err)
		frontier = computetypes.AppendLeaf(frontier, uint64(i), leaf)
	}
	leaf, err := computetypes.ReceiptLeaf(sent.Proof.Receipt)
	require.NoError(t, err)
	require.True(t, computetypes.VerifyFrontierPath(frontier, arrayDropped, sent.Proof.Index, leaf, sent.Proof.Path))

	_, err = c.PrepareChallenge(t.Context(), signer, testJob, arrayDropped, "")
	require.ErrorIs(t, err, proven.ErrNoTask)
}

func TestAChallengeIsSentAnewWhenTheTreeHasGrownOverItsProof(t *testing.T) {
	chain, c, _ := doubted(t)
	signer := newSigner()
	prepared, err := c.PrepareChallenge(t.Context(), signer, testJob, 2, "")
	require.NoError(t, err)
	chain.refusals = []*errorsmod.Error{computetypes.ErrReceiptNotFound}
	judging, err := c.Challenge(t.Context(), signer, prepared)
	require.NoError(t, err)
	require.Equal(t, "30-0-0", judging)
	require.Len(t, chain.heard, 2)

	chain.refusals = []*errorsmod.Error{computetypes.ErrChallengeLate}
	_, err = c.Challenge(t.Context(), signer, prepared)
	require.ErrorContains(t, err, computetypes.ErrChallengeLate.Error())
	require.Len(t, chain.heard, 3, "and of no other refusal")
}

func TestReceiptsThatANodeLeavesOutAreMissed(t *testing.T) {
	chain, c, _ := doubted(t)
	delete(chain.ended, 14)
	_, err := c.PrepareChallenge(t.Context(), newSigner(), testJob, 2, "")
	require.ErrorContains(t, err, "expected 5 receipts of job 7-0-0, found 3")
}

func TestAJobThatJudgesNothingHasNoVerdict(t *testing.T) {
	_, c, _, settlement, _ := fetchedJob(t)
	settlement.Receipt.Height = 12
	_, err := c.AwaitVerdict(t.Context(), testJob, func(Progress) {})
	require.ErrorContains(t, err, "expected the verdict of job 7-0-0 in block 12, found none")
}

// TestAChunkIsChallengedAsAWholeWithoutItsResults: the results of a node that has delivered
// nothing are nowhere.
func TestAChunkIsChallengedAsAWholeWithoutItsResults(t *testing.T) {
	node, c, _, _ := chunkedArray(t, nil)
	_, receipt := node.deliver(0, 4, 12)
	prepared := &Challenge{JobID: testJob, Task: 2, First: 2, Tasks: 1, msg: &computetypes.MsgChallenge{
		Task: 2, Proof: &computetypes.ReceiptProof{Receipt: receipt},
	}}
	require.NoError(t, c.proveLeaf(prepared))
	require.Nil(t, prepared.msg.Leaf)
	require.Empty(t, prepared.msg.Siblings)
	require.Equal(t, []uint64{2, 0, 4}, []uint64{prepared.msg.Task, prepared.First, prepared.Tasks})

	prepared.results = t.TempDir()
	require.ErrorContains(t, c.proveLeaf(prepared), "leave --out out: all 4 tasks of the chunk are then judged, and you pay for all of them")
}

func TestJudgesAreAskedForTheChunkThatTheyHaveJudged(t *testing.T) {
	packed, err := packedArray(t, startRelay(t), 12, "policy: {audit: 100%}\nchunk: 6")
	require.NoError(t, err)
	chain := newChain()
	c := testClient(t, chain)
	state, err := c.NewState(packed)
	require.NoError(t, err)
	state.JobID = testJob
	sink, err := state.sink()
	require.NoError(t, err)
	judging := computetypes.Job{
		Id: "30-0-0", Status: computetypes.JOB_STATUS_COMPLETED, Tasks: 2, TasksEnded: 2, TasksAccepted: 2,
		Challenged: &computetypes.ChallengedTask{JobId: testJob, Task: 4, Chunk: 4, Count: 2},
	}
	chain.steps = []step{{job: judging, spec: packed.Spec}}
	asked, err := c.PrepareJudges(t.Context(), state, "30-0-0")
	require.NoError(t, err)
	require.Equal(t, []string{"30-0-0", computetypes.TaskSink(sink, 4)}, []string{asked.JobID, asked.Sink})
	require.NotContains(t, asked.Sink, "{task}")
	require.Equal(t, map[uint64]string{4: "30-0-0"}, state.Judges)

	for name, change := range map[string]func(*computetypes.ChallengedTask){
		"another job's chunk": func(of *computetypes.ChallengedTask) { of.JobId = "1-0-0" },
		"one task of a chunk": func(of *computetypes.ChallengedTask) { of.Task, of.Count = 5, 1 },
	} {
		other := *judging.Challenged
		change(&other)
		answer := judging
		answer.Challenged = &other
		chain.steps = []step{{job: answer, spec: packed.Spec}}
		_, err = c.PrepareJudges(t.Context(), state, "30-0-0")
		require.ErrorContains(t, err, "expected a job that has judged a chunk", name)
	}
	judging.Challenged = nil
	chain.steps = []step{{job: judging, spec: packed.Spec}}
	_, err = c.PrepareJudges(t.Context(), state, "30-0-0")
	require.ErrorContains(t, err, "expected a job that has judged a chunk")
}
