package worker

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// niceOf returns the priority of a thread as /proc shows it.
func niceOf(t *testing.T, stat string) string {
	t.Helper()
	raw, err := os.ReadFile(stat)
	require.NoError(t, err)
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	return fields[16]
}

// TestAWorkerGoesAfterAllOtherPrograms: also with those threads that the engine starts later.
func TestAWorkerGoesAfterAllOtherPrograms(t *testing.T) {
	cfg := config(t)
	cfg.Last = true
	e := open(t, cfg)
	task, pid := started(t, e, "endless")
	at := "/proc/" + strconv.Itoa(pid)
	threads, err := filepath.Glob(at + "/task/*/stat")
	require.NoError(t, err)
	require.Greater(t, len(threads), 1)
	for _, thread := range threads {
		require.Equal(t, "19", niceOf(t, thread), thread)
	}
	require.NotEqual(t, "19", niceOf(t, "/proc/self/stat"), "the daemon itself has deadlines")
	session, err := unix.Getsid(pid)
	require.NoError(t, err)
	require.Equal(t, pid, session)
	// Not every kernel has groups of sessions.
	if group, err := os.ReadFile(at + "/autogroup"); err == nil {
		require.Contains(t, string(group), "nice "+sessionNice)
	}
	disk, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, diskOfProcess, uintptr(pid), 0)
	require.Zero(t, errno)
	require.Equal(t, uintptr(leastDisk), disk)
	require.NoError(t, e.Destroy(task.ID))

	e = open(t, config(t))
	task, pid = started(t, e, "endless")
	require.Equal(t, niceOf(t, "/proc/self/stat"), niceOf(t, "/proc/"+strconv.Itoa(pid)+"/stat"), "unless the owner wants it")
	require.NoError(t, e.Destroy(task.ID))
}
