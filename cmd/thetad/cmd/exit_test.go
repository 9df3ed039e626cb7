package cmd

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

func TestTheExitCodeTellsWhatCameOfTheJob(t *testing.T) {
	result := func(reason manifest.Reason, code int32) error {
		return fmt.Errorf("job 7-0-0: %w", outcome(manifest.Manifest{Reason: reason, ExitCode: code}))
	}
	require.NoError(t, outcome(manifest.Manifest{Reason: manifest.ReasonExited}))
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, 0},
		{errors.New("anything"), 1},
		{result("melted", 0), 1},
		{result(manifest.ReasonExited, 3), 20},
		{result(manifest.ReasonTrapped, manifest.NoExitCode), 21},
		{result(manifest.ReasonOutOfFuel, manifest.NoExitCode), 22},
		{result(manifest.ReasonOutOfMemory, manifest.NoExitCode), 23},
		{result(manifest.ReasonOutputTooBig, manifest.NoExitCode), 24},
		{result(manifest.ReasonInvalidProgram, manifest.NoExitCode), 25},
		{fmt.Errorf("program: %w", &wasm.Refusal{}), 25},
		{fmt.Errorf("job: %w", requester.ErrNoResult), 26},
		{fmt.Errorf("%w: %w", errUnverified, requester.ErrNotDelivered), 27},
		{fmt.Errorf("%w; go on", goesOn(errors.New("interrupt"))), 28},
		{fmt.Errorf("post: %w", requester.ErrRefused), 28},
		{fmt.Errorf("post: %w", requester.ErrOverdue), 28},
	} {
		require.Equal(t, c.code, ExitCode(c.err), "%v", c.err)
	}
}
