package chain

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ErrDisagree means that two nodes show different states of one block: one of them lies, or its state is damaged.
var ErrDisagree = errors.New("two nodes of the chain show different states of the same block")

// settledDepth is the number of blocks behind the newest one at which two nodes are compared, so that a node that is a
// few blocks behind can answer too.
const settledDepth = 5

// AgreedMarket returns supply and demand of a class a few blocks ago. If there is a second node that has that block, it
// has to show the same; the error then wraps ErrDisagree. second may be nil.
func AgreedMarket(ctx context.Context, first, second *Reader, class string) (computetypes.QueryMarketResponse, error) {
	tip, err := first.Tip(ctx)
	if err != nil {
		return computetypes.QueryMarketResponse{}, err
	}
	height := max(tip.Height-settledDepth, 1)
	market, err := first.Market(ctx, class, height)
	if err != nil || second == nil {
		return market, err
	}
	other, err := second.Market(ctx, class, height)
	if err != nil {
		return market, nil //nolint:nilerr // a node that does not answer contradicts nothing
	}
	if err := same(&market, &other); err != nil {
		return computetypes.QueryMarketResponse{}, fmt.Errorf("the market of class %s at height %d: %w", class, height, err)
	}
	return market, nil
}

// same returns ErrDisagree unless two answers are equal.
func same(x, y interface{ Marshal() ([]byte, error) }) error {
	one, err := x.Marshal()
	if err != nil {
		return err
	}
	two, err := y.Marshal()
	if err != nil {
		return err
	}
	if !bytes.Equal(one, two) {
		return ErrDisagree
	}
	return nil
}
