//go:build !linux

package osfault

func freeAt(string) (bytes, inodes uint64, known bool) { return 0, 0, false }

func mountPoint(string) string { return "" }

// Free is how many bytes a user can still write at path; false when the system does not
// tell.
func Free(string) (uint64, bool) { return 0, false }

// Holder names the process that has locked a file; "" when the system does not tell.
func Holder(string) string { return "" }
