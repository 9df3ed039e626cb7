// Package linear is linear memory outside of Go's heap: addresses are reserved for
// the most that a program may have, and memory is taken as it grows. So growing
// copies nothing, a machine that has no more says so instead of ending the process,
// and everything goes back when the run is over.
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

// Reserve reserves addresses for most bytes, none of which can be used yet.
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

// Allocate implements experimental.MemoryAllocator: a program has one memory.
func (m *Memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate implements experimental.LinearMemory. It returns nil over what was
// reserved, and when the machine has no more.
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

// Bytes is the memory as it is now.
func (m *Memory) Bytes() []byte {
	if m.used == 0 {
		return []byte{}
	}
	return m.reserved[:m.used:m.used]
}

// Free implements experimental.LinearMemory. It may be called again.
func (m *Memory) Free() {
	if m.reserved != nil {
		release(m.reserved)
	}
	m.reserved, m.used, m.most = nil, 0, 0
}
