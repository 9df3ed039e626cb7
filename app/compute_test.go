package app_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// openMarket returns a chain with five nodes that count in draws.
func openMarket(t *testing.T, options ...apptest.Option) (*edge.Network, *apptest.Chain) {
	t.Helper()
	return marketOf(t, 5, options...)
}

// marketOf returns a chain with this many nodes that count in draws.
func marketOf(t *testing.T, nodes int, options ...apptest.Option) (*edge.Network, *apptest.Chain) {
	t.Helper()
	network := edge.New(t, nodes, 0)
	chain := apptest.New(t, append(network.Options(), options...)...)
	for _, result := range chain.NextBlock(network.Register(chain)...).TxResults {
		require.Zero(t, result.Code, "%s", result.Log)
	}
	for range 30 {
		chain.NextBlock(network.Act(chain)...)
		epoch, err := chain.App.EdgenodeKeeper.Epoch(chain.Ctx())
		require.NoError(t, err)
		class, err := chain.App.EdgenodeKeeper.ClassSnapshot(chain.Ctx(), edge.Class, epoch)
		require.NoError(t, err)
		if class.Nodes == uint64(nodes) {
			return network, chain
		}
	}
	require.Fail(t, "the nodes never counted")
	return nil, nil
}

func postJob(requester string) *computetypes.MsgPostJob {
	sum := sha256.Sum256([]byte("program"))
	return &computetypes.MsgPostJob{Requester: requester, Spec: computetypes.JobSpec{
		Executor: "wasm/1", Class: edge.Class, Tasks: 1,
		Program:       computetypes.Blob{Sha256: sum[:], Size_: 7, Uris: []string{"http://127.0.0.1:1/program"}},
		Resources:     computetypes.Resources{Fuel: 1_000_000, MemoryBytes: 1 << 20, OutputBytes: 1 << 20},
		Policy:        computetypes.Policy{Kind: computetypes.POLICY_KIND_QUORUM, Replicas: 3},
		Reward:        params.TfuelCoin(1),
		PrepareBlocks: 10, CommitBlocks: 40, LifetimeBlocks: 300,
		Sink: "http://127.0.0.1:1/v1/drops/00",
	}}
}

// postedIDs reads the job ids from the responses of a tx, as clients do.
func postedIDs(t *testing.T, result *abci.ExecTxResult) []string {
	t.Helper()
	require.Zero(t, result.Code, "%s", result.Log)
	var data sdk.TxMsgData
	require.NoError(t, proto.Unmarshal(result.Data, &data))
	var ids []string
	read := func(bz []byte) {
		var response computetypes.MsgPostJobResponse
		require.NoError(t, response.Unmarshal(bz))
		ids = append(ids, response.JobId)
	}
	for _, response := range data.MsgResponses {
		if response.TypeUrl != sdk.MsgTypeURL(&authz.MsgExecResponse{}) {
			read(response.Value)
			continue
		}
		var inner authz.MsgExecResponse
		require.NoError(t, inner.Unmarshal(response.Value))
		for _, bz := range inner.Results {
			read(bz)
		}
	}
	return ids
}

func jobsOf(t *testing.T, chain *apptest.Chain, requester string) []computetypes.Job {
	t.Helper()
	response, err := computekeeper.NewQueryServer(chain.App.ComputeKeeper).Jobs(
		chain.Ctx(), &computetypes.QueryJobsRequest{Requester: requester})
	require.NoError(t, err)
	return response.Jobs
}

func TestJobsOfManyMessagesOfOneTxHaveIDsOfTheirOwn(t *testing.T) {
	network, chain := openMarket(t)
	me, friend := network.Requester, network.Relay
	chain.MustDeliver(me, grant(t, chain, me, friend))

	msg := postJob(me.String())
	exec := authz.NewMsgExec(friend.Address, []sdk.Msg{msg, msg})
	balance := chain.Balance(friend.Address, params.BaseDenom)
	response := chain.NextBlock(
		chain.Sign(me, []sdk.Msg{msg, msg, msg}, apptest.WithGas(5_000_000)),
		chain.Sign(friend, []sdk.Msg{&exec}, apptest.WithGas(5_000_000)),
	)
	height := chain.Height()
	require.Equal(t, []string{
		fmt.Sprintf("%d-0-0", height), fmt.Sprintf("%d-0-1", height), fmt.Sprintf("%d-0-2", height),
	}, postedIDs(t, response.TxResults[0]))
	require.Equal(t, []string{
		fmt.Sprintf("%d-1-0", height), fmt.Sprintf("%d-1-1", height),
	}, postedIDs(t, response.TxResults[1]))
	require.Len(t, jobsOf(t, chain, me.String()), 5, "whoever granted it is the requester")
	require.Equal(t, balance.Sub(apptest.MinFee(5_000_000)[0].Amount), chain.Balance(friend.Address, params.BaseDenom),
		"the grantee pays gas and nothing else")
	edge.RequireInvariants(t, chain)
	finish(t, network, chain, me.String())
}

