package client

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"pgregory.net/rapid"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/query"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/tx"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// meshProof proves from the blocks of a mesh what proven.Search proves from those of a chain.
type meshProof struct{ m *mesh }

func (p meshProof) Overtaken(_ context.Context, _ sdk.AccAddress, sequence uint64, hashes []string, since, until int64) error {
	last := int64(len(p.m.blocks) - 1)
	expired := until > 0 && last >= until
	if expired {
		last = until
	}
	switch {
	case p.m.blocks[last].sequence <= sequence && expired:
		return nil
	case p.m.blocks[last].sequence <= sequence:
		return errors.New("a block can take it")
	case last <= since || p.m.blocks[since].sequence > sequence:
		return errors.New("the search would begin too late")
	}
	for height := since + 1; height <= last; height++ {
		for i, raw := range p.m.blocks[height].txs {
			if slices.Contains(hashes, tx.Hash(raw)) && p.m.blocks[height].results[i].Code == 0 {
				return errors.New("it ran")
			}
		}
	}
	return nil
}

// ahead is a node that lies once: it names a height above its chain's when it is first asked for
// the account.
type ahead struct {
	meshConn
	by   uint64
	told bool
}

func (a *ahead) Invoke(ctx context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	err := a.meshConn.Invoke(ctx, method, request, reply, opts...)
	if _, account := request.(*authtypes.QueryAccountInfoRequest); account && !a.told {
		a.told = true
		tellHeight(uint64(len(a.m.blocks)-1)+a.by, opts)
	}
	return err
}

func TestAHeightThatANodeInventsAtSigningDoesNotPostAJobTwice(t *testing.T) {
	m := newMesh(rand.New(rand.NewPCG(1, 2)), 1)
	m.rest()
	m.nodes[0].index = false
	c, err := New(t.Context(), &ahead{meshConn: meshConn{m: m, node: m.nodes[0]}, by: 500})
	require.NoError(t, err)
	c.poll, c.terms.Overtaken = time.Nanosecond, ProvenBy(meshProof{m})
	state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	require.Error(t, c.Post(t.Context(), newSigner(), state, testCost, func(*State) error { return nil }))
	require.Len(t, m.posted, 1, "the job is posted, and paid, once")
	require.True(t, state.Posted(), "and what posted it is kept")
}

// hurrier keeps what it is given, and claims that the last height of each has passed.
type hurrier struct {
	meshConn
	kept   [][]byte
	height uint64
	told   uint64
}

func (h *hurrier) Invoke(ctx context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	switch asked := request.(type) {
	case *txtypes.BroadcastTxRequest:
		h.kept = append(h.kept, asked.TxBytes)
		h.height += 1000
		return answer(reply, &txtypes.BroadcastTxResponse{TxResponse: &sdk.TxResponse{TxHash: tx.Hash(asked.TxBytes)}})
	case *authtypes.QueryAccountInfoRequest:
		tellHeight(h.height, opts)
		sequence := h.told
		h.told = uint64(len(h.kept)) // of the next answer
		return answer(reply, &authtypes.QueryAccountInfoResponse{Info: &authtypes.BaseAccount{Address: asked.Address, AccountNumber: 4, Sequence: sequence}})
	}
	return h.meshConn.Invoke(ctx, method, request, reply, opts...)
}

func TestAnExpiryThatOnlyANodeClaimsIsNotFollowedByAnotherSequence(t *testing.T) {
	for name, believe := range map[string]func(*mesh) func(context.Context, Overtaking) error{
		"without proof":        func(*mesh) func(context.Context, Overtaking) error { return nil },
		"against what is true": func(m *mesh) func(context.Context, Overtaking) error { return ProvenBy(meshProof{m}) },
	} {
		t.Run(name, func(t *testing.T) {
			m := newMesh(rand.New(rand.NewPCG(1, 2)), 1)
			m.rest()
			m.halted = true
			h := &hurrier{meshConn: meshConn{m: m, node: m.nodes[0]}, height: uint64(len(m.blocks) - 1)}
			c, err := New(t.Context(), h)
			require.NoError(t, err)
			c.poll, c.terms.Overtaken = time.Nanosecond, believe(m)
			state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
			require.NoError(t, err)
			signer, save := newSigner(), func(*State) error { return nil }
			err = c.Post(t.Context(), signer, state, testCost, save)
			require.ErrorIs(t, err, ErrOverdue)
			require.NotErrorIs(t, err, ErrTxExpired)
			require.NotErrorIs(t, err, ErrNotPosted)
			require.True(t, state.Posted())
			require.Error(t, c.Post(t.Context(), signer, state, testCost, save))
			m.block(h.kept, false)
			require.Len(t, m.posted, 1, "the job is posted, and paid, once")
		})
	}
}

