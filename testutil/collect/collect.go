// Package collect sets how often the process of a test collects garbage.
package collect

import "runtime/debug"

// percent lets the heap grow to five times of what is alive. Keepers and apps over stores in memory
// have small heaps full of short-lived values: their tests take a fifth to a quarter less processor
// time than with Go's default of 100.
const percent = 400

// limit is the number of bytes from which on garbage is collected as often as needed to stay below.
const limit = 3 << 30

// Seldom makes this process collect garbage less often, as long as it holds less than 3 GiB.
func Seldom() {
	debug.SetGCPercent(percent)
	debug.SetMemoryLimit(limit)
}
