package grpcnode

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
)

// Invoke implements grpc.ClientConnInterface. A call that an endpoint does not answer, or refuses,
// goes to the next one, also if the first one says that there is no such record: what one of them
// shows, exists. If none answers, the error is that of the first one.
func (e *Endpoints) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if request, sends := args.(*txtypes.BroadcastTxRequest); sends && len(e.list) > 1 {
		return e.broadcast(ctx, request, reply, opts)
	}
	order := e.order()
	if _, tries := args.(*txtypes.SimulateRequest); tries && len(order) > 1 {
		return e.simulate(ctx, order, method, args, reply, opts)
	}
	return e.ask(ctx, order, method, args, reply, opts)
}

// simulate asks for a simulation. A refusal counts, because another endpoint may only have an older
// state, in which the transaction would still be possible. After some refusals in a row another
// endpoint is asked nevertheless.
func (e *Endpoints) simulate(ctx context.Context, order []*endpoint, method string, args, reply any, opts []grpc.CallOption) error {
	err := e.attempt(ctx, order[0], true, method, args, reply, opts)
	if err == nil || ctx.Err() != nil {
		e.refused(0)
		return err
	}
	if !IsUnreachable(err) && !IsStarting(err) && e.refused(1) <= maxErrs {
		return err
	}
	if e.ask(ctx, order[1:], method, args, reply, opts) == nil {
		return nil
	}
	return err
}

// refused counts simulations that were refused in a row, and returns their number. With 0 it begins
// again.
func (e *Endpoints) refused(more int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refusals = (e.refusals + more) * min(more, 1)
	return e.refusals
}

// ask asks endpoints in turn.
func (e *Endpoints) ask(ctx context.Context, order []*endpoint, method string, args, reply any, opts []grpc.CallOption) error {
	var first error
	for n, p := range order {
		if n > 0 {
			if used, ok := reply.(interface{ Reset() }); ok {
				used.Reset()
			}
		}
		err := e.attempt(ctx, p, n+1 < len(order), method, args, reply, opts)
		switch {
		case err == nil && n > 0:
			e.contradict(order[:n], p, first)
			return nil
		case err == nil:
			return nil
		case ctx.Err() != nil:
			if first == nil {
				first = err
			}
			return first
		case first == nil:
			first = err
		}
	}
	return first
}

// attempt asks one endpoint, and waits less long if another one could be asked.
func (e *Endpoints) attempt(ctx context.Context, p *endpoint, more bool, method string, args, reply any, opts []grpc.CallOption) error {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if more {
		limited, cancel = context.WithTimeout(ctx, e.options.Attempt)
	}
	defer cancel()
	began := e.options.Now()
	err := p.conn.Invoke(limited, method, args, reply, opts...)
	e.heard(ctx, p, e.options.Now().Sub(began), err)
	return err
}

// heard notes how an endpoint has answered a call.
func (e *Endpoints) heard(ctx context.Context, p *endpoint, took time.Duration, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err == nil:
		p.errs = 0
	case ctx.Err() != nil && took < e.options.Attempt:
		return // the caller has ended the call
	case IsUnreachable(err) || IsStarting(err):
		e.suffers(p, troubleOf(err, took))
		e.choose()
	}
}

// contradict notes that endpoints have refused a call that another one has answered. A record that
// one of them does not have may be newer than its state.
func (e *Endpoints) contradict(refusing []*endpoint, by *endpoint, err error) {
	if code := status.Code(err); code == codes.NotFound || IsUnreachable(err) || IsStarting(err) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range refusing {
		if p.errs++; p.errs >= maxErrs {
			e.avoid(p, fmt.Sprintf("it refuses calls that %s answers: %.200s", by.address, PlainText(status.Convert(err).Message())))
			e.choose()
		}
	}
}

// troubleOf says what the error of a call means for the use of an endpoint.
func troubleOf(err error, took time.Duration) trouble {
	switch {
	case IsStarting(err):
		return trouble{syncing, "it has been restarted and has not seen a block since"}
	case status.Code(err) == codes.DeadlineExceeded:
		return trouble{slow, fmt.Sprintf("it gave no answer within %s", took.Round(100*time.Millisecond))}
	}
	return trouble{silent, fmt.Sprintf("it does not answer: %.200s", status.Convert(err).Message())}
}

// NewStream implements grpc.ClientConnInterface. Streams are not moved to another endpoint.
func (e *Endpoints) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return e.order()[0].conn.NewStream(ctx, desc, method, opts...)
}

// Second returns a connection to the best endpoint other than the used one, to compare the two.
// Its calls fail with a status of Unavailable if there is none.
func (e *Endpoints) Second() Connection { return second{e} }

type second struct{ of *Endpoints }

// Invoke implements grpc.ClientConnInterface.
func (s second) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	order := s.of.order()
	if len(order) < 2 {
		return status.Error(codes.Unavailable, "expected another endpoint to compare with, found none that is believed")
	}
	return s.of.attempt(ctx, order[1], true, method, args, reply, opts)
}

// NewStream implements grpc.ClientConnInterface.
func (s second) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "nothing that is compared is a stream")
}

var (
	_ Connection = (*Endpoints)(nil)
	_ Connection = second{}
)