// TestAPostThatANodeCallsExpiredGoesOnWithItsSequence: without a proof, a person whose transaction
// has really expired posts the same job.
func TestAPostThatANodeCallsExpiredGoesOnWithItsSequence(t *testing.T) {
	chain := newChain()
	for range 2 * txLifeBlocks {
		chain.fates = append(chain.fates, fateSwallowed)
	}
	c := testClient(t, chain)
	c.terms.Overtaken = nil
	state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	save, signer := func(*State) error { return nil }, newSigner()
	require.ErrorIs(t, c.Post(t.Context(), signer, state, testCost, save), ErrOverdue)
	require.Empty(t, chain.posted)
	require.ErrorIs(t, c.Await(t.Context(), state, save), ErrOverdue)

	chain.fates = nil
	require.NoError(t, c.Post(t.Context(), signer, state, testCost, save))
	require.Len(t, chain.posted, 1)
	require.Equal(t, testJob, state.JobID)
}

// TestAFailureThatOnlyANodeClaimsIsNotFollowedByAnotherSequence: the node has the transaction, and
// says that it failed in a block.
func TestAFailureThatOnlyANodeClaimsIsNotFollowedByAnotherSequence(t *testing.T) {
	m := newMesh(rand.New(rand.NewPCG(1, 2)), 1)
	m.rest()
	c, err := New(t.Context(), &inventor{meshConn: meshConn{m: m, node: m.nodes[0]}, lie: func(request, reply any, _ []grpc.CallOption) {
		switch reply := reply.(type) {
		case *txtypes.GetTxResponse:
			reply.TxResponse = &sdk.TxResponse{TxHash: request.(*txtypes.GetTxRequest).Hash, Codespace: sdkerrors.RootCodespace, Code: sdkerrors.ErrInsufficientFunds.ABCICode()}
		case *authtypes.QueryAccountInfoResponse:
			reply.Info.Sequence = uint64(len(m.signed))
		case *computetypes.QueryJobsResponse:
			reply.Jobs = nil
		}
	}})
	require.NoError(t, err)
	c.poll = time.Nanosecond
	state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	signer, save := newSigner(), func(*State) error { return nil }
	for range 3 {
		require.ErrorIs(t, c.Post(t.Context(), signer, state, testCost, save), ErrUnproven)
	}
	require.Len(t, m.signed, 1)
	require.True(t, state.Posted())
}

// inventor is a node that changes its answers.
type inventor struct {
	meshConn
	lie func(request, reply any, opts []grpc.CallOption)
}

func (i *inventor) Invoke(ctx context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	err := i.meshConn.Invoke(ctx, method, request, reply, opts...)
	if _, found := reply.(*txtypes.GetTxResponse); err == nil || found && ctx.Err() == nil {
		i.lie(request, reply, opts)
		return nil
	}
	return err
}

