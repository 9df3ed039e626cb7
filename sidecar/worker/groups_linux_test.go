package worker

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheDaemonsControlGroupIsFound(t *testing.T) {
	const unified = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
	const hybrid = "30 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	const part = "30 24 0:26 /docker/ab /sys/fs/cgroup rw - cgroup2 cgroup rw\n"
	for name, c := range map[string]struct{ mounts, own, want string }{
		"a service":          {unified, "0::/system.slice/thetaedge.service\n", "/sys/fs/cgroup/system.slice/thetaedge.service"},
		"beside version 1":   {hybrid, "4:memory:/x\n0::/\n", "/sys/fs/cgroup/unified"},
		"a container":        {part, "0::/docker/ab/edge\n", "/sys/fs/cgroup/edge"},
		"version 1 alone":    {hybrid, "4:memory:/x\n", ""},
		"nothing is mounted": {"", "0::/x\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := groupFolder(c.mounts, c.own)
			require.Equal(t, c.want, found)
			require.Equal(t, c.want == "", err != nil)
		})
	}
}

// controlGroup returns a folder that has the files of a control group. The kernel does not
// manage it.
func controlGroup(t *testing.T, name, controllers, members string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.MkdirAll(dir, 0o700))
	for file, content := range map[string]string{"cgroup.controllers": controllers, "cgroup.procs": members, "cgroup.subtree_control": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600))
	}
	return dir
}

func TestAGroupOfTheDaemonAloneIsDivided(t *testing.T) {
	dir := controlGroup(t, "thetaedge.service", "cpu memory pids\n", "77\n")
	g, err := prepareGroups(dir, 77)
	require.NoError(t, err)
	moved, err := os.ReadFile(filepath.Join(dir, daemonGroup, "cgroup.procs"))
	require.NoError(t, err)
	require.Equal(t, "77", string(moved))
	// At the next start, the daemon is already in the group into which this call or systemd
	// has put it.
	again, err := prepareGroups(filepath.Join(dir, daemonGroup), 78)
	require.NoError(t, err)
	require.Equal(t, g, again)

	made, err := g.make("worker-1", 1<<30)
	require.NoError(t, err)
	for file, want := range map[string]string{"memory.max": "1073741824", "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "512"} {
		content, err := os.ReadFile(filepath.Join(dir, "worker-1", file))
		require.NoError(t, err)
		require.Equal(t, want, string(content), file)
	}
	made.share(0)
	require.NoFileExists(t, filepath.Join(dir, "worker-1", "cpu.max"))
	made.share(150)
	for file, want := range map[string]string{"cpu.weight": "1", "cpu.max": "150000 100000"} {
		content, err := os.ReadFile(filepath.Join(dir, "worker-1", file))
		require.NoError(t, err)
		require.Equal(t, want, string(content), file)
	}
	require.False(t, made.outOfMemory())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "worker-1", "memory.events"), []byte("max 3\noom_kill 1\n"), 0o600))
	require.True(t, made.outOfMemory())
}

// TestAGroupThatIsNotTheDaemonsIsLeftAlone: the group of a terminal or of a container also
// contains other processes.
func TestAGroupThatIsNotTheDaemonsIsLeftAlone(t *testing.T) {
	for name, dir := range map[string]string{
		"others are in it":     controlGroup(t, "session", "memory pids\n", "1\n77\n"),
		"no memory controller": controlGroup(t, "session", "cpu pids\n", "77\n"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := prepareGroups(dir, 77)
			require.Error(t, err)
			require.NoDirExists(t, filepath.Join(dir, daemonGroup))
		})
	}
}
