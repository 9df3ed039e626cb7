package tensors_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/ref"
)

// weighed is a device that counts the memory of its tensors and what is written to them, and that can
// change a bit of all of them.
type weighed struct {
	tensor.Device

	live, most, written uint64
	tensors             map[*weighedBuffer]bool
}

func newWeighed(d tensor.Device) *weighed {
	return &weighed{Device: d, tensors: map[*weighedBuffer]bool{}}
}

func (w *weighed) New(s tensor.Shape) (tensor.Buffer, error) {
	inner, err := w.Device.New(s)
	b := &weighedBuffer{inner, w}
	w.tensors[b] = true
	w.live += tensor.Memory(s)
	w.most = max(w.most, w.live)
	return b, err
}

func (w *weighed) Submit(calls []tensor.Call) error {
	for _, call := range calls {
		for i, b := range call.Buffers {
			if b != nil {
				call.Buffers[i] = b.(*weighedBuffer).Buffer
			}
		}
	}
	return w.Device.Submit(calls)
}

// flip changes the first bit of all tensors.
func (w *weighed) flip() {
	for b := range w.tensors {
		var first [1]byte
		_ = b.Buffer.Read(0, first[:])
		first[0] ^= 1
		_ = b.Buffer.Write(0, first[:])
	}
}

type weighedBuffer struct {
	tensor.Buffer

	device *weighed
}

func (b *weighedBuffer) Write(offset uint64, p []byte) error {
	b.device.written += uint64(len(p))
	return b.Buffer.Write(offset, p)
}

func (b *weighedBuffer) Free() error {
	delete(b.device.tensors, b)
	b.device.live -= tensor.Memory(b.Shape())
	return b.Buffer.Free()
}

// machine is an executor on one device, which runs one task after the other.
type machine struct {
	executor.Executor

	device *weighed
	opened int
}

func newMachine(t testing.TB, keep uint64, open func() tensor.Device) *machine {
	t.Helper()
	m := &machine{}
	e, err := tensors.New(tensors.Config{Slots: 1, Unguarded: true, KeepBytes: keep, Open: func() (tensor.Device, error) {
		m.opened++
		m.device = newWeighed(open())
		return m.device, nil
	}})
	require.NoError(t, err)
	m.Executor = e
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return m
}

func reference() tensor.Device { return ref.NewDevice() }

// end is everything that a task leaves.
type end struct {
	result  executor.Result
	outputs map[string]string
}

func (m *machine) run(task executor.Task) (end, error) {
	if err := m.Start(context.Background(), task); err != nil {
		return end{}, err
	}
	result, err := m.Wait(context.Background(), task.ID)
	if err != nil {
		return end{}, m.failed(task, err)
	}
	left := end{result: result, outputs: map[string]string{}}
	left.result.WallTime = 0
	for _, f := range result.Outputs {
		content, err := os.ReadFile(filepath.Join(task.OutputDir, f.Path))
		if err != nil {
			return left, err
		}
		left.outputs[f.Path] = string(content)
	}
	return left, m.failed(task, nil)
}

// failed removes a task, and returns the error.
func (m *machine) failed(task executor.Task, err error) error {
	if destroyed := m.Destroy(task.ID); destroyed != nil {
		return destroyed
	}
	if removed := os.RemoveAll(task.OutputDir); removed != nil {
		return removed
	}
	return err
}

// input writes an input whose digest is known.
func input(t testing.TB, name string, content []byte) executor.Input {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return executor.Input{Name: name, Path: path, Digest: sha256.Sum256(content)}
}

// multiplies loads 16 weights from /in/w, multiplies them with themselves, and writes the product.
func multiplies(t *testing.T) executor.Task {
	t.Helper()
	tk := task(t, wat(t, records(gemm())+`(data (i32.const 64) "w")`, pair+`
		(if (call $load (call $open (i32.const 64) (i32.const 1)) (i64.const 2) (i32.const 1) (i64.const 0) (i64.const 16)) (then unreachable))
		(call $submit (i32.const 1024) (i32.const 1))
		(call $read (i32.const 2) (i64.const 0) (i32.const 2048) (i32.const 16)) (call $put (i32.const 2048) (i32.const 16))`))
	tk.Inputs = []executor.Input{input(t, "w", []byte("??0123456789abcdef"))}
	tk.TraceKeys = []executor.Trace{{1}}
	return tk
}

