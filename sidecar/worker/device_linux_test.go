package worker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bytecodealliance/wasmtime-go/v44"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/backend"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/ref"
)

// deviceLimit bounds the time of one call of the device, in addition to that of its fuel.
const deviceLimit = 2 * time.Second

// openForTests opens the executor of a worker process of the tests: that of scripts, or a real one.
// Tensors for which the settings name no device are on the processor, but guarded like those on a graphics
// card: a call that takes longer than deviceLimit ends the device.
func openForTests(o Opening) (executor.Executor, error) {
	switch {
	case o.Profile == profile:
		return newScripts(), nil
	case o.Profile == tensors.Profile && o.Device.Backend == "":
		return tensors.New(tensors.Config{
			Slots: 1, Known: cpu.New().Name(), KeepBytes: o.KeepBytes, Guard: guard.Config{Limit: deviceLimit},
			Open: func() (tensor.Device, error) { return cpu.New(cpu.WithCores(o.Cores)), nil },
		})
	}
	return profiles.Open(o.Profile, profiles.Config{
		Slots: 1, Cores: o.Cores, KeepBytes: o.KeepBytes, Device: o.Device, Remote: o.Remote, Known: o.Known, Guard: o.Guard,
	})
}

// prober is a device that says how attacks on the machine ended, as its name.
const prober backend.Kind = "prober"

// openDeviceForTests opens a device, one that fails in its way (faults_linux_test.go), or attacks the
// machine from the process of one.
func openDeviceForTests(d backend.Device, cores int, checked bool) (tensor.Device, error) {
	if how, is := strings.CutPrefix(d.UUID, faultPrefix); is {
		return openFaulty(how, d.Matrices, checked)
	}
	if d.Backend != prober {
		return openDevice(d, cores, checked)
	}
	ends := map[string]string{}
	for _, name := range strings.Split(d.Name, ",") {
		ends[name] = attack(name)
	}
	ends["environment"] = strings.Join(os.Environ(), "\n")
	text, err := json.Marshal(ends)
	return probed{ref.NewDevice(), string(text)}, err
}

// probed is the reference with another name.
type probed struct {
	*ref.Device

	name string
}

func (p probed) Name() string { return p.name }

// lavapipe returns the choice of a driver of Vulkan that computes on the processor. Without one the
// test is skipped, or fails if THETA_VULKAN is "require".
func lavapipe(t testing.TB) string {
	t.Helper()
	found, err := backend.List()
	at := slices.IndexFunc(found, func(d backend.Device) bool { return d.Kind == "processor" })
	if at < 0 && os.Getenv("THETA_VULKAN") != "require" {
		t.Skipf("no driver of Vulkan was tested (THETA_VULKAN=require fails here): found %v, %v", found, err)
	}
	require.GreaterOrEqual(t, at, 0, "found %v, %v", found, err)
	return "vulkan:" + found[at].UUID
}

// onDevice returns an executor of tensor/1.
func onDevice(t testing.TB, choice string, limit time.Duration) *Executor {
	t.Helper()
	parsed, err := backend.ParseChoice(choice)
	require.NoError(t, err)
	cfg := config(t)
	cfg.Profile, cfg.MemoryBytes, cfg.StreamBytes = "tensor/1", 2<<30, 1<<16
	cfg.Tensors = &Tensors{Choice: parsed, Bytes: 256 << 20, Limit: limit}
	return open(t, cfg)
}

