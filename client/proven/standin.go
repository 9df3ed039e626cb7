package proven

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cometbft/cometbft/libs/bytes"
	"github.com/cometbft/cometbft/light/provider"
	rpcclient "github.com/cometbft/cometbft/rpc/client"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	"github.com/cometbft/cometbft/types"
)

// rpcRest is the time for which a node's RPC that did not answer is not asked.
const rpcRest = time.Minute

// source reads records and headers.
type source struct {
	node    Node
	headers provider.Provider
}

// StandIn reads from a node's RPC and, while that does not answer, over gRPC. Whichever of the two answers, the verifier
// believes only what is proven.
type StandIn struct {
	rpc func(ctx context.Context) (source, error)
	now func() time.Time
	// spare is asked while the RPC does not answer.
	spare *Service

	mu    sync.Mutex
	first *source
	until time.Time
}

// NewStandIn reads from the RPC at an address before spare.
func NewStandIn(address string, spare *Service, now func() time.Time) *StandIn {
	return &StandIn{spare: spare, now: now, rpc: func(ctx context.Context) (source, error) {
		endpoint, err := Dial(ctx, address)
		if err != nil {
			return source{}, err
		}
		return source{endpoint, endpoint.Provider()}, nil
	}}
}

// Resting reports whether the RPC has not answered lately, so that it is not asked.
func (s *StandIn) Resting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now().Before(s.until)
}

// ABCIQueryWithOptions implements Node.
func (s *StandIn) ABCIQueryWithOptions(
	ctx context.Context, path string, key bytes.HexBytes, options rpcclient.ABCIQueryOptions,
) (*coretypes.ResultABCIQuery, error) {
	return ask(ctx, s, func(from source) (*coretypes.ResultABCIQuery, error) {
		return from.node.ABCIQueryWithOptions(ctx, path, key, options)
	})
}

// ChainID implements provider.Provider.
func (s *StandIn) ChainID() string { return s.spare.ChainID() }

// LightBlock implements provider.Provider.
func (s *StandIn) LightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	return ask(ctx, s, func(from source) (*types.LightBlock, error) { return from.headers.LightBlock(ctx, height) })
}

// ReportEvidence implements provider.Provider.
func (s *StandIn) ReportEvidence(ctx context.Context, evidence types.Evidence) error {
	_, err := ask(ctx, s, func(from source) (struct{}, error) { return struct{}{}, from.headers.ReportEvidence(ctx, evidence) })
	return err
}

// ask asks the RPC, and the spare if the RPC does not answer.
func ask[T any](ctx context.Context, s *StandIn, question func(source) (T, error)) (T, error) {
	if first := s.preferred(ctx); first != nil {
		answer, err := question(*first)
		if err == nil || answered(err) || ctx.Err() != nil {
			return answer, err
		}
		s.rest()
	}
	return question(source{s.spare, s.spare})
}

// preferred returns the RPC unless it rests or cannot be reached.
func (s *StandIn) preferred(ctx context.Context) *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now().Before(s.until) {
		return nil
	}
	if s.first == nil {
		first, err := s.rpc(ctx)
		if err != nil {
			s.until = s.now().Add(rpcRest)
			return nil
		}
		s.first = &first
	}
	return s.first
}

func (s *StandIn) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = s.now().Add(rpcRest)
}

// answered reports whether an error is what a node says, and not that it says nothing.
func answered(err error) bool {
	for _, says := range []error{provider.ErrHeightTooHigh, provider.ErrLightBlockNotFound} {
		if errors.Is(err, says) {
			return true
		}
	}
	var bad provider.ErrBadLightBlock
	var refused *rpctypes.RPCError
	return errors.As(err, &bad) || errors.As(err, &refused)
}

var (
	_ Node              = (*StandIn)(nil)
	_ provider.Provider = (*StandIn)(nil)
)
