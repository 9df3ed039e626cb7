package worker

import (
	"fmt"
	"slices"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// allowedCalls returns the system calls that Go's runtime, a C library and an engine need to
// compute and to read and write files. All others are refused. Among the refused ones are
// ioctl, sockets, io_uring, ptrace, process_vm_*, perf_event_open, bpf, keyctl, userfaultfd,
// mounts, links, and changes of modes and owners of files. A call that an architecture does
// not have is left out there.
func allowedCalls() []string {
	return []string{
		// memory
		"brk", "madvise", "mincore", "mmap", "mprotect", "mremap", "munmap", "membarrier",
		// threads and time
		"arch_prctl", "clock_getres", "clock_gettime", "clock_nanosleep", "exit", "exit_group", "futex",
		"get_robust_list", "getcpu", "getegid", "geteuid", "getgid", "getpid", "getppid", "getrandom", "getrlimit",
		"getrusage", "gettid", "gettimeofday", "getuid", "nanosleep", "restart_syscall", "rseq", "sched_getaffinity",
		"sched_yield", "set_robust_list", "set_tid_address", "sysinfo", "time", "times", "uname",
		// signals
		"rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack",
		// files that the other layers allow
		"access", "close", "close_range", "copy_file_range", "dup", "dup2", "dup3", "faccessat", "faccessat2",
		"fadvise64", "fallocate", "fcntl", "fdatasync", "fstat", "fstatfs", "fsync", "ftruncate", "getcwd",
		"getdents64", "lseek", "lstat", "mkdir", "mkdirat", "newfstatat", "open", "openat", "openat2", "pread64",
		"preadv", "pwrite64", "pwritev", "read", "readlink", "readlinkat", "readv", "rename", "renameat", "renameat2",
		"rmdir", "sendfile", "splice", "stat", "statfs", "statx", "truncate", "umask", "unlink", "unlinkat", "write",
		"writev",
		// waiting
		"epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2", "pipe2", "poll", "ppoll",
		"pselect6", "select",
	}
}

// absentCalls returns calls that fail as on a kernel that does not have them, because
// libraries then use other calls.
func absentCalls() []string {
	return []string{"clone3", "epoll_pwait2", "futex_waitv", "memfd_create", "memfd_secret", "pidfd_open", "pidfd_send_signal", "process_madvise"}
}

// filterCalls refuses system calls to the calling thread and to what it executes. Before the
// call, the thread must have lost the ability to gain privileges. pid is the id of the
// process; its signals to its own threads name it. more are calls that it may make in addition.
func filterCalls(pid int, more []string) error {
	machine, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	with := func(name string, argument uint32, operation seccomp.Operation, value uint64) seccomp.NameWithConditions {
		return seccomp.NameWithConditions{Name: name, Conditions: seccomp.ArgumentConditions{{Argument: argument, Operation: operation, Value: value}}}
	}
	// If the condition of a call fails, the library compares the numbers of the calls that
	// follow with the argument of that call. Therefore these calls come last, and none of them
	// accepts an argument with which the condition of an earlier one fails.
	conditional := []seccomp.NameWithConditions{
		with("tgkill", 0, seccomp.Equal, uint64(pid)),        //nolint:gosec // positive
		with("clone", 0, seccomp.BitsSet, unix.CLONE_THREAD), // threads, but not processes
		with("prlimit64", 0, seccomp.Equal, 0),
	}
	for _, option := range []uint64{unix.PR_SET_NAME, unix.PR_SET_VMA, unix.PR_SET_DUMPABLE, unix.PR_GET_DUMPABLE} {
		conditional = append(conditional, with("prctl", 0, seccomp.Equal, option))
	}
	// These calls are needed to execute the image that runs programs. refuseExec removes them
	// later.
	last := []string{"execve", "seccomp"}
	return load(0, seccomp.Policy{
		DefaultAction: seccomp.ActionErrno,
		Syscalls: []seccomp.SyscallGroup{
			{Action: seccomp.ActionAllow, Names: slices.Concat(known(machine, slices.Concat(allowedCalls(), more)), last), NamesWithCondtions: conditional},
			{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: known(machine, slices.DeleteFunc(absentCalls(), func(name string) bool { return slices.Contains(more, name) }))},
		},
	})
}

// refuseExec refuses every further exec call to all threads of this process.
func refuseExec() error {
	err := load(seccomp.FilterFlagTSync, seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls:      []seccomp.SyscallGroup{{Action: seccomp.ActionErrno, Names: []string{"execve", "execveat", "seccomp"}}},
	})
	if err != nil {
		return fmt.Errorf("cannot refuse system calls to the worker: %w", err)
	}
	return nil
}

func load(flag seccomp.FilterFlag, policy seccomp.Policy) error {
	err := seccomp.LoadFilter(seccomp.Filter{Flag: flag, Policy: policy})
	if err != nil {
		return fmt.Errorf("%w (a container may forbid it)", err)
	}
	return nil
}

// known returns the calls that an architecture has.
func known(machine *arch.Info, names []string) []string {
	var list []string
	for _, name := range names {
		if _, found := machine.SyscallNames[name]; found {
			list = append(list, name)
		}
	}
	return list
}
