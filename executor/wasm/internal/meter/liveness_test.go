package meter

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// flow lists the instructions that may follow each instruction of a body. It is based only on
// the meaning of the instructions.
func flow(b *body) [][]int {
	type block struct {
		at, other, end int
	}
	var open []*block
	blocks := make([]*block, len(b.code)) // by the instruction that opens, parts or closes the block
	around := make([][]*block, len(b.code))
	function := &block{at: -1}
	open = append(open, function)
	for i := range b.code {
		around[i] = append([]*block(nil), open...)
		switch b.code[i].op {
		case opBlock, opLoop, opIf:
			blocks[i] = &block{at: i, other: -1}
			open = append(open, blocks[i])
		case opElse:
			blocks[i] = open[len(open)-1]
			blocks[i].other = i
		case opEnd:
			blocks[i] = open[len(open)-1]
			blocks[i].end = i
			open = open[:len(open)-1]
		}
	}
	label := func(i int, label uint32) int {
		to := around[i][len(around[i])-1-int(label)]
		if to != function && b.code[to.at].op == opLoop {
			return to.at
		}
		return to.end
	}
	next := make([][]int, len(b.code))
	for i := range b.code {
		x := &b.code[i]
		switch x.op {
		case opIf:
			other := blocks[i].end
			if blocks[i].other >= 0 {
				other = blocks[i].other + 1
			}
			next[i] = []int{i + 1, other}
		case opElse:
			next[i] = []int{blocks[i].end}
		case opBr:
			next[i] = []int{label(i, x.index)}
		case opBrIf:
			next[i] = []int{i + 1, label(i, x.index)}
		case opBrTable:
			for _, l := range b.targets(x) {
				next[i] = append(next[i], label(i, l))
			}
		case opReturn, opUnreachable:
		default:
			if i+1 < len(b.code) {
				next[i] = []int{i + 1}
			}
		}
	}
	return next
}

// living applies the definition of live locals until nothing changes. For each instruction, it
// returns the locals that may be read from there on before they are set.
func living(b *body) []set {
	next, live := flow(b), make([]set, len(b.code))
	for i := range live {
		live[i] = b.set()
	}
	for changed := true; changed; {
		changed = false
		for i := len(b.code) - 1; i >= 0; i-- {
			now := b.set()
			for _, to := range next[i] {
				now.join(live[to])
			}
			switch x := &b.code[i]; x.op {
			case opLocalGet:
				now.add(x.index)
			case opLocalSet, opLocalTee:
				now.remove(x.index)
			}
			if !slices.Equal(now, live[i]) {
				live[i], changed = now, true
			}
		}
	}
	return live
}

// bodies reads all functions of a module.
func bodies(t *testing.T, wasm []byte) []*body {
	t.Helper()
	m, err := Read(wasm)
	require.NoError(t, err)
	var list []*body
	for i, raw := range m.bodies {
		b, _, err := m.read(m.types[m.functions[i]], raw)
		require.NoError(t, err)
		list = append(list, b)
	}
	return list
}

func TestWhatLivesAtTheStartOfALoopIsWhatMayBeReadFromThere(t *testing.T) {
	nested := func(depth int) []byte {
		text := ""
		for i := range depth {
			// Each loop reads a local that a loop around it sets, and sets a local that a loop
			// inside of it reads.
			text = fmt.Sprintf("(loop (local.set %d (local.get %d)) %s (br_if 0 (local.get %d)) (local.set %d (i32.const 1)) (br_if %d (local.get 99)))",
				i%100, (7*i+3)%100, text, (5*i+1)%100, (3*i+2)%100, min(1, depth-1-i))
		}
		return assembled(t, `(module (func (export "_start") (local `+strings.Repeat("i32 ", 100)+`) `+text+`))`)
	}
	var modules [][]byte
	for depth := 1; depth <= ExactLoops+4; depth++ {
		modules = append(modules, nested(depth))
	}
	for seed := range uint64(60) {
		modules = append(modules, generate(seed, seed%2 == 1))
	}
	exact, wider := 0, 0
	for n, wasm := range modules {
		for _, b := range bodies(t, wasm) {
			live := living(b)
			s := b.scopes()
			s.liveness()
			for i := range b.code {
				if b.code[i].op != opLoop {
					continue
				}
				l := &s.list[s.of[i]]
				if l.loops <= ExactLoops {
					require.Equal(t, live[i], l.live, "module %d, instruction %d", n, i)
					exact++
					continue
				}
				missing := copied(nil, live[i])
				missing.without(l.live)
				require.Equal(t, b.set(), missing, "module %d, instruction %d", n, i)
				wider++
			}
		}
	}
	require.Greater(t, exact, 100)
	require.NotZero(t, wider)
}
