package client

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/blob"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func blockData(txs [][]byte) cmtproto.Data { return cmtproto.Data{Txs: txs} }

// errand is a requester's errand through a mesh: its state lies on a disk, its client
// may be killed at any call.
type errand struct {
	t      *rapid.T
	m      *mesh
	signer keySigner
	disk   []byte
	tokens map[blob.Token]bool
}

// attempt runs the client at a node until it is done or killed, with the state that is
// on the disk.
func (e *errand) attempt(node *meshNode, calls int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	e.m.calls, e.m.kill = -1, cancel
	c, err := New(ctx, meshConn{m: e.m, node: node})
	require.NoError(e.t, err)
	c.poll, c.terms.Overtaken = time.Nanosecond, BelieveNode
	e.m.calls = calls
	var state State
	require.NoError(e.t, json.Unmarshal(e.disk, &state))
	save := func(s *State) error {
		raw, err := json.Marshal(s)
		e.disk = raw
		return err
	}
	fee := []int64{1_000_000_000, 3_000_000_000}[e.m.rand.IntN(2)]
	return c.Post(ctx, e.signer, &state, Cost{Gas: 1, Fee: sdk.NewInt64Coin(params.BaseDenom, fee)}, save)
}

// check holds after every step: the job is on chain once at most, and the state on disk
// has the token that opens it.
func (e *errand) check() {
	jobs := e.m.posted
	require.LessOrEqual(e.t, len(jobs), 1, "the job was posted, and paid, more than once")
	var state State
	require.NoError(e.t, json.Unmarshal(e.disk, &state))
	require.True(e.t, e.tokens[state.Token], "the token is lost")
	if len(jobs) == 0 {
		require.Empty(e.t, state.JobID)
		return
	}
	spec, err := state.JobSpec()
	require.NoError(e.t, err)
	digest, err := computetypes.SpecDigest(&spec)
	require.NoError(e.t, err)
	require.Equal(e.t, jobs[0].SpecDigest, digest)
	if state.JobID != "" {
		require.Equal(e.t, jobs[0].Id, state.JobID)
	}
}

func TestAJobIsPostedOnceWhateverMempoolsNodesAndKillsDo(t *testing.T) {
	params.SetSDKDefaults()
	packed := packedJob(t, "http://127.0.0.1:1")
	spec, err := packed.Spec.Marshal()
	require.NoError(t, err)
	posted, refused := 0, 0
	property := func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		m := newMesh(rand.New(rand.NewPCG(seed, 1)), rapid.IntRange(1, 4).Draw(t, "nodes"))
		state := &State{Version: stateVersion, ChainID: testChain, Token: packed.Token, Spec: spec}
		disk, err := json.Marshal(state)
		require.NoError(t, err)
		e := &errand{t: t, m: m, signer: newSigner(), disk: disk, tokens: map[blob.Token]bool{packed.Token: true}}
		for range rapid.IntRange(1, 8).Draw(t, "attempts") {
			node := m.nodes[m.rand.IntN(len(m.nodes))]
			if err := e.attempt(node, m.rand.IntN(120)); err == nil {
				posted++
			} else {
				refused++
			}
			e.check()
			for range m.rand.IntN(20) {
				if !m.halted {
					m.propose()
				}
			}
			e.check()
		}
		m.rest()
		var last error
		for range 8 {
			m.propose()
			if last = e.attempt(m.nodes[m.rand.IntN(len(m.nodes))], -1); last == nil {
				break
			}
			e.check()
		}
		require.NoError(t, last, "an errand over a calm network comes to its end")
		e.check()
		require.Len(t, m.posted, 1)
	}
	for range 10 { // what loses coins takes several rare things at once
		rapid.Check(t, property)
	}
	require.NotZero(t, posted, "the troubles let no attempt through")
	require.NotZero(t, refused, "there was no trouble")
}

