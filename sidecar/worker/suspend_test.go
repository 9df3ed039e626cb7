//go:build linux

package worker

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytecodealliance/wasmtime-go/v44"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/tensor"
)

// printed writes the eight bytes at 16 to standard output.
const printed = `
	(i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 8))
	(if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))`

const writes = `(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))`

// escaped writes bytes for a data segment.
func escaped(bytes []byte) string {
	var text strings.Builder
	for _, b := range bytes {
		fmt.Fprintf(&text, `\%02x`, b)
	}
	return text.String()
}

// wasmOf writes a program whose text is given.
func wasmOf(t testing.TB, text string) string {
	t.Helper()
	code, err := wasmtime.Wat2Wasm(text)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "program.wasm")
	require.NoError(t, os.WriteFile(path, code, 0o600))
	return path
}

// hashes is a program that mixes a number some times.
func hashes(times int) string {
	return fmt.Sprintf(`(module %s (memory (export "memory") 2) (func (export "_start") (local $x i64) (local $n i32)
		(local.set $x (i64.const 88172645463325252))
		(loop $l
			(local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
			(local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
			(local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
			(br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const %d))))
		(i64.store (i32.const 16) (local.get $x)) %s))`, writes, times, printed)
}

// multiplies is a program that multiplies matrices some times on the device.
func multiplies(times int) string {
	at := func(handle tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: handle} }
	records := tensor.Encode(&tensor.Gemm{A: at(1), W: at(1), Out: at(2), Batch: 1, M: 256, N: 256, K: 256})
	return fmt.Sprintf(`(module %s
		(import "theta_tensor_1" "alloc" (func $alloc (param i32 i64) (result i32)))
		(import "theta_tensor_1" "write" (func $write (param i32 i64 i32 i32)))
		(import "theta_tensor_1" "read" (func $read (param i32 i64 i32 i32)))
		(import "theta_tensor_1" "submit" (func $submit (param i32 i32)))
		(memory (export "memory") 2) (data (i32.const 1024) "%s")
		(func (export "_start") (local $n i32)
			(drop (call $alloc (i32.const 2) (i64.const 65536))) (drop (call $alloc (i32.const 4) (i64.const 65536)))
			(call $write (i32.const 1) (i64.const 0) (i32.const 1024) (i32.const 65536))
			(loop $l
				(call $submit (i32.const 1024) (i32.const 1))
				(br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const %d))))
			(call $read (i32.const 2) (i64.const 0) (i32.const 16) (i32.const 8)) %s))`, writes, escaped(records), times, printed)
}

// tick is the unit in which the system counts processor time.
const tick = time.Second / clockTicks

// burned returns the processor time that a process has used.
func burned(t *testing.T, pid int) time.Duration {
	t.Helper()
	now, known := usageOf(pid, nil)
	require.True(t, known, "process %d has ended", pid)
	return now.processor
}

// computing returns an executor of a profile and a task whose program computes for a while.
func computing(t *testing.T, profile, text string) (*Executor, executor.Task) {
	t.Helper()
	cfg := config(t)
	cfg.Profile, cfg.MemoryBytes = profile, 1<<30
	task := taskOf(t, wasmOf(t, text))
	task.Fuel, task.TraceKeys = 1<<50, []executor.Trace{{1}, {2}}
	if profile == tensors.Profile {
		task.DeviceBytes = 64 << 20
	}
	return open(t, cfg), task
}

// TestATaskThatIsSuspendedAgainAndAgainHasTheSameResult: neither a result nor what it costs nor
// its traces depend on suspensions, and a suspended task uses no processor.
func TestATaskThatIsSuspendedAgainAndAgainHasTheSameResult(t *testing.T) {
	const cycles = 50
	for profile, program := range map[string]func(times int) string{wasm.Profile: hashes, tensors.Profile: multiplies} {
		t.Run(profile, func(t *testing.T) {
			// The program computes long enough for all cycles, however fast the machine is.
			times, least := map[string]int{wasm.Profile: 1 << 26, tensors.Profile: 1 << 8}[profile], 4*cycles*tick
			var want executor.Result
			for {
				e, task := computing(t, profile, program(times))
				var err error
				want, err = run(t, e, task)
				require.NoError(t, err)
				require.Equal(t, manifest.ReasonExited, want.Reason, want.Detail)
				if want.WallTime >= least {
					break
				}
				times *= 2
			}
			e, task := computing(t, profile, program(times))
			require.NoError(t, e.Start(waiting(t), task))
			children := childrenOf(t, os.Getpid(), e.cfg.Dir)
			require.Len(t, children, 1)
			var longest time.Duration
			for cycle := range cycles {
				began := burned(t, children[0])
				require.Eventually(t, func() bool { return burned(t, children[0]) > began }, patience, time.Millisecond, "it goes on after %d cycles", cycle)
				asked := time.Now()
				require.NoError(t, e.Suspend())
				longest = max(longest, time.Since(asked))
				stood := burned(t, children[0])
				time.Sleep(2 * tick)
				require.Equal(t, stood, burned(t, children[0]), "cycle %d", cycle)
				require.NoError(t, e.Resume())
			}
			t.Logf("of %d suspensions, the slowest took %s", cycles, longest)
			got, err := e.Wait(waiting(t), task.ID)
			require.NoError(t, err)
			require.Equal(t, want.Manifest(), got.Manifest())
			require.Equal(t, want.FuelUsed, got.FuelUsed)
			require.Equal(t, want.Traces, got.Traces)
			now, err := e.Progress(task.ID)
			require.NoError(t, err)
			require.Equal(t, executor.Progress{FuelUsed: got.FuelUsed, Fuel: task.Fuel}, now)
		})
	}
}

