//go:build !linux && !windows

package osfault

func freeAt(string) (bytes, inodes uint64, known bool) { return 0, 0, false }

func mountPoint(string) string { return "" }

// Free returns the number of bytes that a user can still write at path. The second result is
// false if the system does not report it.
func Free(string) (uint64, bool) { return 0, false }

// Holder returns the name of the process that has locked a file, or "" if the system does not
// report it.
func Holder(string) string { return "" }
