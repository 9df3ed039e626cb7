package cmd

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/update"
)

func TestAnUpdateLetsADaemonBeginAnewUnlessItsOwnerHasStoppedIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := &restart{stop: cancel}
	orders := make(chan os.Signal, 1)
	passed := r.heed(t.Context(), orders)
	require.False(t, r.due())
	r.want("version 1.4.0 is chosen")
	<-ctx.Done() // a daemon that waits for the chain holds nothing
	require.True(t, r.due())
	orders <- os.Interrupt
	require.Equal(t, os.Interrupt, <-passed)
	require.False(t, r.due(), "a stop is a stop")
}

func TestADaemonBeginsAnewWithARotatedWorkerKey(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := &node{home: t.TempDir(), workerName: chain.WorkerKey}
	n.restart.stop = cancel
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		followWorkerKey(ctx, n, slog.New(slog.DiscardHandler))
	}()
	path := filepath.Join(n.home, chain.WorkerFile)
	require.NoError(t, os.WriteFile(path, []byte("not a key\n"), 0o600))
	time.Sleep(2 * keyPause)
	require.NoError(t, ctx.Err(), "a file that cannot be read ends nothing")
	require.NoError(t, os.WriteFile(path, []byte(chain.WorkerKey+"-2\n"), 0o600))
	<-ended
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	require.True(t, n.restart.due())
}

func TestAProgramThatIsNotOfTheHomeRunsItselfAndAgainAfterAnUpdate(t *testing.T) {
	home := newHome(t)
	runs := 0
	require.NoError(t, startVersion(home, nil, os.Stderr, nil, func(<-chan os.Signal) error {
		if runs++; runs == 1 {
			return errAgain
		}
		return nil
	}))
	require.Equal(t, 2, runs)
}

func TestAChainThatDoesNotAnswerIsNotTheFaultOfAVersion(t *testing.T) {
	home := newHome(t)
	require.NoError(t, daemon{PID: os.Getpid(), Waiting: "connection refused"}.write(home))
	require.ErrorIs(t, healthForUpdate(t.Context(), home), update.ErrOutside)
	require.NoError(t, daemon{PID: os.Getpid(), HTTP: "127.0.0.1:1"}.write(home))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := healthForUpdate(ctx, home)
	require.Error(t, err)
	require.NotErrorIs(t, err, update.ErrOutside)
}
