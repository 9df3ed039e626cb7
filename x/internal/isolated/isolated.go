// Package isolated runs the items of a block apart from each other, so that a faulty item
// neither halts the chain nor leaves half of its writes behind.
package isolated

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/log/v2"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// ErrPanic is the error of an item that has panicked.
var ErrPanic = errors.New("expected no panic")

// Run runs an item in a cached context and recovers from panics. If the item returns nil, its
// writes and events are kept; otherwise all of them are discarded. Run returns the item's
// error, or ErrPanic.
func Run(ctx context.Context, item func(context.Context) error) (err error) {
	defer func() {
		if found := recover(); found != nil {
			err = fmt.Errorf("%w, found %v; its writes are dropped", ErrPanic, found)
		}
	}()
	cached, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	if err := item(cached); err != nil {
		return err
	}
	write()
	return nil
}

// Try runs an item that may be skipped if it fails, and logs which item failed and why. It
// reports whether the item's writes were kept.
func Try(ctx context.Context, logger log.Logger, what string, item func(context.Context) error) bool {
	err := Run(ctx, item)
	if err != nil {
		logger.Error("skipped", "item", what, "height", sdk.UnwrapSDKContext(ctx).BlockHeight(), "err", err)
	}
	return err == nil
}
