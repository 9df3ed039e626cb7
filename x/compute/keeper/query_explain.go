package keeper

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// Explain says what a task waits for. Without a node it counts whom the task fits,
// with one it says what that node lacks.
func (s queryServer) Explain(ctx context.Context, req *types.QueryExplainRequest) (*types.QueryExplainResponse, error) {
	id, err := types.ParseJobID(req.JobId)
	if err != nil {
		return nil, notFound(err)
	}
	w, err := s.k.peek(ctx, id, req.Task)
	if err != nil {
		return nil, notFound(err)
	}
	if w.task.Ended() {
		return nil, notFound(types.ErrTaskEnded.Wrap("its receipt follows with the next block"))
	}
	resp := &types.QueryExplainResponse{Waiting: w.waiting()}
	if req.Operator != "" {
		return resp, s.k.explainNode(w, req.Operator, resp)
	}
	if w.round().Draw == nil {
		return resp, nil
	}
	d, err := s.k.demand(w)
	if err != nil {
		return nil, err
	}
	fit, err := s.k.fit(sdk.UnwrapSDKContext(w.ctx), &d, w.barred)
	resp.Fit = &fit
	return resp, err
}

// explainNode writes what a claim of a node would meet, and then what its operator
// declares.
func (k *Keeper) explainNode(w *work, text string, resp *types.QueryExplainResponse) error {
	operator, err := k.addresses.StringToBytes(text)
	if err != nil {
		return status.Errorf(codes.InvalidArgument, "operator: %s", err)
	}
	_, rules, err := w.match(operator)
	if err != nil {
		return err
	}
	resp.Qualifies = true
	for _, r := range rules {
		check := types.Check{Rule: r.name, Ok: r.err == nil, Detail: r.detail}
		if r.err != nil {
			resp.Qualifies = false
			check.Detail = r.err.Error()
		}
		resp.Checks = append(resp.Checks, check)
	}
	node, err := k.nodes.Node(w.ctx, operator)
	if err != nil {
		return nil //nolint:nilerr // the checks say that there is no node
	}
	d, err := k.demand(w)
	if err != nil {
		return err
	}
	epoch, err := k.nodes.Epoch(w.ctx)
	if err != nil {
		return err
	}
	needs, err := needsOf(&d, node, epoch, w.barred)
	if err != nil {
		return err
	}
	for _, need := range needs {
		if need.Declared {
			resp.Checks = append(resp.Checks, types.Check{Rule: need.Rule, Ok: need.Met, Detail: need.Detail, Declared: true})
		}
	}
	resp.Fits = node.State.Live(w.height()) && types.Fits(needs)
	return nil
}
