package proven

import (
	"context"
	"errors"
	"time"

	"github.com/cometbft/cometbft/light/provider"
	"github.com/cometbft/cometbft/types"
)

const (
	// lagAttempts is how often a node is asked for a header that it does not have yet;
	// lagWait is the pause. The header that commits to a block's state comes one block
	// later, and nodes are one or two blocks behind each other.
	lagAttempts = 20
	lagWait     = 500 * time.Millisecond
)

// patient waits for a node that is behind.
type patient struct{ provider.Provider }

// LightBlock returns the node's header at a height, 0 for the newest.
func (p patient) LightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	for attempt := 1; ; attempt++ {
		block, err := p.Provider.LightBlock(ctx, height)
		if !errors.Is(err, provider.ErrHeightTooHigh) || attempt == lagAttempts {
			return block, err
		}
		timer := time.NewTimer(lagWait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		case <-timer.C:
		}
	}
}

// patients wraps each of several nodes.
func patients(nodes []provider.Provider) []provider.Provider {
	wrapped := make([]provider.Provider, len(nodes))
	for i, node := range nodes {
		wrapped[i] = patient{Provider: node}
	}
	return wrapped
}
