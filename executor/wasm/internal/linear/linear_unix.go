//go:build unix

package linear

import "golang.org/x/sys/unix"

func reserve(size uint64) ([]byte, error) {
	return unix.Mmap(-1, 0, int(size), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
}

func commit(reserved []byte, from, to uint64) error {
	return unix.Mprotect(reserved[from:to], unix.PROT_READ|unix.PROT_WRITE)
}

func release(reserved []byte) { _ = unix.Munmap(reserved) }
