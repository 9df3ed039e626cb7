package devnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/thetaedge/theta/client/grpcnode"
)

// heightHeader is the header in which a query asks for a height, and an answer names one.
const heightHeader = "x-cosmos-block-height"

// Ask passes a call on to the honest node and returns its answer and the headers of the answer.
type Ask func() ([]byte, metadata.MD, error)

// Falsehood is how a node lies: it answers a call, with or without the honest node.
type Falsehood func(ctx context.Context, method string, request []byte, ask Ask) ([]byte, metadata.MD, error)

// FalseNode is a node of the chain that does not say what is so: a proxy for gRPC in front of an
// honest one.
type FalseNode struct {
	server   *grpc.Server
	listener net.Listener
	honest   grpc.ClientConnInterface
	close    func() error
	lies     Falsehood
}

// OpenFalseNode starts a node on this machine that lies in front of the one at an address.
func OpenFalseNode(honest string, lies Falsehood) (*FalseNode, error) {
	conn, err := grpcnode.Dial(honest)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("false node: %w", err), conn.Close())
	}
	f := &FalseNode{listener: listener, honest: conn, close: conn.Close, lies: lies}
	f.server = grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.UnknownServiceHandler(f.answer))
	go func() { _ = f.server.Serve(listener) }()
	return f, nil
}

// Address returns where the node is reached, host:port.
func (f *FalseNode) Address() string { return f.listener.Addr().String() }

// Close ends the node and the calls to it.
func (f *FalseNode) Close() error {
	f.server.Stop()
	return f.close()
}

// answer answers one call.
func (f *FalseNode) answer(_ any, stream grpc.ServerStream) error {
	method, known := grpc.MethodFromServerStream(stream)
	if !known {
		return status.Error(codes.Internal, "expected a call with a method, found none")
	}
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	ctx := stream.Context()
	ask := func() ([]byte, metadata.MD, error) {
		out := ctx
		if asked, has := metadata.FromIncomingContext(ctx); has {
			if heights := asked.Get(heightHeader); len(heights) > 0 {
				out = metadata.AppendToOutgoingContext(ctx, heightHeader, heights[0])
			}
		}
		var reply []byte
		var header metadata.MD
		err := f.honest.Invoke(out, method, &request, &reply, grpc.ForceCodec(rawCodec{}), grpc.Header(&header))
		return reply, header, err
	}
	reply, header, err := f.lies(ctx, method, request, ask)
	if err != nil {
		return err
	}
	if heights := header.Get(heightHeader); len(heights) > 0 {
		if err := stream.SetHeader(metadata.Pairs(heightHeader, heights[0])); err != nil {
			return err
		}
	}
	return stream.SendMsg(&reply)
}

// Late answers each call after a pause.
func Late(pause time.Duration) Falsehood {
	return func(ctx context.Context, _ string, _ []byte, ask Ask) ([]byte, metadata.MD, error) {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-timer.C:
			return ask()
		}
	}
}

// rawCodec passes messages on as they are.
type rawCodec struct{}

// Marshal implements encoding.Codec.
func (rawCodec) Marshal(v any) ([]byte, error) {
	raw, is := v.(*[]byte)
	if !is {
		return nil, fmt.Errorf("expected bytes, found %T", v)
	}
	return *raw, nil
}

// Unmarshal implements encoding.Codec.
func (rawCodec) Unmarshal(data []byte, v any) error {
	raw, is := v.(*[]byte)
	if !is {
		return fmt.Errorf("expected a place for bytes, found %T", v)
	}
	*raw = append([]byte(nil), data...)
	return nil
}

// Name implements encoding.Codec.
func (rawCodec) Name() string { return "proto" }
