package client

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// underReview is a task whose node has shown a result that the drop box has.
func underReview(t *testing.T) (*chain, *Client, *State) {
	t.Helper()
	chain, c, state, _, _ := fetchedJob(t)
	spec, err := state.JobSpec()
	require.NoError(t, err)
	honest := deliver(t, spec.Sink, map[string]string{"answer.txt": "forty-two\n"})
	digest, err := honest.Digest()
	require.NoError(t, err)
	chain.steps = []step{{
		task: &computetypes.Chunk{JobId: testJob, Rounds: []computetypes.Round{{
			Target: 1, Phase: computetypes.ROUND_PHASE_REVIEW, Committed: 1, Revealed: 1, ReviewDeadline: 99,
			Replicas: []computetypes.Assignment{{
				Operator: "a", Status: computetypes.ASSIGNMENT_STATUS_REVEALED,
				Tag: tagOf(testChain, 0, digest), Metrics: computetypes.Metrics{Fuel: testFuel},
			}},
		}}},
	}}
	return chain, c, state
}

func TestAResultIsLookedAtBeforeItIsJudged(t *testing.T) {
	chain, c, state := underReview(t)
	dir := filepath.Join(t.TempDir(), "result")
	found, err := c.FetchInReview(t.Context(), state, 0, dir)
	require.NoError(t, err)
	require.Equal(t, "a", found.Node)
	require.EqualValues(t, 99, found.Deadline)
	require.Equal(t, chain.steps[0].task.Rounds[0].Replicas[0].Tag, found.Tag)
	text, err := os.ReadFile(filepath.Join(dir, "answer.txt"))
	require.NoError(t, err)
	require.Equal(t, "forty-two\n", string(text))
	require.NoFileExists(t, filepath.Join(dir, "text.txt"), "others' deliveries are left alone")

	// Accepted, it is the result.
	verified, err := VerifyReceipt(testChain, &computetypes.Receipt{
		JobId: testJob, Status: computetypes.CHUNK_STATUS_ACCEPTED, Tags: [][]byte{found.Tag}, Fuel: testFuel,
	}, dir)
	require.NoError(t, err)
	require.Equal(t, found.Manifest, verified.Manifest)
}

func TestOnlyWhatWasRevealedIsShownForReview(t *testing.T) {
	chain, c, state := underReview(t)
	chain.steps[0].task.Rounds[0].Replicas[0].Tag = make([]byte, 32)
	_, err := c.FetchInReview(t.Context(), state, 0, t.TempDir())
	require.ErrorIs(t, err, ErrNotDelivered)

	chain.steps[0].task.Rounds[0].Phase = computetypes.ROUND_PHASE_REVEAL
	_, err = c.FetchInReview(t.Context(), state, 0, t.TempDir())
	require.ErrorIs(t, err, ErrNotInReview)

	chain.steps[0].task = nil
	_, err = c.FetchInReview(t.Context(), state, 0, t.TempDir())
	require.ErrorIs(t, err, ErrNotInReview, "it has ended, or there is none")
}

func TestReviewsAreOneTransactionAndNameWhatWasRefused(t *testing.T) {
	chain, signer := newChain(), newSigner()
	c := testClient(t, chain)
	items := []computetypes.ReviewItem{{JobId: testJob, Accept: true}, {JobId: testJob, Task: 3}}
	answer := &computetypes.MsgReviewResponse{Results: make([]computetypes.ItemResult, 2)}
	chain.answers = map[string]proto.Message{sdk.MsgTypeURL(&computetypes.MsgReview{}): answer}
	require.NoError(t, c.Review(t.Context(), signer, items))
	requester, err := addressText(signer.Address())
	require.NoError(t, err)
	require.Equal(t, []proto.Message{&computetypes.MsgReview{Requester: requester, Items: items}}, chain.heard)

	answer.Results[1] = computetypes.ItemResult{Code: 43, Codespace: "compute", Log: "result is not in review"}
	err = c.Review(t.Context(), signer, items)
	require.EqualError(t, err, "task 3 of job 7-0-0: result is not in review (compute 43)")

	answer.Results = answer.Results[:1]
	require.ErrorContains(t, c.Review(t.Context(), signer, items), "expected 2 answers, found 1")

	chain.answers = nil
	require.ErrorContains(t, c.Review(t.Context(), signer, items), "refused by the test")
}

func TestToppingUpSaysWhatTheJobHasNow(t *testing.T) {
	chain, signer := newChain(), newSigner()
	c := testClient(t, chain)
	answer := &computetypes.MsgTopUpJobResponse{Reserved: params.TfuelCoin(6), Tasks: 5, ExpiresHeight: 70}
	chain.answers = map[string]proto.Message{sdk.MsgTypeURL(&computetypes.MsgTopUpJob{}): answer}
	found, err := c.TopUp(t.Context(), signer, testJob, 2, 60)
	require.NoError(t, err)
	require.Equal(t, answer, found)
	requester, err := addressText(signer.Address())
	require.NoError(t, err)
	require.Equal(t, []proto.Message{
		&computetypes.MsgTopUpJob{Requester: requester, JobId: testJob, Tasks: 2, LifetimeBlocks: 60},
	}, chain.heard)

	chain.answers = nil
	_, err = c.TopUp(t.Context(), signer, testJob, 2, 60)
	require.ErrorContains(t, err, "top up job 7-0-0: the chain refused the transaction: refused by the test")
}

func TestCancellingSaysWhatCameBack(t *testing.T) {
	chain := newChain()
	chain.answers = map[string]proto.Message{
		sdk.MsgTypeURL(&computetypes.MsgCancelJob{}): &computetypes.MsgCancelJobResponse{Refund: params.TfuelCoin(2)},
	}
	refund, err := testClient(t, chain).Cancel(t.Context(), newSigner(), testJob)
	require.NoError(t, err)
	require.Equal(t, params.TfuelCoin(2), refund)
}

func TestTheMarketOfAClassIsShownAsTheChainHasIt(t *testing.T) {
	chain := newChain()
	chain.market = &computetypes.QueryMarketResponse{
		Market:    computetypes.Market{Class: "cpu-small", OpenTasks: 4, Held: 3},
		LiveNodes: 5, FundedSlots: 10, FreeSlots: 7,
	}
	c := testClient(t, chain)
	found, err := c.Market(t.Context(), "cpu-small")
	require.NoError(t, err)
	require.Equal(t, chain.market, found)
	_, err = c.Market(t.Context(), "cpu-huge")
	require.EqualError(t, err, "market of class cpu-huge: hardware class not found")
}
