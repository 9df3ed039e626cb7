package keeper

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	"github.com/thetaedge/theta/x/tally/types"
)

type queryServer struct{ keeper *Keeper }

var _ types.QueryServer = queryServer{}

// NewQueryServer returns the Query service of the module.
func NewQueryServer(keeper *Keeper) types.QueryServer { return queryServer{keeper: keeper} }

// Params returns the parameters.
func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	params, err := s.keeper.Params(ctx)
	return &types.QueryParamsResponse{Params: params}, err
}

// Tally counts the votes on a proposal, or returns the count that decided.
func (s queryServer) Tally(ctx context.Context, req *types.QueryTallyRequest) (*types.QueryTallyResponse, error) {
	id := req.GetProposalId()
	open, err := s.keeper.gov.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	if !open {
		tally, err := s.keeper.tallies.Get(ctx, id)
		if errors.Is(err, collections.ErrNotFound) {
			return nil, status.Errorf(codes.NotFound, "expected a proposal that is or was voted on, found no count of proposal %d; list proposals with: thetad query gov proposals", id)
		}
		return &types.QueryTallyResponse{Tally: tally, Ended: true}, err
	}
	proposal, err := s.keeper.gov.Proposal(ctx, id)
	if err != nil {
		return nil, err
	}
	tally, err := s.keeper.Count(ctx, proposal)
	if err != nil {
		return nil, asStatus(err)
	}
	return &types.QueryTallyResponse{Tally: tally}, nil
}

// BondVotes lists the operators whose bonds count in a voting.
func (s queryServer) BondVotes(ctx context.Context, req *types.QueryBondVotesRequest) (*types.QueryBondVotesResponse, error) {
	if _, err := s.voting(ctx, req.GetProposalId()); err != nil {
		return nil, err
	}
	votes, page, err := query.CollectionFilteredPaginate(ctx, s.keeper.ballots, req.GetPagination(),
		func(_ ballotKey, ballot types.Ballot) (bool, error) { return ballot.Bond.IsPositive(), nil },
		func(key ballotKey, ballot types.Ballot) (types.BondVote, error) {
			operator, err := s.keeper.text(key.K2())
			return types.BondVote{Operator: operator, Bond: ballot.Bond, Options: ballot.Options}, err
		},
		query.WithCollectionPaginationPairPrefix[uint64, sdk.AccAddress](req.GetProposalId()))
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &types.QueryBondVotesResponse{Votes: votes, Pagination: page}, nil
}

// BondVote explains how much bond of an operator counts.
func (s queryServer) BondVote(ctx context.Context, req *types.QueryBondVoteRequest) (*types.QueryBondVoteResponse, error) {
	operator, err := s.keeper.parse("operator", req.GetOperator())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	voting, err := s.voting(ctx, req.GetProposalId())
	if err != nil {
		return nil, err
	}
	voted, err := s.keeper.ballots.Has(ctx, collections.Join(voting.ProposalId, operator))
	if err != nil {
		return nil, err
	}
	stake, err := s.keeper.nodes.Stake(ctx, operator)
	if err != nil {
		return nil, err
	}
	increases, err := s.keeper.increasesOf(ctx, operator)
	if err != nil {
		return nil, err
	}
	response := &types.QueryBondVoteResponse{
		Voted: voted, Bond: stake.Bond, Younger: increases.Younger(voting.Number), Counts: increases.Counts(stake, voting.Number),
	}
	response.Reason = reason(stake, response)
	return response, nil
}

// reason says why less than the whole bond counts.
func reason(stake edgenodetypes.Stake, vote *types.QueryBondVoteResponse) string {
	switch {
	case stake.Bond.IsZero():
		return "the account does not have a node with a bond"
	case !stake.Votes:
		return "the node is jailed or retired"
	case !vote.Voted:
		return "the operator has not voted"
	case vote.Younger.IsPositive():
		return fmt.Sprintf("%s of the bond were added after the voting began", vote.Younger)
	}
	return ""
}

// Invariants compares the sums with the ballots, if there are few enough to walk.
func (s queryServer) Invariants(ctx context.Context, _ *types.QueryInvariantsRequest) (*types.QueryInvariantsResponse, error) {
	if err := s.keeper.checkWalkable(ctx, types.MaxBallotsForInvariants); err != nil {
		return nil, asStatus(err)
	}
	response := &types.QueryInvariantsResponse{}
	for _, found := range s.keeper.CheckInvariants(ctx) {
		result := types.InvariantResult{Name: found.Name, Ok: found.Err == nil}
		if found.Err != nil {
			result.Detail = found.Err.Error()
		}
		response.Results = append(response.Results, result)
	}
	return response, nil
}

// voting returns a voting that has not ended.
func (s queryServer) voting(ctx context.Context, id uint64) (types.Voting, error) {
	voting, err := s.keeper.votings.Get(ctx, id)
	if known, err := found(err); err != nil {
		return voting, err
	} else if !known || voting.Ended {
		return voting, status.Errorf(codes.NotFound, "expected a proposal that is being voted on, found proposal %d; see how it was decided with: thetad query tally count %d", id, id)
	}
	return voting, nil
}

// asStatus gives an error that clients act on its gRPC code.
func asStatus(err error) error {
	switch {
	case errors.Is(err, types.ErrNoVoting):
		return status.Error(codes.NotFound, err.Error())
	case errors.Is(err, types.ErrTooManyBallots):
		return status.Error(codes.ResourceExhausted, err.Error())
	default:
		return err
	}
}
