package worker

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// childrenOf returns the worker processes that a process has started in a folder.
func childrenOf(t testing.TB, parent int, dir string) []int {
	t.Helper()
	folders, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	var pids []int
	for _, folder := range folders {
		stat, err := os.ReadFile(folder + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		at, err := os.Readlink(folder + "/cwd")
		if err == nil && fields[0] != "Z" && fields[1] == strconv.Itoa(parent) && strings.HasPrefix(at, dir+"/") {
			pid, err := strconv.Atoi(filepath.Base(folder))
			require.NoError(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}

func TestAWorkerEndsWithItsDaemonThoughItHangs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "workers")
	daemon := exec.Command(os.Args[0], daemonArgument, dir)
	require.NoError(t, daemon.Start())
	var pids []int
	require.Eventually(t, func() bool {
		pids = childrenOf(t, daemon.Process.Pid, dir)
		if len(pids) != 1 {
			return false
		}
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pids[0]) + "/stat")
		return err == nil && strings.Contains(string(stat), ") T ")
	}, patience, time.Millisecond)
	require.NoError(t, daemon.Process.Kill())
	_ = daemon.Wait()
	require.Eventually(t, func() bool { return gone(pids[0]) }, patience, time.Millisecond)
}

// attack does what a program might do if it controlled the engine's process, and says how that
// ended.
func attack(name string) string {
	errno := attacks()[name]()
	if errno == 0 {
		return "done"
	}
	return unix.ErrnoName(errno)
}

func call(number uintptr, args ...uintptr) func() syscall.Errno {
	var all [6]uintptr
	copy(all[:], args)
	return func() syscall.Errno {
		_, _, errno := syscall.Syscall6(number, all[0], all[1], all[2], all[3], all[4], all[5])
		return errno
	}
}

func errnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	for _, errno := range []syscall.Errno{unix.EACCES, unix.EPERM, unix.ENOENT, unix.EFBIG, unix.EMFILE, unix.ENOMEM, unix.ENOSYS, unix.ENETUNREACH, unix.EXDEV} {
		if strings.Contains(err.Error(), errno.Error()) {
			return errno
		}
	}
	return unix.EBADMSG
}

func reading(path string) func() syscall.Errno {
	return func() syscall.Errno {
		_, err := os.ReadFile(path)
		return errnoOf(err)
	}
}

func writing(path string) func() syscall.Errno {
	return func() syscall.Errno { return errnoOf(os.WriteFile(path, []byte("x"), 0o600)) }
}

// fork returns a function that creates a process or a thread with the given flags of clone.
func fork(flags uintptr) func() syscall.Errno {
	return func() syscall.Errno {
		pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, flags, 0, 0, 0, 0, 0)
		if errno == 0 && pid == 0 {
			_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
		}
		return errno
	}
}

