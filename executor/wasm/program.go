package wasm

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/thetaedge/theta/executor/wasm/internal/meter"
)

// program is a compiled program, or the reason why no machine can run it.
type program struct {
	// refusal is set if the program is not valid under the profile. Every machine refuses it
	// in the same way.
	refusal *Refusal
	// trap is the reason why the program traps before any of its code runs. It is empty if the
	// program does not.
	trap string
	// code is the compiled program.
	code code
	// pages and maxPages are the declared bounds of its memory.
	pages, maxPages uint32
	hasStart        bool
}

// compileFor validates, meters and compiles a program for an engine, so that it folds a number
// of traces and may import functions. An error that it returns is a failure of the machine.
func compileFor(engine engine, functions map[[2]string]hostFunction, wasm []byte, traces int) (*program, error) {
	metered, refusal := inspect(wasm, functions, traces)
	if refusal != nil {
		return &program{refusal: refusal}, nil
	}
	p := &program{trap: metered.Trap, pages: metered.MemoryPages, maxPages: metered.MaxPages, hasStart: metered.HasStart}
	if p.trap != "" || p.pages > meter.MaxPages {
		return p, nil
	}
	var err error
	p.code, err = engine.compile(metered)
	return p, err
}

// programKey identifies a compiled program.
type programKey struct {
	digest [sha256.Size]byte
	traces int
}

// programs caches compiled programs, up to a number of bytes.
type programs struct {
	mu       sync.Mutex
	entries  map[programKey]*programEntry
	recent   []programKey // least recently used first
	bytes    int64
	maxBytes int64
	compile  func(wasm []byte, traces int) (*program, error)
}

type programEntry struct {
	ready   chan struct{} // closed when program or err is set
	program *program
	err     error
}

func newPrograms(maxBytes int64, engine engine, functions map[[2]string]hostFunction) *programs {
	return &programs{entries: map[programKey]*programEntry{}, maxBytes: maxBytes, compile: func(wasm []byte, traces int) (*program, error) {
		return compileFor(engine, functions, wasm, traces)
	}}
}

// load returns the compiled program at path, which folds a number of traces. Two tasks
// with the same program and number compile it once.
func (p *programs) load(ctx context.Context, path string, traces int) (*program, error) {
	wasm, refusal, err := readProgram(path)
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return &program{refusal: refusal}, nil
	}
	key := programKey{digest: sha256.Sum256(wasm), traces: traces}
	p.mu.Lock()
	entry, cached := p.entries[key]
	if !cached {
		entry = &programEntry{ready: make(chan struct{})}
		p.entries[key] = entry
	}
	p.touch(key)
	p.mu.Unlock()

	if cached {
		select {
		case <-entry.ready:
			return entry.program, entry.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	p.fill(key, entry, wasm)
	return entry.program, entry.err
}

// fill compiles a program for all tasks that wait for it. If the compilation panics, fill
// tells these tasks too, because no other code would close the entry.
func (p *programs) fill(key programKey, entry *programEntry, wasm []byte) {
	defer func() {
		if cause := recover(); cause != nil {
			entry.program, entry.err = nil, fmt.Errorf("compiler panicked: %v", cause)
		}
		close(entry.ready)
		p.settle(key, entry)
	}()
	entry.program, entry.err = p.compile(wasm, key.traces)
}

// touch marks a program as the most recently used one.
func (p *programs) touch(key programKey) {
	p.forget(key)
	p.recent = append(p.recent, key)
}

func (p *programs) forget(key programKey) {
	for i, k := range p.recent {
		if k == key {
			p.recent = append(p.recent[:i], p.recent[i+1:]...)
			return
		}
	}
}

// settle adds a compiled program to the account and makes room for it. Failures of the machine
// are not kept, so the next task tries again.
func (p *programs) settle(key programKey, entry *programEntry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if entry.err != nil {
		delete(p.entries, key)
		p.forget(key)
		return
	}
	p.bytes += entry.bytes()
	for i := 0; p.bytes > p.maxBytes && i < len(p.recent); {
		old := p.entries[p.recent[i]]
		if !old.settled() {
			i++
			continue
		}
		p.bytes -= old.bytes()
		if code := old.program.code; code != nil {
			code.close()
		}
		delete(p.entries, p.recent[i])
		p.recent = append(p.recent[:i], p.recent[i+1:]...)
	}
}

func (e *programEntry) settled() bool {
	select {
	case <-e.ready:
		return true
	default:
		return false
	}
}

// bytes returns the memory that an entry holds, with an allowance for the entry itself.
func (e *programEntry) bytes() int64 {
	const overhead = 4096
	if e.program.code == nil {
		return overhead
	}
	return overhead + e.program.code.bytes()
}
