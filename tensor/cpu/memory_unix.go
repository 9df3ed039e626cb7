//go:build darwin || freebsd || linux || netbsd

package cpu

import "syscall"

// reserve returns memory of zeros, of which the pages that are used take memory.
func reserve(size uint64) ([]byte, error) {
	return syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
}

// release gives memory back.
func release(memory []byte) error { return syscall.Munmap(memory) }
