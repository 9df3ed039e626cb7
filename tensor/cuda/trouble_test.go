package cuda

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cuda/emulator"
	"github.com/thetaedge/theta/tensor/cuda/kernel"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// emulate changes the emulated card for a test.
func emulate(t *testing.T, variable, value string) {
	t.Helper()
	err := emulator.Set("THETA_EMULATOR_"+variable, value)
	if errors.Is(err, emulator.ErrNotAvailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, emulator.Set("THETA_EMULATOR_"+variable, "")) })
}

// openTested opens the emulated card, which tests its instructions for sums of products.
func openTested(t *testing.T, options ...Option) *Device {
	t.Helper()
	err := emulator.Load()
	if errors.Is(err, emulator.ErrNotAvailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	d, err := Open(options...)
	require.NoError(t, err)
	return d
}

// openHere opens the emulated card without such instructions, which takes no time.
func openHere(t *testing.T) *Device {
	t.Helper()
	return openTested(t, WithTensorCores(kernel.Plain), WithoutDotProducts())
}

// failing returns a function of a driver that gives a result and does nothing.
func failing(r result) function {
	return function(purego.NewCallback(func() uintptr { return uintptr(uint32(r)) }))
}

// requireLost requires that nothing works any more, and that nothing hangs.
func requireLost(t *testing.T, d *Device, b tensor.Buffer, want error) {
	t.Helper()
	_, err := d.Wait()
	require.ErrorIs(t, err, want)
	_, err = d.New(tensor.Shape{Type: tensor.S8, Count: 1})
	require.ErrorIs(t, err, want)
	require.ErrorIs(t, d.Submit(nil), want)
	require.ErrorIs(t, b.Read(0, make([]byte, 4)), want)
	require.ErrorIs(t, b.Write(0, make([]byte, 4)), want)
	require.ErrorIs(t, b.Free(), want)
}

// Parameters lie as the structure of kernel/device.h does in C.
func TestParametersLieAsInC(t *testing.T) {
	require.Equal(t, uintptr(224), unsafe.Sizeof(parameters{}))
	require.Equal(t, uintptr(128), unsafe.Offsetof(parameters{}.places))
	require.Equal(t, uintptr(192), unsafe.Offsetof(parameters{}.counts))
	code, err := kernel.Code("clamp")
	require.NoError(t, err)
	require.Contains(t, string(code), "_param_0[224]")
}

// An error that a kernel leaves behind, whatever it is, ends the use of the card.
func TestAKernelThatFailsLosesTheCard(t *testing.T) {
	for _, r := range []result{
		eccUncorrectable, illegalAddress, launchTimeout, contextDestroyed, hardwareStack, illegalInstruction, misalignedAddress,
		launchFailed, unknown,
	} {
		d := openHere(t)
		b, err := d.New(tensor.Shape{Type: tensor.S8, Count: 8})
		require.NoError(t, err)
		_, err = d.Wait()
		require.NoError(t, err)
		emulate(t, "FAIL", fmt.Sprintf("clamp=%d", r))
		_, err = tensortest.Large(tensor.CodeClamp).Run(d)
		require.ErrorIs(t, err, ErrLost)
		require.ErrorContains(t, err, r.String())
		requireLost(t, d, b, ErrLost)
		require.NoError(t, d.Close())
		require.NoError(t, d.Close())
		emulate(t, "FAIL", "")
	}
}

func TestAKernelThatNeverEndsLosesTheCardInTime(t *testing.T) {
	d := openHere(t)
	b, err := d.New(tensor.Shape{Type: tensor.S8, Count: 8})
	require.NoError(t, err)
	_, err = d.Wait()
	require.NoError(t, err)
	emulate(t, "HANG", "topk")
	d.timeout = 20 * time.Millisecond
	_, err = tensortest.Large(tensor.CodeTopK).Run(d)
	require.ErrorIs(t, err, ErrLost)
	require.ErrorContains(t, err, "CUDA_ERROR_NOT_READY after at most 20ms")
	requireLost(t, d, b, ErrLost)
	require.NoError(t, d.Close())
}

// A driver that ends a batch without its last command.
func TestACardThatLeavesNoMarkIsLost(t *testing.T) {
	d := openHere(t)
	b, err := d.New(tensor.Shape{Type: tensor.S8, Count: 8})
	require.NoError(t, err)
	require.NoError(t, d.Submit(nil))
	for i := range d.stream.slots {
		if at := &d.stream.slots[i]; at.sequence != 0 {
			at.sequence++
		}
	}
	_, err = d.Wait()
	require.ErrorIs(t, err, ErrLost)
	require.ErrorContains(t, err, "expected the mark")
	requireLost(t, d, b, ErrLost)
	require.NoError(t, d.Close())
}

// A driver that fails in mid-run: whatever it says at whatever call, the run ends with an error.
func TestEachFailureOfTheDriverIsAnError(t *testing.T) {
	lost, memory := failing(illegalAddress), failing(outOfMemory)
	first, other := tensortest.Large(tensor.CodeClamp), tensortest.Draw(tensortest.NewSource(1), tensor.CodeSoftmax)
	for name, c := range map[string]struct {
		place func(d *Device) *function
		as    function
		want  error
	}{
		"lost at the start of a kernel":  {func(d *Device) *function { return &d.launchKernel }, lost, ErrLost},
		"no memory for a kernel":         {func(d *Device) *function { return &d.launchKernel }, memory, ErrMemory},
		"no memory for the code":         {func(d *Device) *function { return &d.moduleLoadDataEx }, memory, ErrMemory},
		"lost while it compiles":         {func(d *Device) *function { return &d.moduleLoadDataEx }, lost, ErrLost},
		"lost at a search for a kernel":  {func(d *Device) *function { return &d.moduleGetFunction }, lost, ErrLost},
		"lost at the end of a batch":     {func(d *Device) *function { return &d.eventRecord }, lost, ErrLost},
		"lost while it computes":         {func(d *Device) *function { return &d.eventQuery }, lost, ErrLost},
		"lost when memory is set":        {func(d *Device) *function { return &d.memsetD32Async }, lost, ErrLost},
		"lost when memory is written":    {func(d *Device) *function { return &d.memcpyHtoDAsync }, lost, ErrLost},
		"lost when memory is read":       {func(d *Device) *function { return &d.memcpyDtoHAsync }, lost, ErrLost},
		"lost when memory is taken":      {func(d *Device) *function { return &d.memAlloc }, lost, ErrLost},
		"lost when a thread turns to it": {func(d *Device) *function { return &d.ctxSetCurrent }, lost, ErrLost},
	} {
		t.Run(name, func(t *testing.T) {
			d := openHere(t)
			call, err := first.Prepare(d)
			require.NoError(t, err)
			require.NoError(t, d.Submit([]tensor.Call{call}))
			_, err = d.Wait()
			require.NoError(t, err)
			sound := *c.place(d)
			*c.place(d) = c.as
			_, err = other.Run(d)
			require.ErrorIs(t, err, c.want)
			*c.place(d) = sound
			if errors.Is(c.want, ErrLost) {
				require.Error(t, d.lost)
			}
			if d.lost != nil {
				requireLost(t, d, call.Buffers[0], c.want)
			}
			require.NoError(t, d.Close())
		})
	}
}

// Memory that something else takes in mid-run is trouble of the machine until it is back, and takes
// nothing from the tensors that there are.
func TestMemoryThatIsTakenInMidRunIsTroubleUntilItIsBack(t *testing.T) {
	const size = 16 << 20
	d := openHere(t)
	s := tensor.NewSession(d, 1<<40)
	kept, err := s.Alloc(tensor.Shape{Type: tensor.S8, Count: size})
	require.NoError(t, err)
	content := bytes.Repeat([]byte("theta"), size/5+1)[:size]
	require.NoError(t, s.Write(kept, 0, content))
	sound := d.memAlloc
	d.memAlloc = failing(outOfMemory)
	_, err = d.New(tensor.Shape{Type: tensor.S8, Count: size})
	require.ErrorIs(t, err, ErrMemory)
	require.NotErrorIs(t, err, tensor.ErrOutOfMemory)
	d.memAlloc = sound
	b, err := d.New(tensor.Shape{Type: tensor.S8, Count: size})
	require.NoError(t, err)
	require.NoError(t, b.Free())
	got := make([]byte, len(content))
	require.NoError(t, s.Read(kept, 0, got))
	require.True(t, bytes.Equal(content, got))
	require.NoError(t, s.Close())
	require.NoError(t, d.Close())
}

// Memory of freed tensors is given back before the card is said to be full.
func TestFreedTensorsMakeRoom(t *testing.T) {
	emulate(t, "MEMORY", "134217728")
	d := openHere(t)
	for range 20 {
		b, err := d.New(tensor.Shape{Type: tensor.S8, Count: 48 << 20})
		require.NoError(t, err)
		require.NoError(t, b.Free())
		require.ErrorContains(t, b.Free(), "freed")
	}
	require.Zero(t, d.memory.used)
	_, err := d.New(tensor.Shape{Type: tensor.S8, Count: 1 << 30})
	require.ErrorIs(t, err, ErrMemory)
	require.NoError(t, d.Close())
}

func TestACardUsesTheInstructionsThatItHas(t *testing.T) {
	for capability, want := range map[string]string{
		"50": "", "60": "", "61": "dp4a", "70": "dp4a", "75": "tensor cores of 8x8x16, dp4a", "86": "tensor cores of 16x8x32, dp4a",
		"120": "tensor cores of 16x8x32, dp4a",
	} {
		emulate(t, "CAPABILITY", capability)
		d := openTested(t)
		require.Equal(t, want, d.Instructions(), capability)
		require.NoError(t, d.Test(7<<40, 1))
		require.NoError(t, d.Close())
	}
}

func TestInstructionsThatGiveWrongBitsAreNotUsed(t *testing.T) {
	for wrong, want := range map[string]string{
		"gemm_mma80": "tensor cores of 8x8x16, dp4a",
		"conv_mma80": "tensor cores of 8x8x16, dp4a",
		"gemv_dot":   "tensor cores of 16x8x32",
		"scores_dot": "tensor cores of 16x8x32",
	} {
		emulate(t, "WRONG", wrong)
		d := openTested(t)
		require.Equal(t, want, d.Instructions(), wrong)
		require.NoError(t, d.Test(8<<40, 1))
		require.NoError(t, d.Close())
	}
}

func TestADriverThatFailsWithTensorCoresIsUsedWithoutThem(t *testing.T) {
	emulate(t, "REJECT", "conv_mma80")
	d := openTested(t)
	require.Equal(t, kernel.Tensor75, d.TensorCores())
	require.NoError(t, d.Close())

	var tried []int
	_, err := openWhatWorks(settings{tensor: []kernel.Variant{kernel.Tensor80, kernel.Tensor75}}, func(s settings) (*Device, error) {
		tried = append(tried, len(s.tensor))
		return nil, fmt.Errorf("%w: %w", errTensor, ErrMemory)
	})
	require.ErrorIs(t, err, ErrMemory)
	require.Equal(t, []int{2, 1, 0}, tried)
	_, err = openWhatWorks(settings{tensor: []kernel.Variant{kernel.Tensor80}}, func(settings) (*Device, error) { return nil, ErrLost })
	require.Equal(t, ErrLost, err, "what does not come from tensor cores is not tried again")
}

func TestWhatTheCompilerOfTheDriverSaysIsTold(t *testing.T) {
	emulate(t, "REJECT", "clamp")
	d := openHere(t)
	_, err := tensortest.Large(tensor.CodeClamp).Run(d)
	require.ErrorContains(t, err, "compiling the kernel clamp")
	require.ErrorContains(t, err, "rejected by the emulator")
	require.NotErrorIs(t, err, ErrLost)
	require.NoError(t, d.Close())
}

func TestDriversThatCannotBeUsedSayWhatToDo(t *testing.T) {
	require.NoError(t, openHere(t).Close())
	for _, c := range [][3]string{
		{"VERSION", "10020", "expected CUDA 11.0 or newer, found 10.2; update the driver"},
		{"DEVICES", "0", "CUDA_ERROR_NO_DEVICE"},
		{"CAPABILITY", "35", "expected a card with the compute capability 5.0"},
	} {
		emulate(t, c[0], c[1])
		_, err := Open()
		require.ErrorIs(t, err, ErrNotAvailable)
		require.ErrorContains(t, err, c[2])
		require.NoError(t, emulator.Set("THETA_EMULATOR_"+c[0], ""))
	}
	for _, missing := range (&functions{}).named() {
		err := (&functions{}).resolve(func(name string) uintptr {
			for _, known := range missing.names {
				if name == known {
					return 0
				}
			}
			return 1
		})
		require.ErrorIs(t, err, ErrNotAvailable)
		require.ErrorContains(t, err, missing.names[0])
	}
}

func TestOlderNamesOfFunctionsAreFound(t *testing.T) {
	f := &functions{}
	require.NoError(t, f.resolve(func(name string) uintptr {
		if name == "cuDeviceGetUuid_v2" {
			return 0
		}
		return uintptr(len(name))
	}))
	require.Equal(t, function(len("cuDeviceGetUuid")), f.deviceGetUUID)
}

func TestTheVersionOfTheDriverIsThatOfItsLibrary(t *testing.T) {
	for maps, want := range map[string]string{
		"": "",
		"7f r-xp /usr/lib/libc.so.6\n7f r-xp 0 08:01 1 /usr/lib/x86_64-linux-gnu/libcuda.so.550.54.14\n": "550.54.14",
		"7f r-xp 0 /usr/lib/wsl/drivers/nvdm.inf_amd64_12ab/libcuda.so.1.1\n":                            "/usr/lib/wsl/drivers/nvdm.inf_amd64_12ab/libcuda.so.1.1",
	} {
		require.Equal(t, want, releaseOf(maps))
	}
}

func TestWrongTensorsAndRangesAreRefused(t *testing.T) {
	d, other := openHere(t), openHere(t)
	shape := tensor.Shape{Type: tensor.S32, Count: 4}
	own, err := d.New(shape)
	require.NoError(t, err)
	foreign, err := other.New(shape)
	require.NoError(t, err)
	op := &tensor.Clamp{X: tensor.Operand{Tensor: 1}, Out: tensor.Operand{Tensor: 2}, Count: 4}
	require.ErrorContains(t, d.Submit([]tensor.Call{{Op: op, Buffers: []tensor.Buffer{foreign, own}}}), "another device")
	op.Count = 1000 // Validate would have refused it
	require.ErrorContains(t, d.Submit([]tensor.Call{{Op: op, Buffers: []tensor.Buffer{own, own}}}), "expected operand 0 within")
	require.ErrorContains(t, own.Read(8, make([]byte, 12)), "expected bytes within a tensor of 16")
	require.ErrorContains(t, own.Write(20, nil), "expected bytes within a tensor of 16")
	_, err = d.Wait()
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.NoError(t, other.Close())
	requireLost(t, d, own, ErrLost)
}

// Two programs on one card, each with its own context, at the same time.
func TestTwoProgramsAtOnceGiveTheBitsOfTheReference(t *testing.T) {
	var wait sync.WaitGroup
	for i := range uint64(2) {
		d := openHere(t)
		t.Cleanup(func() { require.NoError(t, d.Close()) })
		wait.Go(func() {
			if err := tensortest.Compare(d, (11+i)<<40, 2); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

// An operation that does not fit is executed on the host.
func TestHostExecutesWhatCannotBeDivided(t *testing.T) {
	d := openHere(t)
	d.limits.Range = 600
	for _, code := range []tensor.Code{tensor.CodeGemm, tensor.CodeSum} {
		c := tensortest.Large(code)
		c.Keys = [][32]byte{{7}}
		right, err := d.right([]tensortest.Case{c})
		require.NoError(t, err)
		require.True(t, right, code)
	}
	require.NoError(t, d.Close())
}