func attacks() map[string]func() syscall.Errno {
	parent := uintptr(os.Getppid())
	zero := uintptr(unsafe.Pointer(new([256]byte)))
	return map[string]func() syscall.Errno{
		"socket":          call(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM),
		"unix socket":     call(unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_STREAM),
		"packet socket":   call(unix.SYS_SOCKET, unix.AF_PACKET, unix.SOCK_RAW),
		"netlink":         call(unix.SYS_SOCKET, unix.AF_NETLINK, unix.SOCK_RAW),
		"ioctl":           call(unix.SYS_IOCTL, 0, unix.TCGETS, zero),
		"ptrace":          call(unix.SYS_PTRACE, unix.PTRACE_ATTACH, parent),
		"process memory":  call(unix.SYS_PROCESS_VM_READV, parent, zero, 1, zero, 1),
		"kill the daemon": call(unix.SYS_KILL, parent, 0),
		"kill all":        call(unix.SYS_KILL, ^uintptr(0), 0),
		"signal another":  call(unix.SYS_TGKILL, parent, parent, 0),
		"io_uring":        call(unix.SYS_IO_URING_SETUP, 1, zero),
		"userfaultfd":     call(unix.SYS_USERFAULTFD),
		"perf":            call(unix.SYS_PERF_EVENT_OPEN, zero, 0, ^uintptr(0), ^uintptr(0)),
		"bpf":             call(unix.SYS_BPF, 0, zero, 16),
		"keyctl":          call(unix.SYS_KEYCTL, 0, 0),
		"add_key":         call(unix.SYS_ADD_KEY, zero, zero, zero, 1),
		"mount":           func() syscall.Errno { return errnoOf(unix.Mount("none", "/", "tmpfs", 0, "")) },
		"unshare":         call(unix.SYS_UNSHARE, unix.CLONE_NEWUSER),
		"setns":           call(unix.SYS_SETNS, 0, 0),
		"chroot":          func() syscall.Errno { return errnoOf(unix.Chroot("/")) },
		"shared memory":   call(unix.SYS_SHMGET, 0, 4096, 0o1600),
		"message queue":   call(unix.SYS_MQ_OPEN, zero, 0),
		"personality":     call(unix.SYS_PERSONALITY, 0xffffffff),
		"module":          call(unix.SYS_FINIT_MODULE, 0, zero),
		"another's limit": call(unix.SYS_PRLIMIT64, parent, unix.RLIMIT_NOFILE, 0, zero),
		"new privileges":  call(unix.SYS_PRCTL, unix.PR_SET_SECUREBITS, 0),
		"filter":          call(unix.SYS_SECCOMP, 1, 0, zero),
		"fork":            fork(uintptr(unix.SIGCHLD)),
		"vfork":           fork(uintptr(unix.CLONE_VFORK | unix.CLONE_VM | unix.SIGCHLD)),
		"clone3":          call(unix.SYS_CLONE3, zero, 88),
		"namespaces":      fork(uintptr(unix.CLONE_NEWUSER | unix.SIGCHLD)),
		"exec":            func() syscall.Errno { return errnoOf(syscall.Exec("/proc/self/exe", []string{"x"}, nil)) },
		"execveat":        call(unix.SYS_EXECVEAT, 0, zero, zero, zero, unix.AT_EMPTY_PATH),
		"passwords":       reading("/etc/passwd"),
		"root folder":     func() syscall.Errno { _, err := os.ReadDir("/"); return errnoOf(err) },
		"own processes":   reading("/proc/self/environ"),
		"daemon's memory": reading("/proc/" + strconv.Itoa(os.Getppid()) + "/maps"),
		"other workers":   func() syscall.Errno { _, err := os.ReadDir(".."); return errnoOf(err) },
		"devices":         reading("/dev/zero"),
		"write an input":  writing("in/program"),
		"write elsewhere": writing("/tmp/theta-worker-was-here"),
		"write beside":    writing("beside"),
		"link":            func() syscall.Errno { return errnoOf(os.Symlink("/etc", "out/link")) },
		"hard link":       func() syscall.Errno { return errnoOf(os.Link("in/program", "out/link")) },
		"device node":     func() syscall.Errno { return errnoOf(unix.Mknod("out/node", unix.S_IFCHR|0o600, 0x103)) },
		"named pipe":      func() syscall.Errno { return errnoOf(unix.Mkfifo("out/pipe", 0o600)) },
		"mode":            func() syscall.Errno { return errnoOf(os.Chmod("in/program", 0)) },
		"big file":        func() syscall.Errno { return errnoOf(os.WriteFile("out/big", make([]byte, 2<<20), 0o600)) },
		"sparse file":     sparse,
		"descriptors":     descriptors,
		"much memory":     reserve,
		"stop":            func() syscall.Errno { _ = unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGSTOP); return 0 },
	}
}

func sparse() syscall.Errno {
	file, err := os.Create("out/sparse")
	if err != nil {
		return errnoOf(err)
	}
	defer file.Close()
	return errnoOf(file.Truncate(1 << 40))
}

func descriptors() syscall.Errno {
	var held []int
	defer func() {
		for _, fd := range held {
			_ = syscall.Close(fd)
		}
	}()
	for range 4 * maxDescriptors {
		fd, err := syscall.Dup(0)
		if err != nil {
			return errnoOf(err)
		}
		held = append(held, fd)
	}
	return 0
}

func reserve() syscall.Errno {
	_, err := unix.Mmap(-1, 0, 8<<30, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	return errnoOf(err)
}

// refusals requires that the named attacks fail with one errno.
func refusals(t *testing.T, e *Executor, want string, names ...string) {
	t.Helper()
	var lines []string
	for _, name := range names {
		lines = append(lines, "try "+name)
	}
	task := taskOf(t, script(t, lines...))
	task.OutputFiles = 100
	_, err := run(t, e, task)
	require.NoError(t, err)
	for _, name := range names {
		got, err := os.ReadFile(filepath.Join(task.OutputDir, name))
		require.NoError(t, err)
		require.Equal(t, want, string(got), name)
	}
}

// standing skips the test if the machine's kernel does not have some of the layers. Otherwise
// it requires that they are in place.
func standing(t *testing.T, e *Executor, names ...string) {
	t.Helper()
	for _, name := range names {
		if why := kernelLacks(name); why != "" {
			t.Skipf("layer %s: %s", name, why)
		}
	}
	layers, err := e.Layers(waiting(t))
	require.NoError(t, err)
	for _, layer := range layers {
		if slices.Contains(names, layer.Name) {
			require.Empty(t, layer.Missing, layer.Name)
		}
	}
}

// kernelLacks returns an acceptable reason why this machine does not have a layer.
func kernelLacks(name string) string {
	switch name {
	case LayerFiles:
		if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION); errno != 0 {
			return errno.Error()
		}
	case LayerCalls:
		if err := unix.Prctl(unix.PR_GET_SECCOMP, 0, 0, 0, 0); err != nil {
			return err.Error()
		}
	case LayerNamespaces:
		command := exec.Command(os.Args[0], liarPrefix+"mute")
		(&cage{namespaces: true}).prepare(command)
		if err := command.Run(); err != nil {
			return err.Error()
		}
	}
	return ""
}

