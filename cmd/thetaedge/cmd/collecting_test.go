package cmd

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/payout"
)

// TestANodeWorksWithoutCollectingIfItsStateIsDamaged: what a node earns by working is more than what a collection
// moves.
func TestANodeWorksWithoutCollectingIfItsStateIsDamaged(t *testing.T) {
	home := newHome(t)
	require.NoError(t, os.WriteFile(filepath.Join(home, payout.File), nil, 0o600))
	root, err := Root()
	require.NoError(t, err)
	start, _, err := root.Find([]string{"start"})
	require.NoError(t, err)
	start.InheritedFlags() // the root's
	require.NoError(t, start.ParseFlags([]string{"--home", home}))
	n, err := openSettings(start)
	require.NoError(t, err)
	n.config.Payout.Collect = "5tfuel"
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	end, err := collectEarnings(ctx, n, nil, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	cancel()
	end()
	require.Contains(t, log.String(), "move the file away")
}
