//go:build unix

package worker

import "syscall"

// noBlock opens a pipe that somebody has put in the place of a file without waiting.
const noBlock = syscall.O_NONBLOCK
