//go:build !windows

package update

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/release"
)

// The environment of a child that updates a home and is killed.
const childHome, childFrom, childKey, childForever = "UPDATE_TEST_HOME", "UPDATE_TEST_FROM", "UPDATE_TEST_KEY", "UPDATE_TEST_FOREVER"

// TestMain is also the child that a test kills.
func TestMain(m *testing.M) {
	if home := os.Getenv(childHome); home != "" {
		if err := child(home); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child updates a home once, or again and again.
func child(home string) error {
	signal.Ignore(syscall.SIGXFSZ) // a file that is too large is then an error
	keys, err := release.ParseKeys(os.Getenv(childKey))
	if err != nil {
		return err
	}
	source, err := NewSource(os.Getenv(childFrom), "stable")
	if err != nil {
		return err
	}
	f := Open(home)
	for {
		if err := takeFrom(context.Background(), f, source, keys, "1.3.0"); err != nil || os.Getenv(childForever) == "" {
			return err
		}
		fmt.Println("updated")
		if _, _, err := f.Pick(installed, "1.3.0", keys); err != nil {
			return err
		}
		if err := f.confirm("1.4.0"); err != nil {
			return err
		}
		if err := f.Remove(); err != nil {
			return err
		}
	}
}

// child returns a command that updates a home.
func (s *shop) child(f *Folder, shell string) *exec.Cmd {
	s.t.Helper()
	public, err := s.signer.Public()
	require.NoError(s.t, err)
	exe, err := os.Executable()
	require.NoError(s.t, err)
	command := exec.Command("sh", "-c", shell+`exec "$0"`, exe)
	command.Env = append(os.Environ(), childHome+"="+f.Home, childFrom+"="+s.server.URL, childKey+"="+public)
	return command
}

// requireWorks requires that a start of the daemon runs the installed program or a whole version 1.4.0, and that an update
// still works.
func (s *shop) requireWorks(f *Folder) {
	s.t.Helper()
	program, _, err := f.Pick(installed, "1.3.0", s.keys)
	require.NoError(s.t, err)
	if program != "" {
		said, err := exec.Command(program, "version").Output()
		require.NoError(s.t, err)
		require.Equal(s.t, "thetaedge v1.4.0\n", string(said))
		return
	}
	require.NoError(s.t, s.take(s.t.Context(), f, "1.3.0"))
	require.Equal(s.t, "1.4.0", s.pick(f, "1.3.0"))
}

// TestAKillAtAnyStepOfADownloadLeavesAProgram: the child is killed while it waits for a file, and in the middle of one.
func TestAKillAtAnyStepOfADownloadLeavesAProgram(t *testing.T) {
	version, err := release.ParseVersion("1.4.0")
	require.NoError(t, err)
	archive := release.ArchiveName(version, "linux", "amd64")
	for _, name := range []string{release.ManifestName, release.ManifestName + release.SignatureSuffix, archive} {
		for _, part := range []int{0, 100} {
			t.Run(fmt.Sprintf("%s after %d bytes", name, part), func(t *testing.T) {
				s := newShop(t)
				s.now = time.Now()
				s.publish("1.4.0", script("1.4.0"))
				f := s.folder()
				if name == archive { // its name contains this platform
					offer, err := s.check(s.folder(), "1.3.0")
					require.NoError(t, err)
					name = offer.File.Name
				}
				command := s.child(f, "")
				reached, killed := make(chan struct{}), make(chan struct{})
				s.answers(name, func(w http.ResponseWriter, _ *http.Request) {
					content := s.get("stable/" + name)
					w.Header().Set("Content-Length", fmt.Sprint(len(content)))
					_, _ = w.Write(content[:part])
					_ = http.NewResponseController(w).Flush()
					close(reached)
					<-killed
				})
				require.NoError(t, command.Start())
				<-reached
				require.NoError(t, command.Process.Kill())
				_ = command.Wait()
				close(killed)
				s.answers(name, nil)
				s.requireWorks(f)
			})
		}
	}
}

// TestAKillAtAnyMomentLeavesAProgram: a child updates a home again and again, and is killed at random.
func TestAKillAtAnyMomentLeavesAProgram(t *testing.T) {
	s := newShop(t)
	s.now = time.Now()
	s.publish("1.4.0", script("1.4.0"))
	for range 25 {
		f := s.folder()
		command := s.child(f, "")
		command.Env = append(command.Env, childForever+"=1")
		out, err := command.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, command.Start())
		_, err = out.Read(make([]byte, 1)) // it has begun
		require.NoError(t, err)
		time.Sleep(rand.N(30 * time.Millisecond)) // a random moment, which nothing could be waited for
		require.NoError(t, command.Process.Kill())
		_ = command.Wait()
		s.requireWorks(f)
	}
}

// TestADiskThatFillsUpInTheMiddleLeavesTheInstalledProgram: the system refuses to write on at some byte.
func TestADiskThatFillsUpInTheMiddleLeavesTheInstalledProgram(t *testing.T) {
	s := newShop(t)
	s.now = time.Now()
	// The archive has to be larger than the limit: what cannot be packed is.
	noise := make([]byte, 256<<10)
	for i := range noise {
		noise[i] = byte(rand.N(256))
	}
	s.publish("1.4.0", append(script("1.4.0"), append([]byte("exit 0\n"), noise...)...))
	f := s.folder()
	said, err := s.child(f, "ulimit -f 32; ").CombinedOutput()
	require.Error(t, err)
	require.True(t, strings.Contains(string(said), "file too large"), "%s", said)
	requireInstalled(t, f, s.keys)
	s.requireWorks(f)
}
