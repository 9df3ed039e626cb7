package wasm

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/thetaedge/theta/sidecar/executor/wasm/internal/meter"
)

// program is a compiled program, or the reason why it can be run nowhere.
type program struct {
	// refusal is set if the program is not valid under the profile; every
	// machine refuses it alike.
	refusal *Refusal
	// trap is why it traps before anything of it runs, if it does.
	trap string
	// code is the compiled program.
	code code
	// pages and maxPages are the declared bounds of its memory.
	pages, maxPages uint32
	hasStart        bool
}

// compileFor validates, meters and compiles a program for an engine. A returned
// error is trouble of the machine.
func compileFor(engine engine, wasm []byte) (*program, error) {
	metered, refusal := inspect(wasm)
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

// programs caches compiled programs by digest, up to a number of bytes.
type programs struct {
	mu       sync.Mutex
	entries  map[[sha256.Size]byte]*programEntry
	recent   [][sha256.Size]byte // least recently used first
	bytes    int64
	maxBytes int64
	compile  func(wasm []byte) (*program, error)
}

type programEntry struct {
	ready   chan struct{} // closed when program or err is set
	program *program
	err     error
}

func newPrograms(maxBytes int64, engine engine) *programs {
	return &programs{entries: map[[sha256.Size]byte]*programEntry{}, maxBytes: maxBytes, compile: func(wasm []byte) (*program, error) {
		return compileFor(engine, wasm)
	}}
}

// load returns the compiled program at path. Two tasks with the same program
// compile it once.
func (p *programs) load(ctx context.Context, path string) (*program, error) {
	wasm, refusal, err := readProgram(path)
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return &program{refusal: refusal}, nil
	}
	digest := sha256.Sum256(wasm)
	p.mu.Lock()
	entry, cached := p.entries[digest]
	if !cached {
		entry = &programEntry{ready: make(chan struct{})}
		p.entries[digest] = entry
	}
	p.touch(digest)
	p.mu.Unlock()

	if cached {
		select {
		case <-entry.ready:
			return entry.program, entry.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	p.fill(digest, entry, wasm)
	return entry.program, entry.err
}

// fill compiles a program for all that wait for it. They are told of a panic, too:
// nobody else would ever close the entry.
func (p *programs) fill(digest [sha256.Size]byte, entry *programEntry, wasm []byte) {
	defer func() {
		if cause := recover(); cause != nil {
			entry.program, entry.err = nil, fmt.Errorf("compiler panicked: %v", cause)
		}
		close(entry.ready)
		p.settle(digest, entry)
	}()
	entry.program, entry.err = p.compile(wasm)
}

// touch moves a digest to the recent end.
func (p *programs) touch(digest [sha256.Size]byte) {
	p.forget(digest)
	p.recent = append(p.recent, digest)
}

func (p *programs) forget(digest [sha256.Size]byte) {
	for i, d := range p.recent {
		if d == digest {
			p.recent = append(p.recent[:i], p.recent[i+1:]...)
			return
		}
	}
}

// settle accounts for a compiled program and makes room. Failures of the
// machine are not kept: the next task tries again.
func (p *programs) settle(digest [sha256.Size]byte, entry *programEntry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if entry.err != nil {
		delete(p.entries, digest)
		p.forget(digest)
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

// bytes is what an entry holds, with an allowance for the entry itself.
func (e *programEntry) bytes() int64 {
	const overhead = 4096
	if e.program.code == nil {
		return overhead
	}
	return overhead + e.program.code.bytes()
}
