// The race detector would have to compile the whole app for these tests.
//go:build !race

package chain_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/clock"
)

// wrongClock is a machine whose clock shows the time of the newest block of a stage, plus an error.
type wrongClock struct {
	base, began time.Time
	off         time.Duration
}

func newWrongClock(s *stage) *wrongClock {
	return &wrongClock{base: s.node.Header(s.chain.Height() - 1).Time.Add(3 * time.Second), began: time.Now()}
}

func (c *wrongClock) boot() time.Duration { return time.Since(c.began) }

func (c *wrongClock) wall() time.Time { return c.base.Add(c.boot() + c.off) }

const year = 365 * 24 * time.Hour

// TestAClockThatIsSetWhileTheDaemonRunsStopsNoProof: without proofs, a node could not reveal what it has committed to.
func TestAClockThatIsSetWhileTheDaemonRunsStopsNoProof(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, -time.Hour, year, -year} {
		s := newStage(t)
		machine := newWrongClock(s)
		own := clock.From(machine.wall, machine.boot)
		prover := s.prover(func(c *chain.ProverConfig) { c.Now, c.Confirm = own.Now, own.Confirm })
		_, err := prover.Follow(t.Context())
		require.NoError(t, err)
		machine.off = jump
		for range 3 {
			s.chain.NextBlock()
			_, err = prover.Follow(t.Context())
			require.NoError(t, err, jump)
		}
		require.InDelta(t, jump.Seconds(), own.Wrong().Seconds(), 1)
		machine.off = 0
		s.chain.NextBlock()
		_, err = prover.Follow(t.Context())
		require.NoError(t, err)
		require.Zero(t, own.Wrong())
	}
}

// TestATrustedHeaderOutlivesAClockThatIsWrongAtTheStart: the daemon goes on from it when the clock is set.
func TestATrustedHeaderOutlivesAClockThatIsWrongAtTheStart(t *testing.T) {
	for _, off := range []time.Duration{year, -year, -time.Hour} {
		s := newStage(t)
		machine := newWrongClock(s)
		file := filepath.Join(t.TempDir(), "trusted.json")
		_, err := s.prover(func(c *chain.ProverConfig) { c.Now, c.File = machine.wall, file }).Follow(t.Context())
		require.NoError(t, err)
		before, err := os.ReadFile(file)
		require.NoError(t, err)

		machine.off = off
		s.chain.NextBlock()
		own := clock.From(machine.wall, machine.boot)
		prover := s.prover(func(c *chain.ProverConfig) { c.Now, c.Confirm, c.File = own.Now, own.Confirm, file })
		_, err = prover.Follow(t.Context())
		require.Error(t, err)
		if off > 0 {
			require.ErrorContains(t, err, "if that clock is wrong, set it")
		}
		after, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, before, after, "the header is kept")
		machine.off = 0
		_, err = prover.Follow(t.Context())
		require.NoError(t, err, "nothing but the clock had to be set")
	}
}
