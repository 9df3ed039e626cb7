package cpu

import "syscall"

// advise asks for large pages, with which rows of weights are read faster. The system may not have any.
func advise(memory []byte) { _ = syscall.Madvise(memory, syscall.MADV_HUGEPAGE) }
