package isolated_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	rootstore "github.com/cosmos/cosmos-sdk/store/v2"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/internal/isolated"
)

var errItem = errors.New("no")

// world is a context over one store.
type world struct {
	ctx sdk.Context
	key *storetypes.KVStoreKey
}

func newWorld(t *testing.T) world {
	t.Helper()
	w := world{key: storetypes.NewKVStoreKey("items")}
	cms := rootstore.NewCommitMultiStore(dbm.NewMemDB(), log.NewNopLogger())
	cms.MountStoreWithDB(w.key, storetypes.StoreTypeIAVL, nil)
	require.NoError(t, cms.LoadLatestVersion())
	w.ctx = sdk.NewContext(cms, cmtproto.Header{Height: 7}, false, log.NewNopLogger())
	return w
}

// write returns an item that writes, emits an event, and then ends with the result of end.
func (w world) write(name string, end func() error) func(context.Context) error {
	return func(ctx context.Context) error {
		sdkCtx := sdk.UnwrapSDKContext(ctx)
		sdkCtx.KVStore(w.key).Set([]byte(name), []byte{1})
		sdkCtx.EventManager().EmitEvent(sdk.NewEvent(name))
		return end()
	}
}

func (w world) has(name string) bool { return w.ctx.KVStore(w.key).Has([]byte(name)) }

func TestAnItemIsWrittenAsAWholeOrNotAtAll(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, isolated.Run(w.ctx, w.write("good", func() error { return nil })))
	require.ErrorIs(t, isolated.Run(w.ctx, w.write("bad", func() error { return errItem })), errItem)
	err := isolated.Run(w.ctx, w.write("panics", func() error { panic("send restriction") }))
	require.ErrorIs(t, err, isolated.ErrPanic)
	require.ErrorContains(t, err, "send restriction")
	var none map[string]bool
	err = isolated.Run(w.ctx, w.write("runtime", func() error { none["x"] = true; return nil }))
	require.ErrorIs(t, err, isolated.ErrPanic, "one of the runtime too")

	require.True(t, w.has("good"))
	for _, name := range []string{"bad", "panics", "runtime"} {
		require.False(t, w.has(name), name)
	}
	events := w.ctx.EventManager().Events()
	require.Len(t, events, 1)
	require.Equal(t, "good", events[0].Type)
}

func TestWhatWasSkippedIsInTheLog(t *testing.T) {
	w := newWorld(t)
	var out bytes.Buffer
	logger := log.NewLogger(&out, log.OutputJSONOption())
	require.True(t, isolated.Try(w.ctx, logger, "a good item", w.write("good", func() error { return nil })))
	require.Empty(t, out.String())
	require.False(t, isolated.Try(w.ctx, logger, "a bad item", w.write("bad", func() error { return errItem })))
	require.False(t, isolated.Try(w.ctx, logger, "a worse item", w.write("panics", func() error { panic("oh") })))
	for _, want := range []string{"a bad item", "no", "a worse item", "oh", `"height":7`} {
		require.Contains(t, out.String(), want)
	}
	require.True(t, w.has("good"))
	require.False(t, w.has("bad"))
	require.False(t, w.has("panics"))
}
