//go:build !race

package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bytecodealliance/wasmtime-go/v44"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/sidecar/worker"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/backend"
)

// TestMain lets the test binary also be a worker process, in the same way as the daemon's main
// function.
func TestMain(m *testing.M) {
	if worker.Invoked(os.Args) {
		os.Exit(worker.Main(os.Args, func(o worker.Opening) (executor.Executor, error) {
			return profiles.Open(o.Profile, profiles.Config{Slots: 1, Cores: o.Cores, Device: o.Device, Remote: o.Remote, Known: o.Known, Guard: o.Guard})
		}))
	}
	os.Exit(m.Run())
}

// mixes is a program that mixes a number some times, which takes a large part of a second.
const mixes = `(module (memory (export "memory") 1) (func (export "_start") (local $x i64) (local $n i32)
	(local.set $x (i64.const 88172645463325252))
	(loop $l
		(local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
		(local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
		(br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 0x10000000))))
	(i64.store (i32.const 16) (local.get $x))))`

// multiplies is a program of tensor/1 with 16 MiB of tensors that multiplies matrices on the device, which takes a
// large part of a second.
func multiplies() string {
	at := func(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }
	var text strings.Builder
	for _, b := range tensor.Encode(
		&tensor.Fill{Out: at(3), Count: 4 << 20, Value: 5}, &tensor.Gemm{A: at(1), W: at(1), Out: at(2), Batch: 1, M: 256, N: 256, K: 256},
	) {
		fmt.Fprintf(&text, `\%02x`, b)
	}
	return fmt.Sprintf(`(module
		(import "theta_tensor_1" "alloc" (func $alloc (param i32 i64) (result i32)))
		(import "theta_tensor_1" "submit" (func $submit (param i32 i32)))
		(memory (export "memory") 1) (data (i32.const 0) "%s")
		(func (export "_start") (local $n i32)
			(drop (call $alloc (i32.const 2) (i64.const 65536))) (drop (call $alloc (i32.const 4) (i64.const 65536)))
			(drop (call $alloc (i32.const 4) (i64.const 4194304))) (call $submit (i32.const 0) (i32.const 1))
			(loop $l
				(call $submit (i32.const %d) (i32.const 1))
				(br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 400))))))`, text.String(), tensor.RecordBytes)
}

// renamed is an executor under the profile of the tasks of the fake chain.
type renamed struct{ *worker.Executor }

func (renamed) Profile() string { return wasm.Profile }

// burned returns the processor time, in ticks of 10 ms, of the processes that this one has started.
func burned(t *testing.T) uint64 {
	t.Helper()
	stats, err := filepath.Glob("/proc/[1-9]*/stat")
	require.NoError(t, err)
	parents, ticks := map[int]int{}, map[int]uint64{}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		require.NoError(t, err)
		parents[pid], err = strconv.Atoi(fields[1])
		require.NoError(t, err)
		for _, field := range fields[11:13] {
			n, err := strconv.ParseUint(field, 10, 64)
			require.NoError(t, err)
			ticks[pid] += n
		}
	}
	var sum uint64
	for pid := range parents {
		for parent := parents[pid]; parent > 1; parent = parents[parent] {
			if parent == os.Getpid() {
				sum += ticks[pid]
			}
		}
	}
	return sum
}

// standing reports whether all threads of the processes that this one has started are stopped.
func standing(t *testing.T) bool {
	t.Helper()
	stats, err := filepath.Glob("/proc/[1-9]*/task/[1-9]*/stat")
	require.NoError(t, err)
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if fields[1] == strconv.Itoa(os.Getpid()) && !slices.Contains([]string{"T", "t", "Z", "X"}, fields[0]) {
			return false
		}
	}
	return true
}