func TestWeightsAreLoadedOnceForTheTasksOfADevice(t *testing.T) {
	tk := multiplies(t)
	cold, err := newMachine(t, 0, reference).run(tk)
	require.NoError(t, err)
	m := newMachine(t, 1<<20, reference)
	for range 3 {
		warm, err := m.run(tk)
		require.NoError(t, err)
		require.Equal(t, cold, warm)
		require.EqualValues(t, 16, m.device.written)
		require.EqualValues(t, tensor.PageBytes, m.device.live, "the weights stay, and nothing else")
	}
	other := tk
	other.Inputs = []executor.Input{input(t, "w", []byte("??fedcba9876543210"))}
	changed, err := m.run(other)
	require.NoError(t, err)
	require.NotEqual(t, cold.outputs, changed.outputs, "another file is another one, whatever its name is")
	// A digest counts, and not a path.
	require.NoError(t, os.WriteFile(tk.Inputs[0].Path, []byte("what is not loaded"), 0o600))
	warm, err := m.run(tk)
	require.NoError(t, err)
	require.Equal(t, cold, warm)
}

func TestAFileWhoseDigestIsNotKnownIsLoadedByEachTask(t *testing.T) {
	tk := multiplies(t)
	tk.Inputs[0].Digest = [32]byte{}
	m := newMachine(t, 1<<20, reference)
	for n := range uint64(2) {
		_, err := m.run(tk)
		require.NoError(t, err)
		require.Equal(t, 16*(n+1), m.device.written)
		require.Zero(t, m.device.live)
	}
}

func TestWeightsThatHaveChangedAreTroubleOfTheMachine(t *testing.T) {
	tk := multiplies(t)
	m := newMachine(t, 1<<20, reference)
	cold, err := m.run(tk)
	require.NoError(t, err)
	m.device.flip()
	_, err = m.run(tk)
	require.ErrorIs(t, err, executor.ErrDevice)
	require.ErrorIs(t, err, guard.ErrDoubt)
	require.Equal(t, 2, m.opened, "the device is closed, and another one opened")
	again, err := m.run(tk)
	require.NoError(t, err)
	require.Equal(t, cold, again)
}