func TestNoLimitCountsTheTimeOfASuspension(t *testing.T) {
	const limit = 2 * time.Second
	cfg := config(t)
	cfg.StartTime, cfg.SilentTime = limit, limit
	e := open(t, cfg)
	task := taskOf(t, script(t, "sleep"))
	task.WallLimit = limit
	require.NoError(t, e.Start(waiting(t), task))
	require.NoError(t, e.Suspend())
	time.Sleep(limit + limit/4)
	require.NoError(t, e.Resume())
	require.NoError(t, e.Stop(task.ID))
	_, err := e.Wait(waiting(t), task.ID)
	require.ErrorIs(t, err, executor.ErrStopped, "neither its wall limit nor its silence have ended it")
}

// TestTheGuardOfADeviceCountsLittleOfASuspension: whatever the device does when it is suspended, it
// does not hang.
func TestTheGuardOfADeviceCountsLittleOfASuspension(t *testing.T) {
	e, task := computing(t, tensors.Profile, multiplies(1<<9))
	require.NoError(t, e.Start(waiting(t), task))
	children := childrenOf(t, os.Getpid(), e.cfg.Dir)
	require.Len(t, children, 1)
	for range 2 {
		began := burned(t, children[0])
		require.Eventually(t, func() bool { return burned(t, children[0]) > began+5*tick }, patience, time.Millisecond)
		require.NoError(t, e.Suspend())
		time.Sleep(deviceLimit + deviceLimit/4)
		require.NoError(t, e.Resume())
	}
	result, err := e.Wait(waiting(t), task.ID)
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonExited, result.Reason, result.Detail)
}

// TestATaskThatBeginsDuringASuspensionStandsStill: a suspension may come at any moment of a start.
func TestATaskThatBeginsDuringASuspensionStandsStill(t *testing.T) {
	program := script(t, "endless")
	for moment := range 20 {
		e := open(t, config(t))
		task, ctx := taskOf(t, program), waiting(t)
		began := make(chan error, 1)
		go func() { began <- e.Start(ctx, task) }()
		time.Sleep(time.Duration(moment) * 3 * time.Millisecond)
		require.NoError(t, e.Suspend())
		for _, pid := range childrenOf(t, os.Getpid(), e.cfg.Dir) {
			// One that was starting when Suspend returned stops at once.
			require.Eventually(t, (&part{pid: pid, cage: &cage{}}).frozen, patience, time.Millisecond, "moment %d", moment)
		}
		require.NoError(t, e.Resume())
		require.NoError(t, <-began)
		require.NoError(t, e.Close())
	}
}

func TestADaemonThatIsKilledDuringASuspensionLeavesNoProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "workers")
	daemon := exec.Command(os.Args[0], daemonArgument, dir, "suspended")
	daemon.Stderr = os.Stderr
	says, err := daemon.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, daemon.Start())
	line, err := bufio.NewReader(says).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "suspended\n", line)
	pids := childrenOf(t, daemon.Process.Pid, dir)
	require.Len(t, pids, 1)
	require.True(t, (&part{pid: pids[0], cage: &cage{}}).frozen())
	require.NoError(t, daemon.Process.Kill())
	_ = daemon.Wait()
	require.Eventually(t, func() bool { return gone(pids[0]) }, patience, time.Millisecond)
}

// TestATaskThatIsCancelledFreesItsTensors: the tensors of the processor are in the memory of the
// worker process.
func TestATaskThatIsCancelledFreesItsTensors(t *testing.T) {
	const tensorBytes = 256 << 20
	text := fmt.Sprintf(`(module (import "theta_tensor_1" "alloc" (func $alloc (param i32 i64) (result i32)))
		(import "theta_tensor_1" "submit" (func $submit (param i32 i32)))
		(memory (export "memory") 2) (data (i32.const 1024) "%s")
		(func (export "_start") (local $n i32) (drop (call $alloc (i32.const 4) (i64.const %d)))
			(loop $l
				(call $submit (i32.const 1024) (i32.const 1))
				(br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const %%d)))) %%s))`,
		escaped(tensor.Encode(&tensor.Fill{Out: tensor.Operand{Tensor: 1}, Count: tensorBytes / 4, Value: 1})), tensorBytes/4)
	e, task := computing(t, tensors.Profile, fmt.Sprintf(text, 1<<30, ""))
	task.DeviceBytes = tensorBytes
	for _, suspended := range []bool{false, true} {
		require.NoError(t, e.Start(waiting(t), task))
		pids := childrenOf(t, os.Getpid(), e.cfg.Dir)
		require.Len(t, pids, 1)
		require.Eventually(t, func() bool { now, _ := usageOf(pids[0], nil); return now.memory >= tensorBytes }, patience, time.Millisecond)
		if suspended {
			require.NoError(t, e.Suspend())
		}
		require.NoError(t, e.Destroy(task.ID))
		require.True(t, gone(pids[0]))
		require.NoError(t, e.Resume())
	}
	few := taskOf(t, wasmOf(t, fmt.Sprintf(text, 1, "")))
	few.Fuel, few.DeviceBytes = task.Fuel, tensorBytes
	result, err := run(t, e, few)
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonExited, result.Reason, result.Detail)
}

