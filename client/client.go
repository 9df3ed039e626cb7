package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/tx"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// defaultPoll is the pause between two requests while the client waits for the chain;
// blocks take one to two seconds.
const defaultPoll = 400 * time.Millisecond

// Connection is the part of a gRPC connection that the client needs. *grpc.ClientConn
// implements it, and so does the SDK's client.Context.
type Connection = grpcnode.Connection

// Client posts jobs and fetches their results. It is safe for concurrent use,
// except that one signer's transactions must be sent one after the other.
type Client struct {
	chainID string
	poll    time.Duration
	terms   Terms

	compute computetypes.QueryClient
	market  feemarkettypes.QueryClient
	edges   edgenodetypes.QueryClient
	bank    banktypes.QueryClient
	rewards rewardstypes.QueryClient
	node    nodeservice.ServiceClient
	blocks  cmtservice.ServiceClient
	txs     *tx.Sender
}

// New returns a client for the chain behind conn. It asks the chain for its id.
func New(ctx context.Context, conn Connection) (*Client, error) {
	info, err := cmtservice.NewServiceClient(grpcnode.Checked(conn)).GetNodeInfo(ctx, &cmtservice.GetNodeInfoRequest{})
	if err != nil {
		return nil, fmt.Errorf("cannot reach a node of the chain: %w; check its address and that it is running", plain(err))
	}
	if info.DefaultNodeInfo == nil || info.DefaultNodeInfo.Network == "" {
		return nil, errors.New("expected a node that reports its chain id, found none; use another node")
	}
	return newClient(info.DefaultNodeInfo.Network, conn), nil
}

func newClient(chainID string, conn Connection) *Client {
	conn = grpcnode.Checked(conn)
	return &Client{
		chainID: chainID,
		poll:    defaultPoll,
		compute: computetypes.NewQueryClient(conn),
		market:  feemarkettypes.NewQueryClient(conn),
		edges:   edgenodetypes.NewQueryClient(conn),
		bank:    banktypes.NewQueryClient(conn),
		rewards: rewardstypes.NewQueryClient(conn),
		node:    nodeservice.NewServiceClient(conn),
		blocks:  cmtservice.NewServiceClient(conn),
		txs:     tx.NewSender(chainID, conn),
	}
}

// ChainID returns the id of the chain.
func (c *Client) ChainID() string { return c.chainID }

// Height returns the height of the last block that the node has committed.
func (c *Client) Height(ctx context.Context) (int64, error) {
	height, err := c.txs.Height(ctx)
	if err != nil {
		return 0, fmt.Errorf("height of the chain: %w", plain(err))
	}
	return height, nil
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

// behindLooks is the number of looks for which a node may be behind a state that it has shown: a
// minute or two. After that, it has named a height that it did not have.
const behindLooks = 300

// patiently repeats a request while the node cannot be reached, so that the restart of a
// node does not end a wait of minutes. Other errors end it.
func (c *Client) patiently(ctx context.Context, ask func() error) error {
	behind := 0
	for {
		err := ask()
		if err == nil || !unreachable(err) || ctx.Err() != nil {
			return err
		}
		if errors.Is(err, errBehind) {
			if behind++; behind == behindLooks {
				return fmt.Errorf("%w: %w; use another node", ErrUncertain, err)
			}
		}
		if waited := c.wait(ctx); waited != nil {
			return fmt.Errorf("%w (last answer: %w)", waited, plain(err))
		}
	}
}

// isNotFound reports whether an error means that a record does not exist.
func isNotFound(err error) bool { return status.Code(err) == codes.NotFound }

// unreachable reports whether the node itself did not answer.
func unreachable(err error) bool { return grpcnode.IsUnreachable(err) }
