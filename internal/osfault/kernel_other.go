//go:build !linux

package osfault

func freeAt(string) (bytes, inodes uint64, known bool) { return 0, 0, false }

func mountPoint(string) string { return "" }

// Holder names the process that has locked a file; "" when the system does not tell.
func Holder(string) string { return "" }