// TestAJobIsPostedOnceWhateverNumbersANodeInvents: heights, sequences, results and lists are what
// one node says. It keeps every transaction that it was given, and has blocks take them when it
// likes.
func TestAJobIsPostedOnceWhateverNumbersANodeInvents(t *testing.T) {
	params.SetSDKDefaults()
	packed := packedJob(t, "http://127.0.0.1:1")
	spec, err := packed.Spec.Marshal()
	require.NoError(t, err)
	again := 0
	rapid.Check(t, func(t *rapid.T) {
		m := newMesh(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)), 2)
		m.rest()
		var kept [][]byte
		lie := func(request, reply any, opts []grpc.CallOption) {
			switch reply := reply.(type) {
			case *txtypes.BroadcastTxResponse:
				if m.chance(50) {
					reply.TxResponse = &sdk.TxResponse{Codespace: sdkerrors.RootCodespace, Code: sdkerrors.ErrInsufficientFee.ABCICode()}
				}
				kept = append(kept, request.(*txtypes.BroadcastTxRequest).TxBytes)
			case *authtypes.QueryAccountInfoResponse:
				reply.Info.Sequence += uint64(m.rand.IntN(3))
				if m.chance(50) {
					tellHeight(uint64(len(m.blocks)-1+m.rand.IntN(3*txLifeBlocks)), opts)
				}
			case *computetypes.QueryJobsResponse:
				if m.chance(70) {
					reply.Jobs = nil
				}
			case *txtypes.GetTxResponse:
				if m.chance(70) {
					reply.TxResponse = &sdk.TxResponse{
						TxHash: request.(*txtypes.GetTxRequest).Hash, Height: int64(m.rand.IntN(2 * len(m.blocks))),
						Codespace: sdkerrors.RootCodespace, Code: sdkerrors.ErrInsufficientFunds.ABCICode(),
					}
				}
			case *cmtservice.GetBlockByHeightResponse:
				reply.SdkBlock = &cmtservice.Block{}
			}
		}
		disk, err := json.Marshal(&State{Version: stateVersion, ChainID: testChain, Token: packed.Token, Spec: spec})
		require.NoError(t, err)
		signer, proves := newSigner(), rapid.Bool().Draw(t, "proves")
		for range rapid.IntRange(2, 6).Draw(t, "attempts") {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			m.calls, m.kill = 20+m.rand.IntN(200), cancel
			c, err := New(ctx, &inventor{meshConn: meshConn{m: m, node: m.nodes[0]}, lie: lie})
			require.NoError(t, err)
			c.poll = time.Nanosecond
			if proves {
				c.terms.Overtaken = ProvenBy(meshProof{m})
			}
			var state State
			require.NoError(t, json.Unmarshal(disk, &state))
			if state.JobID == "" {
				_ = c.Post(ctx, signer, &state, testCost, func(s *State) (err error) {
					disk, err = json.Marshal(s)
					return err
				})
			}
			cancel()
			for range m.rand.IntN(3) {
				m.rand.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
				m.block(kept, m.chance(10))
			}
			require.LessOrEqual(t, len(m.posted), 1, "the job was posted, and paid, more than once")
		}
		if len(m.signed) > 1 {
			again++
		}
	})
	require.NotZero(t, again, "no attempt signed a second transaction")
}

// endless shows pages of jobs that never end.
type endless struct {
	meshConn
	pages int
	next  func(page int) []byte
}

func (e *endless) Invoke(ctx context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	if _, jobs := request.(*computetypes.QueryJobsRequest); jobs {
		e.pages++
		tellHeight(20, opts)
		if e.pages > 2*grpcnode.MaxPages {
			return errors.New("the test ends it")
		}
		return answer(reply, &computetypes.QueryJobsResponse{Pagination: &query.PageResponse{NextKey: e.next(e.pages)}})
	}
	return e.meshConn.Invoke(ctx, method, request, reply, opts...)
}

func TestASearchAmongJobsWithoutEndEnds(t *testing.T) {
	for name, next := range map[string]func(page int) []byte{
		"one page again and again": func(int) []byte { return []byte{1} },
		"ever other pages":         func(page int) []byte { return []byte{byte(page >> 8), byte(page), 1} },
	} {
		m := newMesh(rand.New(rand.NewPCG(1, 2)), 1)
		m.rest()
		c, err := New(t.Context(), &endless{meshConn: meshConn{m: m, node: m.nodes[0]}, next: next})
		require.NoError(t, err)
		state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
		require.NoError(t, err)
		_, err = c.jobOf(t.Context(), state, 0)
		require.ErrorIs(t, err, grpcnode.ErrPages, name)
	}
}
