package store

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// killHome tells a re-executed test binary that it is the process to be killed.
const killHome = "THETAEDGE_TEST_KILL_HOME"

// openHome tells a re-executed test binary to open the journal of a home, and with how
// many files at most.
const openHome = "THETAEDGE_TEST_OPEN_HOME"

func TestMain(m *testing.M) {
	if home := os.Getenv(killHome); home != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(home, os.Getenv(killHome+"_JOB")))
		os.Exit(1)
	}
	if home := os.Getenv(openHome); home != "" {
		fmt.Println(openHere(home))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// openHere is what the other process does.
func openHere(home string) string {
	j, err := Open(home, nil)
	if err != nil {
		return err.Error()
	}
	return "opened " + j.path
}

// saltOf is what a task's salt must be, whoever looks.
func saltOf(job string, task uint64) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", job, task))
	return sum[:]
}

// writeUntilKilled walks one assignment after another through all phases and
// prints each step once the journal has acknowledged it.
func writeUntilKilled(home, job string) error {
	j, err := Open(home, nil)
	if err != nil {
		return err
	}
	for task := uint64(0); ; task++ {
		key := Key{job, task, 0}
		if err := j.Put(Assignment{Key: key, Phase: PhaseClaimed}); err != nil {
			return err
		}
		fmt.Printf("%d %s\n", task, PhaseClaimed)
		at := PhaseClaimed
		for _, next := range road(PhaseSettled) {
			if _, err := j.Advance(key, at, next, func(a *Assignment) {
				if next == PhaseExecuted {
					complete(a)
					a.Salt = saltOf(job, task)
				}
			}); err != nil {
				return err
			}
			fmt.Printf("%d %s\n", task, next)
			at = next
		}
	}
}

// TestKilledProcessLosesNoAcknowledgedStep kills a real process with SIGKILL at
// random moments of its writing, many times on one journal.
func TestKilledProcessLosesNoAcknowledgedStep(t *testing.T) {
	home := t.TempDir()
	acknowledged := map[Key]Phase{}
	for round := range 12 {
		job := fmt.Sprintf("job-%02d", round)
		killWriter(t, home, job, acknowledged)
		j, err := Open(home, nil)
		require.NoError(t, err)
		for key, phase := range acknowledged {
			a, err := j.Get(key)
			require.NoError(t, err, "acknowledged %s", phase)
			// The step after the last acknowledged one may have been written too.
			require.GreaterOrEqual(t, a.Phase, phase)
			if a.Phase >= PhaseExecuted {
				require.Equal(t, saltOf(key.JobID, key.Task), a.Salt)
			}
		}
		require.NoError(t, j.Close())
	}
	require.Greater(t, len(acknowledged), 12)
}

// killWriter runs a writer, kills it at a random moment of a random step, however
// fast the machine is, and notes all that it acknowledged.
func killWriter(t *testing.T, home, job string, acknowledged map[Key]Phase) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	var stderr strings.Builder
	child := exec.Command(self)
	child.Env = append(os.Environ(), killHome+"="+home, killHome+"_JOB="+job)
	child.Stderr = &stderr
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())

	lines := bufio.NewReader(stdout)
	for killAt := 1 + rand.IntN(40); ; killAt-- {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
			break
		}
		require.NoError(t, err)
		if killAt == 1 {
			// Killing at a random moment is the point; nothing is awaited.
			time.AfterFunc(time.Duration(rand.Int64N(int64(5*time.Millisecond))), func() { _ = child.Process.Kill() })
		}
		var task uint64
		var name string
		_, err = fmt.Sscan(line, &task, &name)
		require.NoError(t, err)
		phase, err := ParsePhase(name)
		require.NoError(t, err)
		acknowledged[Key{job, task, 0}] = phase
	}
	var exit *exec.ExitError
	require.ErrorAs(t, child.Wait(), &exit)
	require.Equal(t, -1, exit.ExitCode(), "the writer must end by the signal, it said: %s", stderr.String())
}