// calls draws the body of a program, which makes calls on few tensors: many are loaded from the same
// parts of two files, and operations write to some of these. records gets those of its submissions.
func calls(t *rapid.T, records *[]byte) string {
	const count = 64 // elements of s8 of each tensor of the first kind; of s32, a quarter
	var body strings.Builder
	kinds := map[int]tensor.Type{} // of handles
	pick := func(kind tensor.Type) (int, bool) {
		var list []int
		for h := range 9 {
			if kinds[h] == kind {
				list = append(list, h)
			}
		}
		if len(list) == 0 {
			return 0, false
		}
		return rapid.SampledFrom(list).Draw(t, "handle"), true
	}
	either := func() (int, bool) {
		return pick(rapid.SampledFrom([]tensor.Type{tensor.S8, tensor.S32}).Draw(t, "kind"))
	}
	submit := func(op tensor.Op) {
		record := tensor.Encode(op)
		fmt.Fprintf(&body, "(call $submit (i32.const %d) (i32.const 1))\n", 65_536+len(*records))
		*records = append(*records, record...)
	}
	at := func(h int) tensor.Operand { return tensor.Operand{Tensor: tensor.Handle(h)} }
	for range rapid.IntRange(4, 40).Draw(t, "calls") {
		switch rapid.IntRange(0, 11).Draw(t, "call") {
		case 0, 1:
			kind := rapid.SampledFrom([]tensor.Type{tensor.S8, tensor.S32}).Draw(t, "kind")
			h := 1
			for kinds[h] != 0 {
				h++
			}
			if h > 8 {
				continue
			}
			kinds[h] = kind
			fmt.Fprintf(&body, "(drop (call $alloc (i32.const %d) (i64.const %d)))\n", kind, uint64(count)*8/kind.Bits())
		case 2:
			if h, found := either(); found {
				delete(kinds, h)
				fmt.Fprintf(&body, "(call $free (i32.const %d))\n", h)
			}
		case 3, 4, 5, 6:
			if h, found := either(); found {
				offset, length := 0, count
				if rapid.IntRange(0, 4).Draw(t, "part") == 0 {
					offset, length = 4*rapid.IntRange(0, 8).Draw(t, "offset"), 4*rapid.IntRange(0, 8).Draw(t, "length")
				}
				fmt.Fprintf(&body, "(drop (call $load (local.get $%s) (i64.const %d) (i32.const %d) (i64.const %d) (i64.const %d)))\n",
					rapid.SampledFrom([]string{"a", "b"}).Draw(t, "file"), 4*rapid.IntRange(0, 3).Draw(t, "position"), h, offset, length)
			}
		case 7:
			if h, found := either(); found {
				fmt.Fprintf(&body, "(call $write (i32.const %d) (i64.const %d) (i32.const 512) (i32.const %d))\n", h, 4*rapid.IntRange(0, 8).Draw(t, "offset"), 4*rapid.IntRange(0, 8).Draw(t, "length"))
			}
		case 8:
			if h, found := either(); found {
				fmt.Fprintf(&body, "(call $read (i32.const %d) (i64.const 0) (i32.const 1024) (i32.const %d)) (call $put (i32.const 1024) (i32.const %[2]d))\n", h, count)
			}
		case 9:
			a, found := pick(tensor.S8)
			out, too := pick(tensor.S32)
			if found && too {
				submit(&tensor.Gemm{A: at(a), W: at(a), Out: at(out), Batch: 1, M: 4, N: 4, K: 16})
			}
		case 10:
			a, found := either()
			if found {
				out, _ := pick(kinds[a])
				if out != a {
					submit(&tensor.Copy{From: at(a), To: at(out), Size: [tensor.Dims]uint32{1, 1, 1, 1, 16}, FromStride: [tensor.Dims]uint32{4: 1}})
				}
			}
		case 11:
			if a, found := pick(tensor.S32); found {
				out, _ := pick(tensor.S32)
				submit(&tensor.Binary{A: at(a), B: at(a), Out: at(out), Rows: 1, Cols: 16, Kind: tensor.Plus})
			}
		}
	}
	return body.String()
}

// TestKeptWeightsChangeNothing compares all that programs leave, on devices that keep weights within
// much and little room and on one that keeps none. Each program runs twice there.
func TestKeptWeightsChangeNothing(t *testing.T) {
	const device = 6 * tensor.PageBytes
	a, b := input(t, "a", []byte(strings.Repeat("the first file; ", 8))), input(t, "b", []byte(strings.Repeat("a second one .. ", 8)))
	without := newMachine(t, 0, reference)
	limits := []uint64{tensor.PageBytes, 3 * tensor.PageBytes, device, 1 << 20}
	var machines []*machine
	for i, limit := range limits {
		open := reference
		if i%2 == 1 {
			open = func() tensor.Device { return cpu.New(cpu.WithCores(2)) }
		}
		machines = append(machines, newMachine(t, limit, open))
	}
	rapid.Check(t, func(r *rapid.T) {
		var records []byte
		body := `(local $a i32) (local $b i32)
			(local.set $a (call $open (i32.const 64) (i32.const 1))) (local.set $b (call $open (i32.const 65) (i32.const 1)))` + calls(r, &records)
		tk := task(t, wat(t, bytesAt(65_536, records)+`(data (i32.const 64) "ab") (data (i32.const 512) "what the program itself writes..")`, body))
		tk.Inputs, tk.TraceKeys, tk.DeviceBytes = []executor.Input{a, b}, []executor.Trace{{1}, {2}}, device
		tk.Fuel = rapid.SampledFrom([]uint64{100_000_000, 100_000_000, 500_000}).Draw(r, "fuel")
		want, err := without.run(tk)
		require.NoError(t, err)
		for i, m := range machines {
			for range 2 {
				m.device.most = m.device.live
				got, err := m.run(tk)
				require.NoError(t, err)
				require.Equal(t, want, got)
				require.LessOrEqual(t, m.device.most, max(limits[i], device))
				require.LessOrEqual(t, m.device.live, limits[i])
			}
		}
	})
}
