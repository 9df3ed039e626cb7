package worker

import (
	"os"

	"golang.org/x/sys/unix"
)

// pipeBytes is the size of a pipe that carries tensors.
const pipeBytes = 1 << 20

// enlarge lets a pipe hold more, so that the processes at its ends take turns less often. A system
// that does not allow it has a slower pipe.
func enlarge(pipe *os.File) { _, _ = unix.FcntlInt(pipe.Fd(), unix.F_SETPIPE_SZ, pipeBytes) }
