package wasm

import (
	"fmt"
	"syscall"
)

// minThreadStackBytes leaves room beside the engine's native stack for what else
// lives on the thread.
const minThreadStackBytes = 8 << 20

// checkThreadStack makes sure that threads have the stack that the engine is
// told it may use. The C library sizes them by the soft limit at start-up, and
// takes a smaller size of its own if there is no limit.
func checkThreadStack() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_STACK, &limit); err != nil {
		return fmt.Errorf("read the stack limit: %w", err)
	}
	const unlimited = ^uint64(0)
	if limit.Cur == unlimited || limit.Cur < minThreadStackBytes {
		return fmt.Errorf("the stack limit is %d bytes, expected at least %d and not unlimited: run with `ulimit -Ss %d`", limit.Cur, minThreadStackBytes, minThreadStackBytes>>10)
	}
	return nil
}
