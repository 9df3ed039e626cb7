//go:build unix

package device

import "syscall"

// noWait opens a file without waiting: a pipe in the place of a driver's file has a writer
// perhaps never.
const noWait = syscall.O_NONBLOCK | syscall.O_NOCTTY
