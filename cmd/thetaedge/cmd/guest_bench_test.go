package cmd

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/sidecar/config"
)

// largeProgram is a module of about a million bytes of code, different for each n.
func largeProgram(n int) []byte {
	leb := func(v int) []byte { return binary.AppendUvarint(nil, uint64(v)) }
	section := func(id byte, body []byte) []byte { return append(append([]byte{id}, leb(len(body))...), body...) }
	const functions, steps = 700, 200
	body := []byte{1, 1, 0x7f} // one local i32
	for i := range steps {
		// local.get, i32.const, i32.add, local.tee, drop
		body = append(body, 0x20, 0, 0x41, byte(i%64), 0x6a, 0x22, 0, 0x1a)
	}
	body = append(body, 0x0b)
	code, types := leb(functions+1), leb(functions+1)
	for range functions {
		code = append(append(code, leb(len(body))...), body...)
		types = append(types, 0)
	}
	code, types = append(code, 2, 0, 0x0b), append(types, 0)
	module := []byte("\x00asm\x01\x00\x00\x00")
	module = append(module, section(1, []byte{1, 0x60, 0, 0})...)
	module = append(module, section(3, types)...)
	module = append(module, section(5, []byte{1, 0, 1})...)
	exports := append([]byte("\x02\x06memory\x02\x00\x06_start\x00"), leb(functions)...)
	module = append(module, section(7, exports)...)
	module = append(module, section(10, code)...)
	return append(module, section(0, fmt.Appendf([]byte{8}, "%08d", n))...)
}

// held is the memory of this process that is its own, in MiB.
func held(b *testing.B) float64 {
	b.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	require.NoError(b, err)
	fields := strings.Fields(string(statm))
	resident, err := strconv.Atoi(fields[1])
	require.NoError(b, err)
	return float64(resident*os.Getpagesize()) / (1 << 20)
}

// BenchmarkLargePrograms reports what a daemon holds after many large programs, each
// another, when they run in workers and when they run in its own process:
//
//	go test -run '^$' -bench LargePrograms -benchtime 100x ./cmd/thetaedge/cmd
func BenchmarkLargePrograms(b *testing.B) {
	for _, place := range []struct {
		name string
		open func(b *testing.B) executor.Executor
	}{
		{"in workers", func(b *testing.B) executor.Executor {
			n := &node{home: b.TempDir(), config: config.Default()}
			e, err := newWorkers(n, wasm.Profile, n.workersDir(), 1, nil)
			require.NoError(b, err)
			return e
		}},
		{"in the daemon", func(b *testing.B) executor.Executor {
			e, err := wasm.New(wasm.Config{Slots: 1})
			require.NoError(b, err)
			return e
		}},
	} {
		b.Run(place.name, func(b *testing.B) {
			e := place.open(b)
			defer func() { require.NoError(b, e.Close()) }()
			dir := b.TempDir()
			before := held(b)
			for n := 0; b.Loop(); n++ {
				task := executor.Task{
					ID: "task", ProgramPath: filepath.Join(dir, strconv.Itoa(n)), Fuel: 1 << 40, MemoryBytes: 1 << 20,
					OutputDir: filepath.Join(dir, "out-"+strconv.Itoa(n)), WallLimit: time.Minute,
				}
				require.NoError(b, os.WriteFile(task.ProgramPath, largeProgram(n), 0o600))
				require.NoError(b, e.Start(b.Context(), task))
				result, err := e.Wait(b.Context(), task.ID)
				require.NoError(b, err)
				require.EqualValues(b, "exited", result.Reason, result.Detail)
				require.NoError(b, e.Destroy(task.ID))
			}
			b.ReportMetric(before, "MiB-before")
			b.ReportMetric(held(b), "MiB-after")
		})
	}
}

// BenchmarkTasksOfOneProgram reports what a task costs in a worker in addition to its own work,
// when the tasks of a chunk run one after the other: for a large program, and for one that is
// compiled at once. A worker is replaced after some tasks, which is included.
//
//	go test -run '^$' -bench TasksOfOneProgram -benchtime 200x ./cmd/thetaedge/cmd
func BenchmarkTasksOfOneProgram(b *testing.B) {
	small := []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x05\x03\x01\x00\x01" +
		"\x07\x13\x02\x06memory\x02\x00\x06_start\x00\x00\x0a\x04\x01\x02\x00\x0b")
	for name, program := range map[string][]byte{"small": small, "large": largeProgram(0)} {
		b.Run(name, func(b *testing.B) {
			n := &node{home: b.TempDir(), config: config.Default()}
			e, err := newWorkers(n, wasm.Profile, n.workersDir(), 1, nil)
			require.NoError(b, err)
			defer func() { require.NoError(b, e.Close()) }()
			dir := b.TempDir()
			path := filepath.Join(dir, "program")
			require.NoError(b, os.WriteFile(path, program, 0o600))
			for n := 0; b.Loop(); n++ {
				task := executor.Task{
					ID: "task", ProgramPath: path, Fuel: 1 << 40, MemoryBytes: 1 << 20, TraceKeys: make([]executor.Trace, 1),
					OutputDir: filepath.Join(dir, "out-"+strconv.Itoa(n)), WallLimit: time.Minute,
				}
				require.NoError(b, e.Start(b.Context(), task))
				result, err := e.Wait(b.Context(), task.ID)
				require.NoError(b, err)
				require.EqualValues(b, "exited", result.Reason, result.Detail)
				require.NoError(b, e.Destroy(task.ID))
			}
		})
	}
}
