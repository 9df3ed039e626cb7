package bid

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func programOf(n int) *computetypes.JobSpec {
	return &computetypes.JobSpec{Program: computetypes.Blob{Sha256: fmt.Appendf(nil, "%032d", n)}, Sink: "https://relay.example/box"}
}

func TestShunsDoubleUpToABoundAndAreForgotten(t *testing.T) {
	s, spec := NewShuns(nil), programOf(1)
	var blocks []int64
	for range 8 {
		changed, forgotten := s.Crashed(spec, "", "signal", 50)
		require.Len(t, changed, 1)
		require.Empty(t, forgotten)
		blocks = append(blocks, changed[0].Until-50)
	}
	require.Equal(t, []int64{1200, 2400, 4800, 9600, 19200, 38400, 57600, 57600}, blocks)
	require.NotEmpty(t, s.Program(spec, "", 50+crashMost-1))
	require.Empty(t, s.Program(spec, "", 50+crashMost))

	_, forgotten := s.Crashed(programOf(2), "", "signal", 50+2*crashMost)
	require.Equal(t, []string{crashNames(spec, "")[0]}, forgotten, "what has behaved is forgotten")
}

func TestCrashesThatAreRememberedAreBounded(t *testing.T) {
	var known []Crash
	for n := range 2 * maxCrashes {
		known = append(known, Crash{Name: crashNames(programOf(n), "")[0], Until: 1_000_000 + int64(n), Times: 1})
	}
	s := NewShuns(known)
	changed, forgotten := s.Crashed(programOf(2*maxCrashes), "theta1killer", "signal", 1_000_000)
	require.Len(t, changed, 2)
	require.Len(t, s.crashes, maxCrashes)
	require.Len(t, forgotten, maxCrashes+2)
	require.Contains(t, forgotten, known[0].Name, "those that are shunned for the shortest time go first")
	require.NotContains(t, forgotten, known[len(known)-1].Name)
}

// TestAJudgesRequesterIsNotBlamed: a job that judges a challenge runs the program of another
// requester.
func TestAJudgesRequesterIsNotBlamed(t *testing.T) {
	s, judged := NewShuns(nil), programOf(1)
	judged.Sink = ""
	changed, _ := s.Crashed(judged, "theta1judge", "signal", 1)
	require.Len(t, changed, 1)
	require.Empty(t, s.Program(programOf(2), "theta1judge", 2))
}

func TestAJobIsLeftForSomeBlocks(t *testing.T) {
	s := NewShuns(nil)
	s.LeaveJob("1-0-0", 10, 5, "no input")
	require.Equal(t, "until height 15: no input", s.Job("1-0-0", 14))
	require.Empty(t, s.Job("1-0-0", 15))
	require.Empty(t, s.Job("2-0-0", 11))
}

func TestJobsThatAreLeftAreBounded(t *testing.T) {
	s := NewShuns(nil)
	s.LeaveJob("last", 0, 1_000, "no input")
	for n := range maxJobs - 1 {
		s.LeaveJob(fmt.Sprint(n), 0, 10, "no input")
	}
	s.LeaveJob("next", 10, 10, "no input")
	require.Len(t, s.jobs, 2, "those that are over go first")
	require.NotEmpty(t, s.Job("last", 10))
	for n := range 2 * maxJobs {
		s.LeaveJob(fmt.Sprint("more ", n), 10, 10, "no input")
	}
	require.LessOrEqual(t, len(s.jobs), maxJobs)
}
