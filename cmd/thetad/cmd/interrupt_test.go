package cmd

import (
	"bytes"
	"context"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFirstInterruptEndsAWait(t *testing.T) {
	ctx, stop := untilInterrupted(t.Context())
	defer stop()
	require.NoError(t, ctx.Err())
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGINT))
	<-ctx.Done()
	require.ErrorContains(t, context.Cause(ctx), "interrupt")
}

func TestAScriptIsNotAsked(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, confirm(t.Context(), &out, &bytes.Buffer{}, false, "Post it?"))
	require.Empty(t, out.String())
}