func TestJobsOfOneAccountPostedAtTheSameTimeAllPost(t *testing.T) {
	chain, signer := newChain(), newSigner()
	const jobs = 5
	errs := make([]error, jobs)
	var all sync.WaitGroup
	for i := range jobs {
		c := testClient(t, chain)
		state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
		require.NoError(t, err)
		all.Go(func() { errs[i] = c.Post(t.Context(), signer, state, testCost, func(*State) error { return nil }) })
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, chain.posted, jobs)
}

func TestARefusalByOneMempoolIsToldAtOnceAndForgetsNothing(t *testing.T) {
	m := newMesh(rand.New(rand.NewPCG(1, 2)), 1)
	m.rest()
	m.nodes[0].least, m.nodes[0].keeps = 2_000_000_000, true
	disk := t.TempDir()
	c, err := New(t.Context(), meshConn{m: m, node: m.nodes[0]})
	require.NoError(t, err)
	c.poll, c.terms.Overtaken = time.Nanosecond, BelieveNode
	state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	save := func(s *State) error { return s.Save(disk) }
	m.halted = true
	cost := Cost{Gas: 1, Fee: sdk.NewInt64Coin(params.BaseDenom, 1)}
	err = c.Post(t.Context(), newSigner(), state, cost, save)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "takes it by height")
	kept, err := LoadState(disk)
	require.NoError(t, err)
	require.Equal(t, state.Token, kept.Token)
	require.NotEmpty(t, kept.Tx)

	// The node has kept what it refused, and proposes it.
	m.halted = false
	m.propose()
	require.NoError(t, c.Await(t.Context(), kept, save))
	require.Len(t, m.tip().jobs, 1)
	require.Equal(t, m.tip().jobs[0].Id, kept.JobID)
}

func TestARefusedTransactionIsReplacedOnlyByOneWithItsSequence(t *testing.T) {
	m := newMesh(rand.New(rand.NewPCG(1, 2)), 1)
	m.rest()
	m.nodes[0].least, m.nodes[0].keeps = 2_000_000_000, true
	c, err := New(t.Context(), meshConn{m: m, node: m.nodes[0]})
	require.NoError(t, err)
	c.poll, c.terms.Overtaken = time.Nanosecond, BelieveNode
	state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	save := func(*State) error { return nil }
	signer := newSigner()
	m.halted = true
	require.ErrorIs(t, c.Post(t.Context(), signer, state, Cost{Gas: 1, Fee: sdk.NewInt64Coin(params.BaseDenom, 1)}, save), ErrRefused)
	require.ErrorContains(t, c.Post(t.Context(), newSigner(), state, testCost, save), "whose transaction may still post the job")
	goOn := func(*State) error { m.halted = false; return nil } // when the second is about to leave
	require.NoError(t, c.Post(t.Context(), signer, state, Cost{Gas: 1, Fee: sdk.NewInt64Coin(params.BaseDenom, 3_000_000_000)}, goOn))
	require.Len(t, m.tip().jobs, 1)
	require.Len(t, m.signed, 2)
	sequences := map[uint64]bool{}
	for _, sequence := range m.signed {
		sequences[sequence] = true
	}
	require.Len(t, sequences, 1)
}

// poorLater is a chain on which the account cannot pay once a mempool has taken its tx.
type poorLater struct{ meshConn }

// Invoke answers a question.
func (c poorLater) Invoke(ctx context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	err := c.meshConn.Invoke(ctx, method, request, reply, opts...)
	if _, sent := request.(*tx.BroadcastTxRequest); sent {
		c.m.poor, c.m.halted = true, false
	}
	return err
}