// activations is how often the owner comes in the test below. A longer run may set
// THETA_ACTIVATIONS.
func activations(t *testing.T) int {
	t.Helper()
	text := os.Getenv("THETA_ACTIVATIONS")
	if text == "" {
		return 10
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// kindsOfPrograms returns the programs of the test below. Those on Vulkan are opt-in, because its driver may be
// missing: THETA_ACTIVATIONS_ON=vulkan:0.
func kindsOfPrograms(t *testing.T) map[string]*worker.Tensors {
	t.Helper()
	kinds := map[string]*worker.Tensors{wasm.Profile: nil}
	for _, device := range append([]string{"cpu"}, strings.Fields(os.Getenv("THETA_ACTIVATIONS_ON"))...) {
		choice, err := backend.ParseChoice(device)
		require.NoError(t, err)
		kinds[tensors.Profile+" on "+device] = &worker.Tensors{Choice: choice, Bytes: 64 << 20}
	}
	return kinds
}

// TestRealProgramsStandStillEachTimeTheirOwnerComes: with a watcher that looks once a second, the
// processes of the programs use no processor after that, go on later, and every task is paid.
func TestRealProgramsStandStillEachTimeTheirOwnerComes(t *testing.T) {
	for name, on := range kindsOfPrograms(t) {
		t.Run(name, func(t *testing.T) { activate(t, on) })
	}
}

func activate(t *testing.T, on *worker.Tensors) {
	t.Helper()
	w := newWorld(t)
	cfg := worker.Config{
		Profile: wasm.Profile, Slots: 1, Dir: filepath.Join(w.home, "workers"), MemoryBytes: 1 << 30, FileBytes: 1 << 20, StreamBytes: 1 << 10,
	}
	text := mixes
	if on != nil {
		cfg.Profile, cfg.Tensors, cfg.Swap = tensors.Profile, on, &worker.Swap{Bytes: 64 << 20}
		text = multiplies()
	}
	engine, err := worker.New(cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, engine.Close()) }()
	w.config.Executors, w.config.Policy.MaxJobs = []executor.Executor{renamed{engine}}, 1
	comes := newFakeOwner(t, owner.LookEvery, string(owner.Idle))
	comes.attach(&w.config)
	program, err := wasmtime.Wat2Wasm(text)
	require.NoError(t, err)
	var tasks []*fakeTask
	post := func() {
		tasks = append(tasks, w.chain.post(w.web, len(tasks), func(task *fakeTask) {
			digest := blob.DigestOf(program)
			task.spec.Program.Sha256, task.spec.Program.Size_ = digest[:], uint64(len(program))
			task.spec.Program.Uris = []string{fmt.Sprintf("http://relay.example/v1/blobs/%s", digest)}
			task.spec.Resources.Fuel = 1 << 40
			if on != nil {
				task.spec.Resources.DeviceBytes = 64 << 20
			}
			w.web.set(func(web *fakeWeb) { web.content[task.spec.Program.Uris[0]] = program })
		}))
	}
	defer w.chain.blocks(5 * time.Millisecond)()
	post()
	a, stop := w.run()
	defer stop()
	settled := func() (n int) {
		w.chain.read(func() {
			for _, task := range tasks {
				if task.receipt != nil {
					n++
				}
			}
		})
		return n
	}
	var latencies, away []time.Duration
	for cycle := range activations(t) {
		// A task runs, and there is always a next one. A process that has ended does not count any more.
		least := burned(t)
		require.Eventually(t, func() bool {
			if settled()+2 > len(tasks) {
				post()
			}
			now := burned(t)
			least = min(least, now)
			return now > least+2
		}, patience, time.Millisecond, "it runs, in cycle %d: %s", cycle, a.Status().LastError)
		came := time.Now()
		comes.come()
		require.Eventually(t, a.suspension.done.Load, patience, time.Millisecond)
		latencies = append(latencies, time.Since(came))
		// Tensors leave the memory, and a process that was being started is stopped a moment later.
		require.Eventually(t, func() bool { return standing(t) }, patience, time.Millisecond)
		away = append(away, time.Since(came))
		stood := burned(t)
		time.Sleep(200 * time.Millisecond)
		// One may end.
		require.LessOrEqual(t, burned(t), stood+5, "no program uses the processor in cycle %d", cycle)
		comes.leave()
		require.Eventually(t, func() bool { return !a.suspension.on.Load() }, patience, time.Millisecond)
	}
	report(t, "programs stood still", latencies)
	report(t, "all processes were stopped, without tensors in memory", away)
	if !assert.Eventually(t, func() bool { return settled() == len(tasks) }, 3*patience, time.Millisecond, "all settle") {
		for i, task := range tasks {
			if record := w.record(task); record.Verdict == nil {
				t.Logf("task %d: %+v", i, record)
			}
		}
		t.Fatalf("%+v", a.Status())
	}
	w.chain.read(func() {
		for _, task := range tasks {
			require.Empty(t, task.slashed())
		}
	})
	for _, task := range tasks {
		require.Equal(t, "paid", w.untilPhase(task, store.PhaseSettled).Verdict.Status)
	}
}

// report writes how long something took.
func report(t *testing.T, what string, took []time.Duration) {
	t.Helper()
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	t.Logf("%d times %s: median %s, 99th percentile %s, slowest %s", len(took), what, took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
}
