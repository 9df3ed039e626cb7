//go:build unix

package worker

import "os"

// forgetName removes the name of a file that is open.
func forgetName(path string) error { return os.Remove(path) }
