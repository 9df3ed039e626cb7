//go:build unix

package worker

import "syscall"

// noBlock opens a file without waiting, in case a worker process has put a pipe in the place
// of the file.
const noBlock = syscall.O_NONBLOCK