func TestAProgramInTheWorkerReachesNothingOfTheMachine(t *testing.T) {
	e := open(t, config(t))
	standing(t, e, Layers()...)
	refusals(t, e, "EPERM", "socket", "unix socket", "packet socket", "netlink", "ioctl", "ptrace", "process memory",
		"kill the daemon", "kill all", "signal another", "io_uring", "userfaultfd", "perf", "bpf", "keyctl", "add_key",
		"mount", "unshare", "setns", "chroot", "shared memory", "message queue", "personality", "module",
		"another's limit", "new privileges", "filter", "link", "hard link", "device node", "named pipe", "mode")
	refusals(t, e, "EPERM", "fork", "vfork", "namespaces", "exec", "execveat")
	refusals(t, e, "ENOSYS", "clone3")
	refusals(t, e, "EACCES", "passwords", "root folder", "own processes", "daemon's memory", "other workers", "devices",
		"write an input", "write elsewhere", "write beside")
	refusals(t, e, "EFBIG", "big file", "sparse file")
	refusals(t, e, "ENOMEM", "much memory")
	refusals(t, e, "EMFILE", "descriptors")
}

// TestALayerHoldsWithoutTheOthers: each layer by itself prevents what it is intended to
// prevent.
func TestALayerHoldsWithoutTheOthers(t *testing.T) {
	without := func(t *testing.T, names ...string) *Executor {
		e := open(t, config(t))
		e.pool.without, e.pool.settled = names, true
		return e
	}
	t.Run("files", func(t *testing.T) {
		e := without(t, LayerCalls, LayerNamespaces)
		standing(t, e, LayerFiles)
		refusals(t, e, "EACCES", "passwords", "root folder", "daemon's memory", "other workers", "write an input", "write beside", "named pipe")
	})
	t.Run("calls", func(t *testing.T) {
		e := without(t, LayerFiles, LayerNamespaces)
		standing(t, e, LayerCalls)
		refusals(t, e, "EPERM", "socket", "ptrace", "fork", "kill the daemon", "io_uring", "link", "exec")
		refusals(t, e, "done", "passwords")
	})
	t.Run("namespaces", func(t *testing.T) {
		e := without(t, LayerFiles, LayerCalls)
		standing(t, e, LayerNamespaces)
		refusals(t, e, "EPERM", "packet socket", "mount", "chroot")
		refusals(t, e, "done", "socket", "passwords")
	})
}

func TestALayerThatIsDemandedAndMissingStopsAllTasks(t *testing.T) {
	cfg := config(t)
	cfg.Layers = []string{LayerLimits, LayerNamespaces}
	e := open(t, cfg)
	e.pool.without, e.pool.settled = []string{LayerNamespaces}, true
	f := e.Fingerprint(waiting(t))
	require.Contains(t, f.Detail, "demands layers")
	require.Contains(t, f.Detail, "namespaces")
	require.NotContains(t, f.Detail, "limits")
	require.ErrorContains(t, e.Start(waiting(t), taskOf(t, script(t, "stdout hello"))), "work.layers")
	require.ErrorContains(t, CheckLayers([]string{"walls"}), `found "walls"`)
}

// TestAWorkerInheritsNothing: a worker process does not inherit anything from its daemon.
func TestAWorkerInheritsNothing(t *testing.T) {
	t.Setenv("THETAEDGE_SECRET", "of the daemon")
	secret, err := os.Open("/etc/hostname")
	require.NoError(t, err)
	defer secret.Close()
	e := open(t, config(t))
	task, pid := started(t, e, "endless")
	at := "/proc/" + strconv.Itoa(pid)
	env, err := os.ReadFile(at + "/environ")
	require.NoError(t, err)
	require.Equal(t, "TMPDIR=out\x00TMP=out\x00", string(env))
	fds, err := os.ReadDir(at + "/fd")
	require.NoError(t, err)
	for _, fd := range fds {
		to, err := os.Readlink(at + "/fd/" + fd.Name())
		require.NoError(t, err)
		require.Regexp(t, `^(pipe:|anon_inode:)`, to)
	}
	status, err := os.ReadFile(at + "/status")
	require.NoError(t, err)
	require.Contains(t, string(status), "NoNewPrivs:\t1")
	require.Contains(t, string(status), "CapEff:\t0000000000000000")
	group, err := unix.Getpgid(pid)
	require.NoError(t, err)
	require.Equal(t, pid, group)
	require.NoError(t, e.Destroy(task.ID))
}
