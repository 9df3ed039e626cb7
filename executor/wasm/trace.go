package wasm

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/wasm/internal/wasi"
)

// traceDomain separates traces from all other hashes.
const traceDomain = "theta/wasm/trace/1"

// unfolded returns the traces before the first fold, which are the initial values that follow
// from the keys.
func (g *guest) unfolded() []uint64 {
	first := make([]uint64, len(g.keys))
	for i := range g.keys {
		first[i] = binary.LittleEndian.Uint64(g.keys[i][:])
	}
	return first
}

// exited reports whether the program ended by itself.
func (g *guest) exited(end ending) bool {
	if g.stopped != nil || g.empty || g.end != nil {
		return false
	}
	return g.halt == wasi.HaltExit || g.halt == wasi.HaltNone && end.err == nil && end.trap == ""
}

// ranDry reports whether the program ended because its fuel was used up.
func (g *guest) ranDry() bool { return g.empty || g.halt == wasi.HaltFuel }

// used returns the fuel that the program has used. If the program ended because its fuel was
// used up, this is all of the fuel.
func (g *guest) used() uint64 {
	if g.ranDry() {
		return g.fuel
	}
	return g.fuel - uint64(max(0, g.tank.left()))
}

// traced returns the traces of a run. They include the memory if the program exited.
func (g *guest) traced(exited bool, folded []uint64, memory []byte) []executor.Trace {
	if !exited {
		memory = nil
	}
	return g.sealed(folded, memory)
}

// sealed hashes the folded values with the key, the fuel and the memory.
func (g *guest) sealed(folded []uint64, memory []byte) []executor.Trace {
	if len(g.keys) == 0 {
		return nil
	}
	used := uint64(0)
	if g.tank.get != nil {
		used = g.used()
	}
	traces := make([]executor.Trace, len(g.keys))
	for i := range g.keys {
		h := sha256.New()
		h.Write([]byte(traceDomain))
		h.Write(g.keys[i][:])
		h.Write(binary.LittleEndian.AppendUint64(nil, folded[i]))
		h.Write(binary.LittleEndian.AppendUint64(nil, used))
		h.Write(memory)
		h.Sum(traces[i][:0])
	}
	return traces
}