// multiply is a program that multiplies two matrices of 64 times 64 a number of times, each time the
// first one with the low bytes of the last product, and writes the last product.
func multiply(t testing.TB, times int) string {
	t.Helper()
	at := func(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }
	records := tensor.Encode(
		&tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: 64, N: 64, K: 64},
		&tensor.Cast{X: at(3), Out: at(1), Count: 64 * 64},
	)
	data := func(at int, bytes []byte) string {
		var text strings.Builder
		for _, b := range bytes {
			fmt.Fprintf(&text, `\%02x`, b)
		}
		return `(data (i32.const ` + strconv.Itoa(at) + `) "` + text.String() + `")`
	}
	content := make([]byte, 64*64)
	for i := range content {
		content[i] = byte(i*i + i/64)
	}
	binary, err := wasmtime.Wat2Wasm(`(module
		(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
		(import "theta_tensor_1" "alloc" (func $alloc (param i32 i64) (result i32)))
		(import "theta_tensor_1" "write" (func $write (param i32 i64 i32 i32)))
		(import "theta_tensor_1" "read" (func $read (param i32 i64 i32 i32)))
		(import "theta_tensor_1" "submit" (func $submit (param i32 i32)))
		(memory (export "memory") 2)` + data(1024, records) + data(4096, content) + `
		(func (export "_start") (local $i i32)
			(drop (call $alloc (i32.const 2) (i64.const 4096)))
			(drop (call $alloc (i32.const 2) (i64.const 4096)))
			(drop (call $alloc (i32.const 4) (i64.const 4096)))
			(call $write (i32.const 1) (i64.const 0) (i32.const 4096) (i32.const 4096))
			(call $write (i32.const 2) (i64.const 0) (i32.const 4096) (i32.const 4096))
			(loop $l
				(call $submit (i32.const 1024) (i32.const 2))
				(call $read (i32.const 3) (i64.const 0) (i32.const 16384) (i32.const 16384))
				(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ` + strconv.Itoa(times) + `))))
			(i32.store (i32.const 0) (i32.const 16384))
			(i32.store (i32.const 4) (i32.const 16384))
			(if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))))`)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "program.wasm")
	require.NoError(t, os.WriteFile(path, binary, 0o600))
	return path
}

func tensorTask(t testing.TB, program string) executor.Task {
	t.Helper()
	task := taskOf(t, program)
	task.Fuel, task.DeviceBytes, task.TraceKeys = 1<<40, 1<<20, []executor.Trace{{1}, {2}}
	return task
}

const endless = 1 << 30

func TestATaskOnADeviceHasTheResultOfTheProcessor(t *testing.T) {
	vulkan := lavapipe(t)
	program := multiply(t, 20)
	var first executor.Result
	var stdout []byte
	for _, choice := range []string{"ref", "cpu", vulkan} {
		e := onDevice(t, choice, 0)
		f := e.Fingerprint(waiting(t))
		require.Equal(t, executor.Healthy, f.Health, f.Detail)
		for range 2 { // in one process
			task := tensorTask(t, program)
			result, err := run(t, e, task)
			require.NoError(t, err)
			require.Equal(t, manifest.ReasonExited, result.Reason, result.Detail)
			text, err := os.ReadFile(filepath.Join(task.OutputDir, "stdout"))
			require.NoError(t, err)
			if first.Profile == "" {
				first, stdout = result, text
				require.Len(t, stdout, 1<<14)
				require.NotEqual(t, make([]byte, len(stdout)), stdout)
			}
			require.True(t, bytes.Equal(stdout, text), choice)
			require.Equal(t, first.Manifest(), result.Manifest(), choice)
			require.Equal(t, first.FuelUsed, result.FuelUsed, choice)
			require.Equal(t, first.Traces, result.Traces, choice)
		}
		d, err := e.Device(waiting(t))
		require.NoError(t, err)
		require.Empty(t, d.Fallback)
		if choice != vulkan {
			require.Equal(t, backend.Kind(choice), d.Backend)
			require.Empty(t, devicesOf(t, e))
			continue
		}
		require.Len(t, devicesOf(t, e), 1, "one process for both tasks")
		require.Contains(t, f.Engine, d.Name)
		require.Equal(t, "processor", d.Kind)
		require.NotZero(t, d.MemoryBytes)
		for _, layer := range d.Layers {
			if kernelLacks(layer.Name) == "" {
				require.Empty(t, layer.Missing, layer.Name)
			}
		}
		require.Len(t, d.Layers, len(Layers()))
	}
}

// devicesOf returns the processes with devices of an executor.
func devicesOf(t *testing.T, e *Executor) []int {
	t.Helper()
	return slices.DeleteFunc(childrenOf(t, os.Getpid(), e.cfg.Dir), func(pid int) bool {
		line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		return err != nil || !strings.HasPrefix(string(line), roleDevice.process()+"\x00")
	})
}

// idleDevicesAreGone reports whether the daemon knows that the devices of its idle workers have ended.
func idleDevicesAreGone(l *pool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !slices.ContainsFunc(l.idle, func(p *process) bool { return !p.device.gone() })
}

