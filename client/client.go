package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/std"
	"github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// defaultPoll is the pause between two requests while the client waits for the chain;
// blocks take one to two seconds.
const defaultPoll = 400 * time.Millisecond

// Connection is the part of a gRPC connection that the client needs. *grpc.ClientConn
// implements it, and so does the SDK's client.Context.
type Connection = grpc.ClientConnInterface

// Client posts jobs and fetches their results. It is safe for concurrent use,
// except that one signer's transactions must be sent one after the other.
type Client struct {
	chainID string
	poll    time.Duration
	terms   Terms

	compute computetypes.QueryClient
	market  feemarkettypes.QueryClient
	auth    authtypes.QueryClient
	bank    banktypes.QueryClient
	node    nodeservice.ServiceClient
	blocks  cmtservice.ServiceClient
	tx      tx.ServiceClient
}

// New returns a client for the chain behind conn. It asks the chain for its id.
func New(ctx context.Context, conn Connection) (*Client, error) {
	conn = telling{conn}
	info, err := cmtservice.NewServiceClient(conn).GetNodeInfo(ctx, &cmtservice.GetNodeInfoRequest{})
	if err != nil {
		return nil, fmt.Errorf("cannot reach a node of the chain: %w; check its address and that it is running", plain(err))
	}
	if info.DefaultNodeInfo == nil || info.DefaultNodeInfo.Network == "" {
		return nil, errors.New("expected a node that reports its chain id, found none; use another node")
	}
	return newClient(info.DefaultNodeInfo.Network, conn), nil
}

func newClient(chainID string, conn Connection) *Client {
	conn = checked{conn}
	return &Client{
		chainID: chainID,
		poll:    defaultPoll,
		compute: computetypes.NewQueryClient(conn),
		market:  feemarkettypes.NewQueryClient(conn),
		auth:    authtypes.NewQueryClient(conn),
		bank:    banktypes.NewQueryClient(conn),
		node:    nodeservice.NewServiceClient(conn),
		blocks:  cmtservice.NewServiceClient(conn),
		tx:      tx.NewServiceClient(conn),
	}
}

// Dial opens a connection without transport security, for nodes on this machine
// or behind a tunnel, with the codec that the chain's messages need.
func Dial(address string) (*grpc.ClientConn, error) {
	registry := codectypes.NewInterfaceRegistry()
	std.RegisterInterfaces(registry)
	authtypes.RegisterInterfaces(registry)
	computetypes.RegisterInterfaces(registry)
	wire := codec.NewProtoCodec(registry).GRPCCodec()
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(wire)))
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", address, err)
	}
	return conn, nil
}

// ChainID returns the id of the chain.
func (c *Client) ChainID() string { return c.chainID }

// Height returns the height of the last block that the node has committed.
func (c *Client) Height(ctx context.Context) (int64, error) {
	answer, err := c.node.Status(ctx, &nodeservice.StatusRequest{})
	if err != nil {
		return 0, fmt.Errorf("height of the chain: %w", plain(err))
	}
	return int64(answer.Height), nil //nolint:gosec // heights fit
}

// wait blocks until the next look at the chain is due.
func (c *Client) wait(ctx context.Context) error {
	timer := time.NewTimer(c.poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// patiently repeats a request while the node cannot be reached, so that the restart of a
// node does not end a wait of minutes. Other errors end it.
func (c *Client) patiently(ctx context.Context, ask func() error) error {
	for {
		err := ask()
		if err == nil || !unreachable(err) || ctx.Err() != nil {
			return err
		}
		if waited := c.wait(ctx); waited != nil {
			return fmt.Errorf("%w (last answer: %w)", waited, plain(err))
		}
	}
}

// isNotFound reports whether an error means that a record does not exist.
func isNotFound(err error) bool { return status.Code(err) == codes.NotFound }

// catchingUpText is part of the answer of a node that cannot take transactions yet.
const catchingUpText = "endpoint is closed while node is catching up"

// unreachable reports whether the node itself did not answer. Over CometBFT's RPC, which
// the command line uses, a refused connection has no gRPC status.
func unreachable(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted:
		return true
	case codes.Unknown:
		return isNetwork(err) || strings.Contains(err.Error(), catchingUpText)
	default:
		return false
	}
}