func TestAnOlderJobOfTheSameSpecIsNotTakenForTheOneThatFailed(t *testing.T) {
	m := newMesh(rand.New(rand.NewPCG(1, 2)), 1)
	m.rest()
	m.nodes[0].index = false
	c, err := New(t.Context(), meshConn{m: m, node: m.nodes[0]})
	require.NoError(t, err)
	c.poll, c.terms.Overtaken = time.Nanosecond, BelieveNode
	packed, signer, save := packedJob(t, "http://127.0.0.1:1"), newSigner(), func(*State) error { return nil }
	first, err := c.NewState(packed)
	require.NoError(t, err)
	require.NoError(t, c.Post(t.Context(), signer, first, testCost, save))
	second, err := c.NewState(packed)
	require.NoError(t, err)
	m.halted = true
	c, err = New(t.Context(), poorLater{meshConn{m: m, node: m.nodes[0]}})
	require.NoError(t, err)
	c.poll, c.terms.Overtaken = time.Nanosecond, BelieveNode
	require.Error(t, c.Post(t.Context(), signer, second, testCost, save), "its transaction has failed")
	require.Empty(t, second.JobID)
	require.Len(t, m.posted, 1)
}

func TestTwoProgramsInOneFolderLoseNoTokenAndPostOneJobOnce(t *testing.T) {
	chain, dir, signer := newChain(), t.TempDir(), newSigner()
	save := func(s *State) error { return s.Save(dir) }
	// Both have found the folder empty and made a job of their own.
	first, second := testClient(t, chain), testClient(t, chain)
	one, err := first.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	two, err := second.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	require.NoError(t, first.Post(t.Context(), signer, one, testCost, save))
	require.ErrorIs(t, second.Post(t.Context(), signer, two, testCost, save), ErrOtherState)
	require.Empty(t, two.Tx, "nothing was sent")
	require.Len(t, chain.posted, 1)
	kept, err := LoadState(dir)
	require.NoError(t, err)
	require.Equal(t, one.Token, kept.Token, "the token of a job that was paid for")
	require.Equal(t, one.JobID, kept.JobID)

	// Both have loaded a job of which nothing was under way.
	again := t.TempDir()
	save = func(s *State) error { return s.Save(again) }
	one, err = first.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	require.NoError(t, save(one))
	two, err = LoadState(again)
	require.NoError(t, err)
	require.NoError(t, first.Post(t.Context(), signer, one, testCost, save))
	require.ErrorIs(t, second.Post(t.Context(), signer, two, testCost, save), ErrOtherState)
	require.Len(t, chain.posted, 2, "each job is posted once")
}

func TestAStateMovesAsideAndIsNeverReplaced(t *testing.T) {
	dir := t.TempDir()
	for want := 1; want <= 3; want++ {
		state := &State{Version: stateVersion, Token: blob.Token(fmt.Sprint(want))}
		require.NoError(t, state.Save(dir))
		aside, err := SetAside(dir)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(dir, fmt.Sprintf(".theta-job.%d.json", want)), aside)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".theta-job.*.json"))
	require.NoError(t, err)
	require.Len(t, left, 3)
	require.NoFileExists(t, filepath.Join(dir, StateFile))
}

func TestAWordIsQuotedForTheShell(t *testing.T) {
	for word, want := range map[string]string{
		"result": "result", "/a/b-c_d.e": "/a/b-c_d.e", "my result": "'my result'", "it's": `'it'\''s'`, "": "''", "$(x)": "'$(x)'",
	} {
		if runtime.GOOS == "windows" {
			want = quoteOnWindows(word)
		}
		require.Equal(t, want, ShellQuote(word))
	}
}

func TestAPathOfWindowsIsQuotedForBothOfItsShells(t *testing.T) {
	for word, want := range map[string]string{
		`C:\thetaedge`: `C:\thetaedge`, `C:\Users\Jörg Müller\.thetaedge`: `"C:\Users\Jörg Müller\.thetaedge"`,
		"": `""`, `D:\my files\`: `"D:\my files\\"`, "a&b": `"a&b"`, "it's": `"it's"`,
	} {
		require.Equal(t, want, quoteOnWindows(word))
	}
}