// controlGroups returns the folder in which the kernel has its control groups of version 2.
func controlGroups(t *testing.T) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	own, err := os.ReadFile("/proc/self/cgroup")
	require.NoError(t, err)
	dir, err := groupFolder(string(mounts), string(own))
	if err != nil {
		t.Skip(err)
	}
	return dir
}

func TestAControlGroupIsFrozenWhole(t *testing.T) {
	path := filepath.Join(controlGroups(t), fmt.Sprintf("theta-test-%d", os.Getpid()))
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Skip("this test may not make a control group: ", err)
	}
	folder, err := os.Open(path)
	require.NoError(t, err)
	group := &group{path: path, folder: folder}
	defer func() { require.NoError(t, group.remove()) }()
	// A shell that has started another one: the group holds both.
	command := exec.Command("sh", "-c", "sh -c 'while :; do :; done' & while :; do :; done")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, UseCgroupFD: true, CgroupFD: int(folder.Fd())}
	require.NoError(t, command.Start())
	defer endGroup(command.Process.Pid)
	var pids []int
	require.Eventually(t, func() bool {
		members, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		require.NoError(t, err)
		pids = nil
		for _, member := range strings.Fields(string(members)) {
			pid, err := strconv.Atoi(member)
			require.NoError(t, err)
			pids = append(pids, pid)
		}
		return len(pids) == 2
	}, patience, time.Millisecond)
	both := func() (all []time.Duration) {
		for _, pid := range pids {
			all = append(all, burned(t, pid))
		}
		return all
	}
	p := &process{ended: make(chan struct{}), parts: []*part{{pid: command.Process.Pid, cage: &cage{group: group}}}}
	for range 3 {
		began := both()
		require.Eventually(t, func() bool { now := both(); return now[0] > began[0] && now[1] > began[1] }, patience, time.Millisecond)
		require.NoError(t, p.freeze())
		require.NoError(t, newSuspension(nil).awaitFrozen(p, time.Now().Add(patience)))
		stood := both()
		time.Sleep(2 * tick)
		require.Equal(t, stood, both())
		require.NoError(t, p.thaw())
	}
	require.NoError(t, p.freeze())
	endGroup(command.Process.Pid)
	require.Error(t, command.Wait(), "what is frozen can be killed")
}

// TestAProcessThatCouldNotBeContinuedIsContinuedLater: what stands still while the clocks run would be taken
// for a hang of its program.
func TestAProcessThatCouldNotBeContinuedIsContinuedLater(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, freezeFile)
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "cgroup.events"), []byte("frozen 1\n"), 0o600))
	s := newSuspension(nil)
	s.enter(&process{ended: make(chan struct{}), parts: []*part{{pid: 1 << 30, cage: &cage{group: &group{path: folder}}}}})
	require.NoError(t, s.suspend())
	require.NoError(t, os.Remove(file))
	require.NoError(t, os.Mkdir(file, 0o700))
	require.Error(t, s.resume())
	require.NoError(t, os.Remove(file))
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.NoError(t, s.resume())
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "0", string(content))
}

func TestAGroupThatCannotBeFrozenIsStoppedBySignals(t *testing.T) {
	done, err := (&cage{group: &group{path: t.TempDir()}}).freeze(true)
	require.NoError(t, err)
	require.False(t, done)
}

// TestAProcessThatLosesTheSignalIsToldAgain: a process can lose a stop while it executes another program.
func TestAProcessThatLosesTheSignalIsToldAgain(t *testing.T) {
	start := func() *process {
		command := exec.Command("sleep", "600")
		command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		require.NoError(t, command.Start())
		t.Cleanup(func() {
			endGroup(command.Process.Pid)
			_ = command.Wait()
		})
		// As far as the daemon knows, it was stopped.
		return &process{ended: make(chan struct{}), parts: []*part{{pid: command.Process.Pid, cage: &cage{}, stopped: true}}}
	}
	s := newSuspension(nil)
	p := start()
	require.NoError(t, s.awaitFrozen(p, time.Now().Add(patience)))
	require.True(t, p.parts[0].frozen())
	p = start()
	go s.insist(p)
	require.Eventually(t, p.parts[0].frozen, patience, time.Millisecond)

	p = start()
	p.parts[0].stopped = false
	s.insist(p)
	require.False(t, p.parts[0].frozen(), "it was told to continue")
}
