//go:build !linux

package worker

import "os"

// dropCache does nothing: these systems give such memory to programs that need it.
func dropCache(*os.File) {}
