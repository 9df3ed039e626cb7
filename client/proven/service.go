package proven

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	cmtbytes "github.com/cometbft/cometbft/libs/bytes"
	"github.com/cometbft/cometbft/light/provider"
	"github.com/cometbft/cometbft/proto/tendermint/crypto"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	rpcclient "github.com/cometbft/cometbft/rpc/client"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	"github.com/cometbft/cometbft/types"
	"google.golang.org/grpc"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
)

const (
	// keptHeaders is how many headers a Service remembers, because a follower of the chain
	// asks for each of them twice.
	keptHeaders = 8
	// validatorsPage is the most validators that a node returns per page, and maxValidators
	// the most that are read.
	validatorsPage = 100
	maxValidators  = 10_000
)

// Service reads records and headers from a node's gRPC endpoint. The commit of a block is
// in the block after it. Its newest header is therefore one block behind that of CometBFT's
// RPC, and each header costs the transfer of a whole block.
type Service struct {
	chainID string
	cmt     cmtservice.ServiceClient

	mu      sync.Mutex
	headers map[int64]*types.Header
	set     *types.ValidatorSet
}

// NewService reads from the node behind conn, which is expected to belong to a chain; the
// verifier refuses headers of another chain.
func NewService(conn grpc.ClientConnInterface, chainID string) *Service {
	return &Service{chainID: chainID, cmt: cmtservice.NewServiceClient(conn), headers: make(map[int64]*types.Header)}
}

// ChainID returns the id of the expected chain.
func (s *Service) ChainID() string { return s.chainID }

// ReportEvidence implements provider.Provider; a node accepts no evidence over gRPC.
func (s *Service) ReportEvidence(context.Context, types.Evidence) error { return nil }

// LightBlock returns a header with its commit and its validators; 0 means the newest whose
// commit is in a block.
func (s *Service) LightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	next, err := s.block(ctx, height)
	if err != nil {
		return nil, err
	}
	commit, err := types.CommitFromProto(next.GetLastCommit())
	if err != nil {
		return nil, provider.ErrBadLightBlock{Reason: err}
	}
	header, err := s.header(ctx, next.Header.Height-1)
	if err != nil {
		return nil, err
	}
	set, err := s.validators(ctx, header)
	if err != nil {
		return nil, err
	}
	block := &types.LightBlock{SignedHeader: &types.SignedHeader{Header: header, Commit: commit}, ValidatorSet: set}
	if err := block.ValidateBasic(s.chainID); err != nil {
		s.forget()
		return nil, provider.ErrBadLightBlock{Reason: err}
	}
	return block, nil
}

// forget drops the headers that are remembered. Another node may have shown them than the one that
// is asked now, and one of the two lies.
func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.headers)
}

// block returns the block after a height; the newest block for 0.
func (s *Service) block(ctx context.Context, height int64) (*cmtproto.Block, error) {
	if height == 0 {
		answer, err := s.cmt.GetLatestBlock(ctx, &cmtservice.GetLatestBlockRequest{})
		if err != nil {
			return nil, fmt.Errorf("newest block: %w", err)
		}
		return s.keep(answer.GetBlock())
	}
	answer, err := s.cmt.GetBlockByHeight(ctx, &cmtservice.GetBlockByHeightRequest{Height: height + 1})
	if err != nil {
		return nil, explain(height+1, err)
	}
	return s.keep(answer.GetBlock())
}

// tooHighText is part of the answer of a node that has not reached the height.
const tooHighText = "bigger than the chain length"

func explain(height int64, err error) error {
	if strings.Contains(err.Error(), tooHighText) {
		return fmt.Errorf("%w: block %d", provider.ErrHeightTooHigh, height)
	}
	return fmt.Errorf("block %d: %w", height, err)
}