func grant(t *testing.T, chain *apptest.Chain, from, to apptest.Account) sdk.Msg {
	t.Helper()
	expiry := chain.Time().Add(time.Hour)
	msg, err := authz.NewMsgGrant(from.Address, to.Address,
		authz.NewGenericAuthorization(sdk.MsgTypeURL(&computetypes.MsgPostJob{})), &expiry)
	require.NoError(t, err)
	return msg
}

// finish lets all nodes act until the requester's jobs have completed.
func finish(t *testing.T, network *edge.Network, chain *apptest.Chain, requester string) {
	t.Helper()
	for range 60 {
		open := false
		for _, job := range jobsOf(t, chain, requester) {
			open = open || !job.Ended()
		}
		if !open {
			break
		}
		chain.NextBlock(network.Act(chain)...)
		edge.RequireInvariants(t, chain)
	}
	for _, job := range jobsOf(t, chain, requester) {
		require.Equal(t, computetypes.JOB_STATUS_COMPLETED, job.Status, "job %s", job.Id)
	}
}

func TestATxThatFailsHalfWayPostsNothing(t *testing.T) {
	network, chain := openMarket(t)
	good, bad := postJob(network.Requester.String()), postJob(network.Requester.String())
	bad.Spec.Reward.Denom = "unknown"
	before := chain.Balance(network.Requester.Address, params.BaseDenom)
	result := chain.Deliver(network.Requester, good, bad)
	require.Equal(t, computetypes.ErrInvalidReward.ABCICode(), result.Code)
	require.Equal(t, computetypes.ModuleName, result.Codespace)
	require.Contains(t, result.Log, "denom unknown is not accepted")
	require.Empty(t, jobsOf(t, chain, network.Requester.String()))
	fee := before.Sub(chain.Balance(network.Requester.Address, params.BaseDenom))
	require.Equal(t, apptest.MinFee(2_000_000)[0].Amount, fee, "gas and nothing else")
	edge.RequireInvariants(t, chain)
}

func TestNobodySpendsInTheNameOfAnother(t *testing.T) {
	network, chain := openMarket(t)
	thief := network.Relay
	msg := postJob(network.Requester.String())
	require.NotZero(t, chain.Deliver(thief, msg).Code, "signed by another key")
	exec := authz.NewMsgExec(thief.Address, []sdk.Msg{msg})
	result := chain.Deliver(thief, &exec)
	require.NotZero(t, result.Code)
	require.Contains(t, result.Log, "authorization not found")
	require.Empty(t, jobsOf(t, chain, network.Requester.String()))
	params := computetypes.DefaultParams()
	require.NotZero(t, chain.Deliver(thief, &computetypes.MsgUpdateParams{Authority: thief.String(), Params: params}).Code)
	edge.RequireInvariants(t, chain)
}

func hastyGov(cdc codec.Codec, genesis map[string]json.RawMessage) {
	var gov govv1.GenesisState
	cdc.MustUnmarshalJSON(genesis[govtypes.ModuleName], &gov)
	voting, hasty := 6*time.Second, 3*time.Second
	gov.Params.VotingPeriod, gov.Params.ExpeditedVotingPeriod = &voting, &hasty
	genesis[govtypes.ModuleName] = cdc.MustMarshalJSON(&gov)
}

// A proposal's messages run at the end of a block, outside of a transaction.
func TestGovernanceCanPostAJob(t *testing.T) {
	network, chain := openMarket(t, apptest.WithGenesis(hastyGov))
	treasury := authtypes.NewModuleAddress(govtypes.ModuleName)
	me := network.Requester
	propose, err := govv1.NewMsgSubmitProposal([]sdk.Msg{postJob(treasury.String())},
		sdk.NewCoins(params.TfuelCoin(1_000)), me.String(), "", "a job", "for the good of all", false)
	require.NoError(t, err)
	chain.MustDeliver(me, banktypes.NewMsgSend(me.Address, treasury, sdk.NewCoins(params.TfuelCoin(50))))
	chain.MustDeliver(me, propose)
	txs := [][]byte{chain.Sign(chain.Validator, []sdk.Msg{govv1.NewMsgVote(chain.Validator.Address, 1, govv1.OptionYes, "")})}
	for _, node := range network.Nodes {
		txs = append(txs, chain.Sign(node.Operator, []sdk.Msg{govv1.NewMsgVote(node.Operator.Address, 1, govv1.OptionYes, "")}))
	}
	for _, result := range chain.NextBlock(txs...).TxResults {
		require.Zero(t, result.Code, "%s", result.Log)
	}
	for range 10 {
		if len(jobsOf(t, chain, treasury.String())) > 0 {
			break
		}
		chain.NextBlock(network.Act(chain)...)
	}
	jobs := jobsOf(t, chain, treasury.String())
	require.Len(t, jobs, 1, "the proposal passed and posted")
	require.Equal(t, fmt.Sprintf("%d-%d-0", chain.Height(), uint32(computetypes.NoTxIndex)), jobs[0].Id)
	edge.RequireInvariants(t, chain)
	finish(t, network, chain, treasury.String())
}
