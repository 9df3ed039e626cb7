//go:build darwin || freebsd || linux || netbsd

package cpu

import "syscall"

// reserve returns memory of zeros, of which the pages that are used take memory.
func reserve(size uint64) ([]byte, error) {
	memory, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err == nil && size >= hugeBytes {
		advise(memory)
	}
	return memory, err
}

// hugeBytes is the size from which memory is worth large pages, in bytes.
const hugeBytes = 8 << 20

// release gives memory back.
func release(memory []byte) error { return syscall.Munmap(memory) }