// keep remembers the header of a block.
func (s *Service) keep(block *cmtproto.Block) (*cmtproto.Block, error) {
	if block == nil || block.LastCommit == nil {
		return nil, provider.ErrLightBlockNotFound
	}
	header, err := types.HeaderFromProto(&block.Header)
	if err != nil {
		return nil, provider.ErrBadLightBlock{Reason: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.headers) >= keptHeaders {
		clear(s.headers)
	}
	s.headers[header.Height] = &header
	return block, nil
}

func (s *Service) header(ctx context.Context, height int64) (*types.Header, error) {
	s.mu.Lock()
	known := s.headers[height]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	answer, err := s.cmt.GetBlockByHeight(ctx, &cmtservice.GetBlockByHeightRequest{Height: height})
	if err != nil {
		return nil, explain(height, err)
	}
	if answer.GetBlock() == nil {
		return nil, provider.ErrLightBlockNotFound
	}
	//nolint:staticcheck // the header as consensus hashes it; sdk_block has the proposer as text
	header, err := types.HeaderFromProto(&answer.Block.Header)
	if err != nil {
		return nil, provider.ErrBadLightBlock{Reason: err}
	}
	return &header, nil
}

// validators returns the validators that a header names. They rarely change.
func (s *Service) validators(ctx context.Context, header *types.Header) (*types.ValidatorSet, error) {
	s.mu.Lock()
	known := s.set
	s.mu.Unlock()
	if known != nil && bytes.Equal(known.Hash(), header.ValidatorsHash) {
		return known, nil
	}
	var list []*types.Validator
	for {
		answer, err := s.cmt.GetValidatorSetByHeight(ctx, &cmtservice.GetValidatorSetByHeightRequest{
			Height: header.Height, Pagination: &query.PageRequest{Offset: uint64(len(list)), Limit: validatorsPage},
		})
		if err != nil {
			return nil, fmt.Errorf("validators of block %d: %w", header.Height, err)
		}
		for _, told := range answer.Validators {
			validator, err := validatorOf(told)
			if err != nil {
				return nil, provider.ErrBadLightBlock{Reason: err}
			}
			list = append(list, validator)
		}
		if total := answer.Pagination.GetTotal(); len(answer.Validators) == 0 || uint64(len(list)) >= min(total, maxValidators) {
			break
		}
	}
	set, err := types.ValidatorSetFromExistingValidators(list)
	if err != nil {
		return nil, provider.ErrBadLightBlock{Reason: err}
	}
	s.mu.Lock()
	s.set = set
	s.mu.Unlock()
	return set, nil
}

func validatorOf(told *cmtservice.Validator) (*types.Validator, error) {
	key := new(ed25519.PubKey)
	if told.GetPubKey() == nil || told.PubKey.TypeUrl != sdk.MsgTypeURL(key) {
		return nil, fmt.Errorf("expected validators with keys of type %s, found %q", sdk.MsgTypeURL(key), told.GetPubKey().GetTypeUrl())
	}
	if err := key.Unmarshal(told.PubKey.Value); err != nil {
		return nil, err
	}
	if len(key.Key) != ed25519.PubKeySize {
		return nil, fmt.Errorf("expected a key of %d bytes, found %d", ed25519.PubKeySize, len(key.Key))
	}
	validator := types.NewValidator(cmted25519.PubKey(key.Key), told.VotingPower)
	validator.ProposerPriority = told.ProposerPriority
	return validator, nil
}

// ABCIQueryWithOptions implements Node.
func (s *Service) ABCIQueryWithOptions(
	ctx context.Context, path string, key cmtbytes.HexBytes, options rpcclient.ABCIQueryOptions,
) (*coretypes.ResultABCIQuery, error) {
	answer, err := s.cmt.ABCIQuery(ctx, &cmtservice.ABCIQueryRequest{
		Path: path, Data: key, Height: options.Height, Prove: options.Prove,
	})
	if err != nil {
		return nil, err
	}
	response := abci.ResponseQuery{
		Code: answer.Code, Codespace: answer.Codespace, Log: answer.Log, Key: answer.Key, Value: answer.Value, Height: answer.Height,
	}
	if answer.ProofOps != nil {
		response.ProofOps = &crypto.ProofOps{}
		for _, step := range answer.ProofOps.Ops {
			response.ProofOps.Ops = append(response.ProofOps.Ops, crypto.ProofOp{Type: step.Type, Key: step.Key, Data: step.Data})
		}
	}
	return &coretypes.ResultABCIQuery{Response: response}, nil
}

var (
	_ Node              = (*Service)(nil)
	_ provider.Provider = (*Service)(nil)
)
