package chain

import (
	"context"
	"errors"
	"net"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtp2p "github.com/cometbft/cometbft/proto/tendermint/p2p"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"

	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/relay"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// workNode is a node of a chain with one job, as a relay queries it.
type workNode struct {
	computetypes.UnimplementedQueryServer
	resultsOfBlock

	job     computetypes.Job
	spec    computetypes.JobSpec
	task    *computetypes.Chunk
	receipt *computetypes.Receipt
	err     error
}

func (n *workNode) GetNodeInfo(context.Context, *cmtservice.GetNodeInfoRequest) (*cmtservice.GetNodeInfoResponse, error) {
	return &cmtservice.GetNodeInfoResponse{DefaultNodeInfo: &cmtp2p.DefaultNodeInfo{Network: chainID}}, nil
}

func (n *workNode) Job(_ context.Context, req *computetypes.QueryJobRequest) (*computetypes.QueryJobResponse, error) {
	if n.err != nil {
		return nil, n.err
	}
	if req.JobId != n.job.Id {
		return nil, status.Error(codes.NotFound, "no such job")
	}
	return &computetypes.QueryJobResponse{Job: n.job, Spec: n.spec}, nil
}

func (n *workNode) Chunk(context.Context, *computetypes.QueryChunkRequest) (*computetypes.QueryChunkResponse, error) {
	if n.task == nil {
		return nil, status.Error(codes.NotFound, "no such task")
	}
	return &computetypes.QueryChunkResponse{Chunk: *n.task}, nil
}

func (n *workNode) Receipt(context.Context, *computetypes.QueryReceiptRequest) (*computetypes.QueryReceiptResponse, error) {
	if n.receipt == nil {
		return nil, status.Error(codes.NotFound, "no receipt")
	}
	return &computetypes.QueryReceiptResponse{Receipt: *n.receipt}, nil
}

// nodesByOperator knows the worker of each operator, except for operators that have retired.
type nodesByOperator struct {
	edgenodetypes.UnimplementedQueryServer
}

func (*nodesByOperator) Node(_ context.Context, req *edgenodetypes.QueryNodeRequest) (*edgenodetypes.QueryNodeResponse, error) {
	if req.Operator == "retired" {
		return nil, status.Error(codes.NotFound, "no such node")
	}
	return &edgenodetypes.QueryNodeResponse{Node: edgenodetypes.Node{Profile: edgenodetypes.NodeProfile{Operator: req.Operator, Worker: "worker of " + req.Operator}}}, nil
}

func (n *workNode) ledger(t *testing.T) *Ledger {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	computetypes.RegisterQueryServer(server, n)
	cmtservice.RegisterServiceServer(server, n)
	edgenodetypes.RegisterQueryServer(server, &nodesByOperator{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpcnode.Dial(listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	cdc, err := NewCodec()
	require.NoError(t, err)
	return NewLedger(NewReader(conn, cdc))
}

func replicas(statuses ...computetypes.AssignmentStatus) computetypes.Round {
	var round computetypes.Round
	for _, s := range statuses {
		round.Replicas = append(round.Replicas, computetypes.Assignment{Operator: s.String(), Status: s})
	}
	return round
}

func outcomes(statuses ...computetypes.AssignmentStatus) []computetypes.Outcome {
	var found []computetypes.Outcome
	for _, s := range statuses {
		found = append(found, computetypes.Outcome{Operator: s.String(), Status: s})
	}
	return found
}

// everyStatus returns each status that a node's part can have.
func everyStatus() []computetypes.AssignmentStatus {
	var all []computetypes.AssignmentStatus
	for s := computetypes.ASSIGNMENT_STATUS_CANDIDATE; s <= computetypes.ASSIGNMENT_STATUS_NO_REVEAL; s++ {
		all = append(all, s)
	}
	return all
}

func TestWhoHasAResultToDeliverWorksForABox(t *testing.T) {
	n := &workNode{
		job:  computetypes.Job{Id: "5-0-0", Tasks: 1},
		spec: computetypes.JobSpec{Sink: "https://relay.example/v1/drops/box", Resources: computetypes.Resources{OutputBytes: 77}},
		task: &computetypes.Chunk{Rounds: []computetypes.Round{replicas(everyStatus()...), {Replicas: []computetypes.Assignment{
			{Operator: "judge", Status: computetypes.ASSIGNMENT_STATUS_COMMITTED}, {Operator: "retired", Status: computetypes.ASSIGNMENT_STATUS_COMMITTED},
		}}}},
	}
	l := n.ledger(t)
	found, err := l.Task(t.Context(), "5-0-0", 0, 0)
	require.NoError(t, err)
	require.Equal(t, relay.Task{Chain: chainID, Sinks: []string{n.spec.Sink}, OutputBytes: 77, Workers: map[string]string{
		"worker of ASSIGNMENT_STATUS_COMMITTED": "ASSIGNMENT_STATUS_COMMITTED",
		"worker of ASSIGNMENT_STATUS_REVEALED":  "ASSIGNMENT_STATUS_REVEALED",
		"worker of judge":                       "judge",
	}}, found, "while it is open, whoever has committed")

	n.task, n.receipt = nil, &computetypes.Receipt{JobId: "5-0-0", Outcomes: outcomes(everyStatus()...)}
	n.job.Redelivery = &computetypes.Redelivery{Sink: "https://other.example/v1/drops/box", Height: 8, Count: 1}
	found, err = l.Task(t.Context(), "5-0-0", 0, 9)
	require.NoError(t, err)
	require.Equal(t, []string{n.spec.Sink, "https://other.example/v1/drops/box"}, found.Sinks, "and where its requester wants them again")
	require.Equal(t, map[string]string{
		"worker of ASSIGNMENT_STATUS_PAID":   "ASSIGNMENT_STATUS_PAID",
		"worker of ASSIGNMENT_STATUS_UNPAID": "ASSIGNMENT_STATUS_UNPAID",
	}, found.Workers, "once it has ended, whoever did it without fault")
}

// TestAJudgeWorksForTheBoxToWhichItIsAskedToDeliver: the spec of a judging job names no sink.
func TestAJudgeWorksForTheBoxToWhichItIsAskedToDeliver(t *testing.T) {
	n := &workNode{
		job:     computetypes.Job{Id: "5-0-0", Tasks: 1},
		spec:    computetypes.JobSpec{Resources: computetypes.Resources{OutputBytes: 77}},
		receipt: &computetypes.Receipt{JobId: "5-0-0", Count: 8, Outcomes: outcomes(computetypes.ASSIGNMENT_STATUS_PAID)},
	}
	l := n.ledger(t)
	_, err := l.Task(t.Context(), "5-0-0", 0, 9)
	require.ErrorIs(t, err, relay.ErrNoTask, "before it is asked")

	n.job.Redelivery = &computetypes.Redelivery{Sink: "https://relay.example/v1/drops/box/tasks/16", Height: 10, Count: 1}
	found, err := l.Task(t.Context(), "5-0-0", 0, 9)
	require.NoError(t, err)
	require.Equal(t, relay.Task{
		Chain: chainID, Sinks: []string{"https://relay.example/v1/drops/box/tasks/16"}, OutputBytes: 8 * 77,
		Workers: map[string]string{"worker of ASSIGNMENT_STATUS_PAID": "ASSIGNMENT_STATUS_PAID"},
	}, found)
}

// TestWhoWorkedOnATaskOfAnArrayStandsInItsBlock: the state does not keep receipts of arrays,
// but the block in which a task ended contains its receipt.
func TestWhoWorkedOnATaskOfAnArrayStandsInItsBlock(t *testing.T) {
	event := emitted(t, &computetypes.EventSweep{Changes: []computetypes.ChunkChange{ended(0), ended(3)}}, "mode", "EndBlock")
	n := &workNode{
		resultsOfBlock: resultsOfBlock{height: 9, end: []*abci.Event{&event}},
		job:            computetypes.Job{Id: "5-0-0", Tasks: 4},
		spec:           computetypes.JobSpec{Sink: "https://relay.example/v1/drops/box/tasks/{task}"},
	}
	l := n.ledger(t)
	found, err := l.Task(t.Context(), "5-0-0", 3, 9)
	require.NoError(t, err)
	require.Equal(t, []string{"https://relay.example/v1/drops/box/tasks/3"}, found.Sinks)
	require.Equal(t, map[string]string{"worker of theta1op": "theta1op"}, found.Workers)
	for _, claimed := range []struct {
		task  uint64
		ended int64
	}{{3, 0}, {3, 8}, {3, 1 << 60}, {3, -1}, {2, 9}} {
		_, err := l.Task(t.Context(), "5-0-0", claimed.task, claimed.ended)
		require.ErrorIs(t, err, relay.ErrNoTask, "%+v: what an upload claims makes no node unreachable", claimed)
	}
}

func TestWhatTheNodeDoesNotHaveIsNoTask(t *testing.T) {
	n := &workNode{job: computetypes.Job{Id: "5-0-0", Tasks: 1}}
	l := n.ledger(t)
	for _, id := range []string{"5-0-0", "6-0-0", "", "no id"} {
		_, err := l.Task(t.Context(), id, 0, 0)
		require.ErrorIs(t, err, relay.ErrNoTask, "%q: gone, or a spec that is", id)
	}
	n.err = status.Error(codes.Unavailable, "down")
	_, err := l.Task(t.Context(), "5-0-0", 0, 0)
	require.ErrorIs(t, err, ErrUnreachable)
	require.NotErrorIs(t, err, relay.ErrNoTask)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = l.Task(ctx, "5-0-0", 0, 0)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, errors.Is(err, relay.ErrNoTask))
}

func TestUploadsAreSignedWithTheWorkerKey(t *testing.T) {
	signer := testSigner{key: secp256k1.GenPrivKey()}
	uploads, l := NewUploadSigner(signer), NewLedger(nil)
	signature, err := uploads.Sign([]byte("message"))
	require.NoError(t, err)
	worker, err := l.Worker(uploads.Public(), []byte("message"), signature)
	require.NoError(t, err)
	require.Equal(t, signer.Address().String(), worker)
	for name, try := range map[string][3][]byte{
		"another message":    {uploads.Public(), []byte("massage"), signature},
		"another key":        {secp256k1.GenPrivKey().PubKey().Bytes(), []byte("message"), signature},
		"no key":             {nil, []byte("message"), signature},
		"a key that is none": {make([]byte, secp256k1.PubKeySize), []byte("message"), signature},
		"no signature":       {uploads.Public(), []byte("message"), nil},
		"a cut signature":    {uploads.Public(), []byte("message"), signature[1:]},
	} {
		_, err := l.Worker(try[0], try[1], try[2])
		require.Error(t, err, name)
	}
}
