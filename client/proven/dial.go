package proven

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/cometbft/cometbft/light/provider"
	lighthttp "github.com/cometbft/cometbft/light/provider/http"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	jsonrpc "github.com/cometbft/cometbft/rpc/jsonrpc/client"
)

const (
	// answerTimeout bounds one request to a node.
	answerTimeout = 15 * time.Second
	// maxAnswerBytes bounds one answer; a page of a hundred validators or a large receipt
	// with its proof takes a few hundred KiB.
	maxAnswerBytes = 16 << 20
)

// Endpoint is a node's CometBFT RPC.
type Endpoint struct {
	// HTTP reads records.
	*rpchttp.HTTP
	// ChainID is the chain id that the node claims. A header proves or refutes it.
	ChainID string
}

// Dial connects to a node's CometBFT RPC, such as "tcp://localhost:26657", and asks for its
// chain id. Every request has a deadline, and every answer a size limit.
func Dial(ctx context.Context, address string) (*Endpoint, error) {
	client, err := jsonrpc.DefaultHTTPClient(address)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", address, err)
	}
	client.Timeout = answerTimeout
	client.Transport = bounded{next: client.Transport}
	rpc, err := rpchttp.NewWithClient(address, "/websocket", client)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", address, err)
	}
	status, err := rpc.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w; check its address and that it is running", address, err)
	}
	return &Endpoint{HTTP: rpc, ChainID: status.NodeInfo.Network}, nil
}

// Provider returns the node's headers for a verifier.
func (e *Endpoint) Provider() provider.Provider { return lighthttp.NewWithClient(e.ChainID, e.HTTP) }

// bounded limits the size of answers.
type bounded struct{ next http.RoundTripper }

// RoundTrip limits how much of the answer can be read.
func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = boundedBody{Reader: io.LimitReader(response.Body, maxAnswerBytes), Closer: response.Body}
	return response, nil
}

type boundedBody struct {
	io.Reader
	io.Closer
}
