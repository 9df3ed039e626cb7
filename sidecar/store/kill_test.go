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
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// killHome is the environment variable that tells a re-executed test binary that it is the
// process to be killed.
const killHome = "THETAEDGE_TEST_KILL_HOME"

// openHome is the environment variable that tells a re-executed test binary to open the
// journal of a home folder, and how many files it may have open.
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

// openHere is what the re-executed test binary does for openHome.
func openHere(home string) string {
	j, err := Open(home, nil)
	if err != nil {
		return err.Error()
	}
	return "opened " + j.path
}

// saltOf returns the salt that a task must have in every process.
func saltOf(job string, task uint64) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", job, task))
	return sum[:]
}

// writeUntilKilled moves one assignment after another through all phases. It prints each step
// once the journal has acknowledged it.
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

// TestKilledProcessLosesNoAcknowledgedStep kills a real process with SIGKILL at random times
// while it writes, many times on one journal.
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
			// The step after the last acknowledged one may be on disk too.
			require.GreaterOrEqual(t, a.Phase, phase)
			if a.Phase >= PhaseExecuted {
				require.Equal(t, saltOf(key.JobID, key.Task), a.Salt)
			}
		}
		require.NoError(t, j.Close())
	}
	require.Greater(t, len(acknowledged), 12)
}

// killWriter starts a writer and kills it at a random time during a random step, however fast
// the machine is. It records everything that the writer acknowledged.
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
			// The kill has to come at a random time; the test does not wait for anything here.
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
	killed := -1
	if runtime.GOOS == "windows" {
		killed = 1 // what Kill of package os leaves there
	}
	require.Equal(t, killed, exit.ExitCode(), "the writer must end by the signal, it said: %s", stderr.String())
}
