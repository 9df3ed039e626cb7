// Package linear provides linear memory outside of Go's heap. It reserves addresses for the
// most that a program may have, and takes memory as the program grows. Growing therefore does
// not copy anything, a lack of memory is an error and does not end the process, and all memory
// is returned when the run is over.
package linear

import (
	"fmt"

	"github.com/tetratelabs/wazero/experimental"
)

// Memory is the memory of one program.
type Memory struct {
	reserved []byte
	used     uint64
	most     uint64
}

var (
	_ experimental.MemoryAllocator = (*Memory)(nil)
	_ experimental.LinearMemory    = (*Memory)(nil)
)

// Reserve reserves addresses for most bytes. None of them can be used yet.
func Reserve(most uint64) (*Memory, error) {
	m := &Memory{most: most}
	if most == 0 {
		return m, nil
	}
	reserved, err := reserve(most)
	if err != nil {
		return nil, fmt.Errorf("reserve %d bytes of addresses: %w", most, err)
	}
	m.reserved = reserved
	return m, nil
}

// Allocate implements experimental.MemoryAllocator. A program has one memory.
func (m *Memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate implements experimental.LinearMemory. It returns nil if the size is over the
// reserved size, or if the machine does not have enough memory.
func (m *Memory) Reallocate(size uint64) []byte {
	if size > m.most {
		return nil
	}
	if size > m.used {
		if err := commit(m.reserved, m.used, size); err != nil {
			return nil
		}
		m.used = size
	}
	return m.Bytes()
}

// Bytes returns the memory as it is now.
func (m *Memory) Bytes() []byte {
	if m.used == 0 {
		return []byte{}
	}
	return m.reserved[:m.used:m.used]
}

// Free implements experimental.LinearMemory. It may be called several times.
func (m *Memory) Free() {
	if m.reserved != nil {
		release(m.reserved)
	}
	m.reserved, m.used, m.most = nil, 0, 0
}
