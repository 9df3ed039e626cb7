package grpcnode

import (
	"context"

	"google.golang.org/grpc"

	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
)

// broadcastMethod is the call that hands a transaction to a node.
const broadcastMethod = "/cosmos.tx.v1beta1.Service/BroadcastTx"

// handed is what an endpoint has answered to a transaction.
type handed struct {
	response *txtypes.BroadcastTxResponse
	err      error
}

// took reports whether the endpoint says that it has taken the transaction.
func (h handed) took() bool {
	return h.err == nil && h.response.TxResponse != nil && h.response.TxResponse.Code == 0
}

// broadcast hands a transaction to all endpoints, because one that says that it took it may have
// dropped it. The same bytes run once at most. The answer is that of the used endpoint or, if that
// one did not take the transaction, of another one that did.
func (e *Endpoints) broadcast(ctx context.Context, request *txtypes.BroadcastTxRequest, reply any, opts []grpc.CallOption) error {
	order := e.order()
	others := make(chan handed, len(order))
	for _, p := range order[1:] {
		e.handing.Go(func() {
			// The caller may be content with the answer of the used endpoint.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
			defer cancel()
			response := &txtypes.BroadcastTxResponse{}
			err := e.attempt(ctx, p, true, broadcastMethod, request, response, nil)
			others <- handed{response, err}
		})
	}
	first := handed{response: &txtypes.BroadcastTxResponse{}}
	first.err = e.attempt(ctx, order[0], len(order) > 1, broadcastMethod, request, first.response, opts)
	answer := first
	for range order[1:] {
		if answer.took() {
			break
		}
		select {
		case <-ctx.Done():
			return first.err
		case other := <-others:
			if other.took() || answer.err != nil && other.err == nil {
				answer = other
			}
		}
	}
	if answer.err == nil {
		*reply.(*txtypes.BroadcastTxResponse) = *answer.response //nolint:forcetypeassert // the request says so
	}
	return answer.err
}
