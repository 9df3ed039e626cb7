//go:build !(darwin || freebsd || linux || netbsd)

package cpu

// reserve returns memory of zeros, which the garbage collector gives back.
func reserve(size uint64) ([]byte, error) { return make([]byte, size), nil }

func release([]byte) error { return nil }
