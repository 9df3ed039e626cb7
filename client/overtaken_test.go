package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/thetaedge/theta/client/tx"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// deceiver is a node that keeps every transaction that it is given, and says each time
// that another one came first: the next sequence is signed, and it has all of them.
type deceiver struct {
	meshConn
	kept map[uint64]bool
}

func (d *deceiver) Invoke(ctx context.Context, method string, request, reply any, opts ...grpc.CallOption) error {
	tellHeight(uint64(20+len(d.kept)), opts)
	switch asked := request.(type) {
	case *txtypes.BroadcastTxRequest:
		signed, err := tx.ReadSigned(asked.TxBytes)
		if err != nil {
			return err
		}
		d.kept[signed.Sequence] = true
		return answer(reply, &txtypes.BroadcastTxResponse{TxResponse: &sdk.TxResponse{TxHash: signed.Hash()}})
	case *authtypes.QueryAccountInfoRequest:
		return answer(reply, &authtypes.QueryAccountInfoResponse{Info: &authtypes.BaseAccount{
			Address: asked.Address, AccountNumber: 4, Sequence: uint64(len(d.kept)),
		}})
	case *computetypes.QueryJobsRequest:
		return answer(reply, &computetypes.QueryJobsResponse{})
	case *txtypes.GetTxRequest:
		return errors.New("transaction indexing is disabled")
	case *cmtservice.GetBlockByHeightRequest:
		return answer(reply, &cmtservice.GetBlockByHeightResponse{SdkBlock: &cmtservice.Block{}})
	}
	return d.meshConn.Invoke(ctx, method, request, reply, opts...)
}

func deceived(t *testing.T) (*deceiver, *Client) {
	t.Helper()
	m := newMesh(rand.New(rand.NewPCG(1, 2)), 1)
	m.rest()
	d := &deceiver{meshConn: meshConn{m: m, node: m.nodes[0]}, kept: map[uint64]bool{}}
	c, err := New(t.Context(), d)
	require.NoError(t, err)
	c.poll = time.Nanosecond
	return d, c
}

// A full node that lies must not have a job posted, and paid, more than once.
func TestOneErrandSignsOneSequenceOnTheWordOfANode(t *testing.T) {
	d, c := deceived(t)
	state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	disk := t.TempDir()
	save, signer := func(s *State) error { return s.Save(disk) }, newSigner()
	err = c.Post(t.Context(), signer, state, testCost, save)
	require.ErrorIs(t, err, ErrUnproven)
	require.Len(t, d.kept, 1, "what the node was given is one transaction")

	// Taken up again it stays with what was signed, however often.
	for range 3 {
		kept, err := LoadState(disk)
		require.NoError(t, err)
		require.NotEmpty(t, kept.Tx)
		require.Equal(t, state.Token, kept.Token)
		require.ErrorIs(t, c.Post(t.Context(), signer, kept, testCost, save), ErrUnproven)
		require.ErrorIs(t, c.Await(t.Context(), kept, save), ErrUnproven)
	}
	require.Len(t, d.kept, 1)
}

func TestOneMessageIsSignedOnceOnTheWordOfANode(t *testing.T) {
	d, c := deceived(t)
	_, err := c.transact(t.Context(), newSigner(), testCost, &computetypes.MsgCancelJob{JobId: "1-0-0"})
	require.ErrorIs(t, err, ErrUnproven)
	require.Len(t, d.kept, 1)
}

func TestWhatIsProvenToHaveComeFirstIsSignedAgain(t *testing.T) {
	d, c := deceived(t)
	var asked []Overtaking
	refuse := errors.New("not proven")
	c.terms.Overtaken = func(_ context.Context, o Overtaking) error {
		asked = append(asked, o)
		if len(asked) == 2 {
			return refuse
		}
		return nil
	}
	state, err := c.NewState(packedJob(t, "http://127.0.0.1:1"))
	require.NoError(t, err)
	signer := newSigner()
	require.ErrorIs(t, c.Post(t.Context(), signer, state, testCost, func(*State) error { return nil }), refuse)
	require.Len(t, d.kept, 2)
	require.Equal(t, uint64(1), asked[1].Sequence)
	require.Equal(t, signer.Address(), asked[1].Account)
	require.Equal(t, []string{tx.Hash(state.Tx)}, asked[1].Hashes)
	require.Positive(t, asked[1].Since)
}
