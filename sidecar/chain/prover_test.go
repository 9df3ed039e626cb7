// The race detector would have to compile the whole app for these tests.
//go:build !race

package chain_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/rpcnode"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// stage is a chain on which nodes work, together with a node that can be queried.
type stage struct {
	t       *testing.T
	network *edge.Network
	chain   *apptest.Chain
	node    *rpcnode.Node
	ref     computetypes.ChunkRef
}

// postAt is the height of the block that contains the job. By then, the first epoch has
// weighed the nodes.
const postAt = 14

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, network: edge.New(t, 5, 0)}
	s.chain = apptest.New(t, s.network.Options()...)
	s.node = rpcnode.Start(t, s.chain, "validators", time.Now().Add(-time.Hour))
	for block := range postAt + 1 {
		txs := s.network.Act(s.chain)
		switch block {
		case 0:
			txs = append(txs, s.network.Register(s.chain)...)
		case postAt:
			txs = append(txs, s.network.Post(s.chain, params.TfuelCoin(1)))
		}
		s.chain.NextBlock(txs...)
	}
	s.ref = computetypes.ChunkRef{JobId: s.network.Jobs(s.chain)[0].Id}
	return s
}

// idle makes a block in which no node sends a message. At first, the beacon continues.
func (s *stage) idle(waited int) {
	if waited > 2 {
		s.chain.NextBlock()
		return
	}
	nodes := s.network.Nodes
	s.network.Nodes = nil
	s.next()
	s.network.Nodes = nodes
}

func (s *stage) next() { s.chain.NextBlock(s.network.Act(s.chain)...) }

// task returns the task's record on the chain, or nil if it does not exist.
func (s *stage) task() *computetypes.Chunk {
	key, err := computetypes.ChunkStoreKey(s.id(), 0)
	require.NoError(s.t, err)
	answer, err := s.chain.App.Query(s.t.Context(), &abci.RequestQuery{Path: "/store/compute/key", Data: key})
	require.NoError(s.t, err)
	if len(answer.Value) == 0 {
		return nil
	}
	var task computetypes.Chunk
	require.NoError(s.t, task.Unmarshal(answer.Value))
	return &task
}

func (s *stage) id() computetypes.JobID {
	id, err := computetypes.ParseJobID(s.ref.JobId)
	require.NoError(s.t, err)
	return id
}

// until makes blocks until the round waits for a phase. It returns the task.
func (s *stage) until(phase computetypes.RoundPhase, committed uint32) *computetypes.Chunk {
	for range 60 {
		if task := s.task(); task != nil && len(task.Rounds) > 0 && task.Rounds[0].Phase == phase && task.Rounds[0].Committed >= committed {
			return task
		}
		s.next()
	}
	require.FailNow(s.t, "the round does not come to", phase)
	return nil
}

func (s *stage) prover(change func(*chain.ProverConfig)) *chain.Prover {
	cfg := chain.ProverConfig{
		ChainID: apptest.ChainID, Verify: chain.VerifyProof, Conn: s.node.Conn(), File: filepath.Join(s.t.TempDir(), "trusted.json"),
		Root: proven.Root{Height: 3, Hash: s.node.Header(3).Hash()},
	}
	if change != nil {
		change(&cfg)
	}
	return chain.NewProver(cfg)
}

func prove(t *testing.T, p *chain.Prover, ref computetypes.ChunkRef) chain.Proven {
	t.Helper()
	list, err := p.Tasks(t.Context(), []computetypes.ChunkRef{ref})
	require.NoError(t, err)
	require.NoError(t, list[0].Err)
	return list[0]
}

func TestATaskIsProvenToAllowWhatItAllowsAndNothingSooner(t *testing.T) {
	s := newStage(t)
	p := s.prover(nil)
	open := map[int64]bool{}
	var shown, ended, waited int
	for range 60 {
		// A node that waits for a proof reveals slightly later than one that trusts its own
		// node, because the chain records that no auditors join only when its queue reaches
		// the task.
		if task := s.task(); task == nil || len(task.Rounds) == 0 || task.Rounds[0].Phase == computetypes.ROUND_PHASE_COMMIT || waited > 15 {
			s.next()
		} else {
			s.idle(waited)
			waited++
		}
		task := s.task()
		if task != nil && len(task.Rounds) > 0 {
			open[s.chain.Height()] = task.Rounds[0].Phase == computetypes.ROUND_PHASE_REVEAL
		} else {
			open[s.chain.Height()] = task == nil
		}
		found := prove(t, p, s.ref)
		want, played := open[found.Height]
		if !played {
			continue
		}
		require.Equal(t, want, found.AllCommitted(0), "after block %d", found.Height)
		require.NotNil(t, found.Spec)
		require.Equal(t, computetypes.TaskSink(found.Spec.Sink, 0), found.Sink())
		switch {
		case found.Task == nil:
			require.True(t, found.Ended())
			ended++
		case len(found.Task.Rounds) > 0:
			for _, a := range found.Task.Rounds[0].Replicas {
				require.Equal(t, want && len(a.Commitment) > 0, found.Reveals(0, a.Operator, a.Commitment))
				require.False(t, found.Reveals(0, a.Operator, make([]byte, 32)), "another commitment")
				require.False(t, found.Reveals(1, a.Operator, a.Commitment), "another round")
				require.False(t, found.Opens(0, a.Operator, a.Commitment), "no later round runs")
			}
			require.False(t, found.Reveals(0, s.network.Requester.String(), make([]byte, 32)))
			if want {
				shown++
			}
		}
		if ended == 3 {
			break
		}
	}
	require.NotZero(t, shown)
	require.NotZero(t, ended)
	require.Contains(t, p.Grounds(), "proven up to block")
}