func TestADriverOnTheProcessorIsNotChosenByItself(t *testing.T) {
	lavapipe(t)
	found, err := backend.List()
	require.NoError(t, err)
	if slices.ContainsFunc(found, func(d backend.Device) bool { return d.Kind != "processor" }) {
		t.Skip("this machine has a graphics card, which is chosen")
	}
	e := onDevice(t, "auto", 0)
	d, err := e.Device(waiting(t))
	require.NoError(t, err)
	require.Equal(t, backend.CPU, d.Backend)
	require.Contains(t, d.Fallback, found[0].Name)
	require.Contains(t, e.Fingerprint(waiting(t)).Detail, d.Fallback)
	_, err = run(t, e, tensorTask(t, multiply(t, 2)))
	require.NoError(t, err)

	for _, choice := range []string{"vulkan", "vulkan:77"} {
		e = onDevice(t, choice, 0)
		f := e.Fingerprint(waiting(t))
		require.Equal(t, executor.Unhealthy, f.Health, "only auto falls back")
		require.Contains(t, f.Detail, found[0].Name)
		require.ErrorIs(t, e.Start(waiting(t), tensorTask(t, multiply(t, 2))), executor.ErrUnavailable)
	}
}

// probe attacks the machine from the process of a device.
func probe(t *testing.T, e *Executor, names ...string) map[string]string {
	t.Helper()
	device := backend.Device{Backend: prober, Name: strings.Join(names, ",")}
	a, err := e.pool.devices.open(waiting(t), device, true)
	require.NoError(t, err)
	defer func() {
		a.release()
		require.NoError(t, a.proc.retire())
	}()
	for _, layer := range complete(a.proc.hello.Layers) {
		require.Empty(t, layer.Missing, layer.Name)
	}
	ends := map[string]string{}
	require.NoError(t, json.Unmarshal([]byte(a.proc.hello.Engine), &ends))
	return ends
}

func TestADriverReachesNothingOfTheMachineButDevices(t *testing.T) {
	for _, name := range Layers() {
		if why := kernelLacks(name); why != "" {
			t.Skipf("layer %s: %s", name, why)
		}
	}
	t.Setenv("THETAEDGE_SECRET", "of the daemon")
	e := onDevice(t, "cpu", 0)
	for want, names := range map[string][]string{
		"EPERM": {
			"socket", "unix socket", "packet socket", "netlink", "ptrace", "process memory", "kill the daemon", "kill all", "signal another",
			"io_uring", "userfaultfd", "perf", "bpf", "keyctl", "add_key", "mount", "unshare", "setns", "chroot", "shared memory", "message queue",
			"module", "another's limit", "new privileges", "filter", "link", "hard link", "device node", "named pipe", "mode",
			"fork", "vfork", "namespaces", "exec", "execveat",
		},
		"EACCES": {"passwords", "root folder", "daemon's memory", "other workers", "write elsewhere", "write beside", "write an input"},
		"ENOSYS": {"clone3"},
		"ENOTTY": {"ioctl"},
		"EMFILE": {"descriptors"},
		"ENOMEM": {"much memory"},
	} {
		ends := probe(t, e, names...)
		for _, name := range names {
			require.Equal(t, want, ends[name], name)
		}
		require.NotContains(t, ends["environment"], "THETAEDGE")
		require.Contains(t, ends["environment"], "VK_LOADER_LAYERS_DISABLE=~implicit~")
	}
}

func TestALayerThatIsDemandedIsDemandedOfDriversToo(t *testing.T) {
	e := onDevice(t, "cpu", 0)
	e.cfg.Layers = []string{LayerFiles}
	e.pool.devices.leaveOut([]string{LayerFiles})
	_, err := e.pool.devices.open(waiting(t), backend.Device{Backend: prober, Name: "socket"}, true)
	require.ErrorContains(t, err, "demands layers")
	require.ErrorContains(t, err, "files")
}

// BenchmarkTasksOnADevice reports what a task with one product costs in a warm process, by what executes
// tensors.
//
//	go test -run '^$' -bench TasksOnADevice -benchtime 200x ./sidecar/worker
func BenchmarkTasksOnADevice(b *testing.B) {
	program := multiply(b, 1)
	for _, choice := range []string{"cpu", "ref", "ref in a process", lavapipe(b)} {
		b.Run(choice, func(b *testing.B) {
			processor, inProcess := strings.CutSuffix(choice, " in a process")
			e := onDevice(b, processor, 0)
			if inProcess {
				e.pool.devices.settle(Device{Device: backend.Device{Backend: backend.Vulkan, UUID: faultPrefix + "none"}}, true)
			}
			_, err := run(b, e, tensorTask(b, program))
			require.NoError(b, err)
			for b.Loop() {
				_, err := run(b, e, tensorTask(b, program))
				require.NoError(b, err)
			}
		})
	}
}
