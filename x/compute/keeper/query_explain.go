package keeper

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
)

// Explain says what a task waits for. Without a node, it counts the nodes that the task fits;
// with a node, it says which requirements that node does not meet.
func (s queryServer) Explain(ctx context.Context, req *types.QueryExplainRequest) (*types.QueryExplainResponse, error) {
	id, err := types.ParseJobID(req.JobId)
	if err != nil {
		return nil, notFound(err)
	}
	t, err := s.k.peekAny(ctx, id, req.Task)
	if err != nil {
		return nil, notFound(err)
	}
	if t.Ended() {
		return nil, notFound(types.ErrTaskEnded.Wrap("its receipt follows with the next block"))
	}
	resp := &types.QueryExplainResponse{Waiting: t.Waiting()}
	if req.Operator != "" {
		return resp, s.k.explainNode(t, req.Operator, resp)
	}
	if _, drawing := t.Draw(); !drawing {
		return resp, nil
	}
	d, err := s.k.demand(t)
	if err != nil {
		return nil, err
	}
	fit, err := s.k.fit(sdk.UnwrapSDKContext(t.Context()), &d, t.Barred)
	resp.Fit = &fit
	return resp, err
}

// explainNode writes the result that a claim of the node would have, and then the limits that
// its operator declares.
func (k *Keeper) explainNode(t *round.Chunk, text string, resp *types.QueryExplainResponse) error {
	operator, err := k.addresses.StringToBytes(text)
	if err != nil {
		return status.Errorf(codes.InvalidArgument, "operator: %s", err)
	}
	_, rules, err := t.Match(operator)
	if err != nil {
		return err
	}
	resp.Qualifies = true
	for _, r := range rules {
		check := types.Check{Rule: r.Name, Ok: r.Err == nil, Detail: r.Detail}
		if r.Err != nil {
			resp.Qualifies = false
			check.Detail = r.Err.Error()
		}
		resp.Checks = append(resp.Checks, check)
	}
	node, err := k.nodes.Node(t.Context(), operator)
	if err != nil {
		return nil //nolint:nilerr // the checks say that there is no node
	}
	d, err := k.demand(t)
	if err != nil {
		return err
	}
	if err := k.addCarbon(t.Context(), &d); err != nil {
		return err
	}
	epoch, err := k.nodes.Epoch(t.Context())
	if err != nil {
		return err
	}
	needs, err := needsOf(&d, node, epoch, t.Barred)
	if err != nil {
		return err
	}
	for _, need := range needs {
		if need.Declared {
			resp.Checks = append(resp.Checks, types.Check{Rule: need.Rule, Ok: need.Met, Detail: need.Detail, Declared: true})
		}
	}
	resp.Fits = node.State.Live(sdk.UnwrapSDKContext(t.Context()).BlockHeight()) && types.Fits(needs)
	return nil
}
