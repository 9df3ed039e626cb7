package proven

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/cometbft/cometbft/light/provider"
	"github.com/cometbft/cometbft/types"
)

// agreedHeaders trusts headers that all of several nodes show.
type agreedHeaders struct {
	nodes []provider.Provider

	mu       sync.Mutex
	believed map[int64]*types.Header
}

// FromNodes returns headers that each of two or more nodes shows alike, each signed by two
// thirds of the validators that it names. This is safe if at least one of the nodes is
// honest: an operator of all of them could show any header.
func FromNodes(nodes []provider.Provider) (Headers, error) {
	if len(nodes) < 2 {
		return nil, fmt.Errorf("%w: expected two or more nodes that are independent of each other, found %d; name another, or a trust root", ErrHeader, len(nodes))
	}
	for _, node := range nodes[1:] {
		if node.ChainID() != nodes[0].ChainID() {
			return nil, fmt.Errorf("%w: expected nodes of one chain, found %s and %s", ErrHeader, nodes[0].ChainID(), node.ChainID())
		}
	}
	return &agreedHeaders{nodes: patients(nodes), believed: make(map[int64]*types.Header)}, nil
}

// Header asks every node for a header; the newest is the first node's.
func (h *agreedHeaders) Header(ctx context.Context, height int64) (*types.Header, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if known := h.believed[height]; known != nil {
		return known, nil
	}
	first, err := h.ask(ctx, h.nodes[0], height)
	if err != nil {
		return nil, err
	}
	for i, node := range h.nodes[1:] {
		block, err := h.ask(ctx, node, first.Height)
		if err != nil {
			return nil, fmt.Errorf("%w: node %d of %d: %w", ErrWitness, i+2, len(h.nodes), err)
		}
		if !bytes.Equal(block.Hash(), first.Hash()) {
			return nil, refused(first.Height, fmt.Errorf("the first node shows %X and node %d shows %X; one of them lies", first.Hash(), i+2, block.Hash()))
		}
	}
	if len(h.believed) >= believedHeaders {
		clear(h.believed)
	}
	h.believed[first.Height] = first.Header
	return first.Header, nil
}

// ask returns the header that a node shows, if its validators have signed it.
func (h *agreedHeaders) ask(ctx context.Context, node provider.Provider, height int64) (*types.LightBlock, error) {
	block, err := node.LightBlock(ctx, height)
	if err != nil {
		return nil, fmt.Errorf("header at height %d: %w", height, err)
	}
	if err := block.ValidateBasic(node.ChainID()); err != nil {
		return nil, refused(height, err)
	}
	if height != 0 && block.Height != height {
		return nil, refused(height, fmt.Errorf("found one of height %d", block.Height))
	}
	if err := block.ValidatorSet.VerifyCommitLight(node.ChainID(), block.Commit.BlockID, block.Height, block.Commit); err != nil {
		return nil, refused(block.Height, err)
	}
	return block, nil
}

// Grounds says how many nodes agree.
func (h *agreedHeaders) Grounds() string {
	return fmt.Sprintf("shown alike by %d nodes; safe if one of them is honest", len(h.nodes))
}