// TestNoAnswerOfANodeProvesMoreThanTheChainHas: while other nodes may still commit, no answer
// of a node makes it look as if they had committed.
func TestNoAnswerOfANodeProvesMoreThanTheChainHas(t *testing.T) {
	s := newStage(t)
	s.until(computetypes.ROUND_PHASE_COMMIT, 0)
	s.chain.Blocks(2)
	p := s.prover(nil)
	honest := prove(t, p, s.ref)
	require.False(t, honest.AllCommitted(0))
	record := func(key []byte) *abci.ResponseQuery {
		answer, err := s.chain.App.Query(t.Context(), &abci.RequestQuery{Path: "/store/compute/key", Data: key, Height: honest.Height, Prove: true})
		require.NoError(t, err)
		return answer
	}
	neighbour, err := computetypes.ChunkStoreKey(s.id(), 1)
	require.NoError(t, err)
	own, err := computetypes.ChunkStoreKey(s.id(), 0)
	require.NoError(t, err)
	forged := *honest.Task
	forged.Rounds = append([]computetypes.Round(nil), forged.Rounds...)
	forged.Rounds[0].Phase = computetypes.ROUND_PHASE_REVEAL
	revealing, err := forged.Marshal()
	require.NoError(t, err)

	for name, lie := range map[string]func(*abci.ResponseQuery){
		"a record of its own":        func(a *abci.ResponseQuery) { a.Value = revealing },
		"nothing, with its proof":    func(a *abci.ResponseQuery) { a.Value = nil },
		"the absence of a neighbour": func(a *abci.ResponseQuery) { *a = *record(neighbour) },
		"no proof":                   func(a *abci.ResponseQuery) { a.ProofOps = nil },
		"another key's record":       func(a *abci.ResponseQuery) { *a = *record(computetypes.ParamsPrefix.Bytes()) },
		"a refusal":                  func(a *abci.ResponseQuery) { *a = abci.ResponseQuery{Code: 18, Log: "pruned"} },
	} {
		t.Run(name, func(t *testing.T) {
			s.node.Answer = func(a *abci.ResponseQuery) {
				if bytes.Equal(a.Key, own) {
					lie(a)
				}
			}
			defer func() { s.node.Answer = nil }()
			list, err := p.Tasks(t.Context(), []computetypes.ChunkRef{s.ref})
			require.NoError(t, err)
			require.Error(t, list[0].Err)
			require.False(t, list[0].AllCommitted(0))
		})
	}
	t.Run("one that cannot be proven keeps none from the others", func(t *testing.T) {
		list, err := p.Tasks(t.Context(), []computetypes.ChunkRef{{JobId: "nonsense"}, s.ref})
		require.NoError(t, err)
		require.Error(t, list[0].Err)
		require.NoError(t, list[1].Err)
		require.NotNil(t, list[1].Task)
	})
}

// TestAnOldStateIsNoEnd: a state from before the task's job was posted does not contain the
// task either, and does not prove anything.
func TestAnOldStateIsNoEnd(t *testing.T) {
	s := newStage(t)
	s.until(computetypes.ROUND_PHASE_COMMIT, 0)
	id := s.id()
	before := chain.Proven{Height: int64(id.Height) - 1, ID: id}
	require.False(t, before.Ended())
	require.False(t, before.AllCommitted(0))
	job := &computetypes.Job{TasksOpened: 3}
	notOpened := chain.Proven{Height: 1 << 40, ID: id, Job: job, Index: 3}
	require.False(t, notOpened.Ended(), "a task that was never opened")
	opened := chain.Proven{Height: 1 << 40, ID: id, Job: job, Index: 2}
	require.True(t, opened.Ended())
	pruned := chain.Proven{Height: 1 << 40, ID: id}
	require.True(t, pruned.Ended())
}

