package worker

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// leastNice is the lowest priority that gives a process processor time while others want it. A process that gets
	// none at all would look as if it hung.
	leastNice = 19
	// sessionNice leaves a session about a tenth of the processors that another one wants to have all of.
	sessionNice = "10"
	// leastDisk is the lowest priority for the disk of which the same is true: level 7 of the class best-effort.
	leastDisk = 2<<13 | 7
	// diskOfProcess says that a priority for the disk is that of a process.
	diskOfProcess = 1
	// groupPause is the time after which the kernel accepts the next priority of a session.
	groupPause = 100 * time.Millisecond
)

// goLast gives the calling thread the lowest priority. The threads of the next image inherit it. A failure
// makes no difference to what programs compute.
//
// The kernel shares processors out between sessions first, if nothing else divides the machine, and only within one does
// it look at the priorities of processes. The session of a worker process is its own.
//
// A session is put back less than a process: each of the other sessions counts as one, however many of their processes
// want processors. At the lowest priority, a task would miss its deadline on each busy machine, and that costs bond.
func goLast() {
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, leastNice)
	_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, diskOfProcess, 0, leastDisk)
	for range 3 {
		err := os.WriteFile("/proc/self/autogroup", []byte(sessionNice), 0o600)
		if !errors.Is(err, unix.EAGAIN) {
			return
		}
		time.Sleep(groupPause)
	}
}