func TestADaemonProvesNothingWhereItsNodesDoNotHold(t *testing.T) {
	s := newStage(t)
	s.chain.Blocks(2)
	strangers := rpcnode.Start(t, s.chain, "strangers", time.Now().Add(-time.Hour))
	for name, c := range map[string]struct {
		change func(*chain.ProverConfig)
		want   string
	}{
		"another chain id":             {func(c *chain.ProverConfig) { c.ChainID = "another" }, "another"},
		"a root that it does not have": {func(c *chain.ProverConfig) { c.Root.Hash = make([]byte, 32) }, "trust root"},
		"a chain of strangers":         {func(c *chain.ProverConfig) { c.Conn = strangers.Conn() }, "trust root"},
		"no answer":                    {func(c *chain.ProverConfig) { c.Conn = silent{} }, "connection refused"},
		"a witness that is down":       {func(c *chain.ProverConfig) { c.Witnesses = []grpc.ClientConnInterface{silent{}} }, "none of 1 witnesses"},
		"endpoints that do not agree": {func(c *chain.ProverConfig) {
			c.Verify, c.Witnesses = chain.VerifyAgreement, []grpc.ClientConnInterface{strangers.Conn()}
		}, "one of them lies"},
		"agreement with nobody": {func(c *chain.ProverConfig) { c.Verify = chain.VerifyAgreement }, "name another"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.prover(c.change).Tasks(t.Context(), []computetypes.ChunkRef{s.ref})
			require.ErrorContains(t, err, c.want)
		})
	}
	t.Run("endpoints that agree", func(t *testing.T) {
		p := s.prover(func(c *chain.ProverConfig) {
			c.Verify, c.Root, c.Witnesses = chain.VerifyAgreement, proven.Root{}, []grpc.ClientConnInterface{s.node.Conn()}
		})
		require.NotNil(t, prove(t, p, s.ref).Job)
		require.Contains(t, p.Grounds(), "alike by 2 nodes")
	})
	t.Run("CometBFT's RPC is a block sooner", func(t *testing.T) {
		over, rpc := s.prover(nil), s.prover(func(c *chain.ProverConfig) { c.RPC = s.node.Address })
		require.Equal(t, prove(t, over, s.ref).Height+1, prove(t, rpc, s.ref).Height)
	})
}

// silent is a node that is down.
type silent struct{}

func (silent) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	return errors.New("connection refused")
}

func (silent) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.New("connection refused")
}

func TestAWorkerIsProvenToServeItsOperatorAlone(t *testing.T) {
	s := newStage(t)
	s.chain.Blocks(2)
	p := s.prover(nil)
	one, other := s.network.Nodes[0], s.network.Nodes[1]
	require.NoError(t, p.Serves(t.Context(), one.Worker.Address, one.Operator.Address))
	require.ErrorIs(t, p.Serves(t.Context(), one.Worker.Address, other.Operator.Address), chain.ErrContradicted)
	require.ErrorIs(t, p.Serves(t.Context(), s.network.Requester.Address, other.Operator.Address), chain.ErrContradicted, "nobody's worker")
}

func TestTheNewestProvenHeaderHasItsTime(t *testing.T) {
	s := newStage(t)
	p := s.prover(nil)
	height, at := p.Newest()
	require.Zero(t, height, "nothing was proven")
	require.True(t, at.IsZero())
	for range 3 {
		s.next()
		proven, err := p.Follow(t.Context())
		require.NoError(t, err)
		height, at = p.Newest()
		require.Equal(t, proven+1, height, "the header commits to the state before it")
		require.Equal(t, s.node.Header(height).Time.UTC(), at.UTC())
	}
}

// TestProofsGoOnWhileTheDiskTakesNoHeader: otherwise nothing could be revealed on a full disk.
func TestProofsGoOnWhileTheDiskTakesNoHeader(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skipf("this system has no %s: %v", full, err)
	}
	s := newStage(t)
	var confirmed []time.Time
	path := filepath.Join(t.TempDir(), "trusted.json")
	prover := s.prover(func(c *chain.ProverConfig) {
		c.File, c.Confirm = path, func(at time.Time) { confirmed = append(confirmed, at) }
	})
	for range 3 {
		// The first header of each call meets the full disk. What did not fit is deleted.
		require.NoError(t, os.Symlink(full, path+".new"))
		height, err := prover.Follow(t.Context())
		require.NoError(t, err)
		require.Positive(t, height)
		require.NoFileExists(t, path+".new")
		s.chain.NextBlock()
	}
	require.Len(t, confirmed, 3)
	require.True(t, confirmed[0].Before(confirmed[1]))
}
