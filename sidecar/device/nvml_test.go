//go:build linux && cgo

package device

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock/dgxa100"
	"github.com/stretchr/testify/require"
)

func TestServerOfEightGraphicsProcessors(t *testing.T) {
	server := dgxa100.New()
	gpus, err := openNVML(server)
	require.NoError(t, err)
	list, err := gpus.List()
	require.NoError(t, err)
	require.Len(t, list, 8)
	for i, gpu := range list {
		device, ok := server.Devices[i].(*dgxa100.Device)
		require.True(t, ok)
		require.Equal(t, GPU{
			Index: i, UUID: device.UUID, Model: "Mock NVIDIA A100-SXM4-40GB", MemoryBytes: 40 << 30,
			Capability: "8.0", Driver: "550.54.15",
		}, gpu)
	}
	require.EqualValues(t, 40<<30, Machine{GPUs: list}.LeastGPUMemory())
	require.NoError(t, gpus.Close())
}

func TestBrokenProcessorIsLeftOut(t *testing.T) {
	server := dgxa100.New()
	lost, ok := server.Devices[2].(*dgxa100.Device)
	require.True(t, ok)
	lost.GetMemoryInfoFunc = func() (nvml.Memory, nvml.Return) { return nvml.Memory{}, nvml.ERROR_GPU_IS_LOST }
	gpus, err := openNVML(server)
	require.NoError(t, err)
	list, err := gpus.List()
	require.ErrorContains(t, err, "graphics processor 2")
	require.Len(t, list, 7)
}

func TestEnergyCounterIsReadWhereThereIsOne(t *testing.T) {
	server := dgxa100.New()
	device, ok := server.Devices[0].(*dgxa100.Device)
	require.True(t, ok)
	device.GetTotalEnergyConsumptionFunc = func() (uint64, nvml.Return) { return 4321, nvml.SUCCESS }
	gpus, err := openNVML(server)
	require.NoError(t, err)
	got, err := gpus.Energy(device.UUID)
	require.NoError(t, err)
	require.EqualValues(t, 4321, got)

	_, err = gpus.Energy("GPU-unheard-of")
	require.ErrorIs(t, err, ErrNotMeasured)
	device.GetTotalEnergyConsumptionFunc = func() (uint64, nvml.Return) { return 0, nvml.ERROR_NOT_SUPPORTED }
	_, err = gpus.Energy(device.UUID)
	require.ErrorIs(t, err, ErrNotMeasured)

	device.GetTotalEnergyConsumptionFunc = func() (uint64, nvml.Return) {
		t.Fatal("a symbol that is missing must not be called")
		return 0, nvml.ERROR_UNKNOWN
	}
	server.LookupSymbolFunc = func(string) error { return errors.New("no such symbol") }
	_, err = gpus.Energy(device.UUID)
	require.ErrorIs(t, err, ErrNotMeasured)
	require.ErrorContains(t, err, "too old")
}

func TestMissingDriverIsNoErrorAndABrokenOneIs(t *testing.T) {
	for ret, broken := range map[nvml.Return]bool{
		nvml.ERROR_LIBRARY_NOT_FOUND: false, nvml.ERROR_DRIVER_NOT_LOADED: false,
		nvml.ERROR_LIB_RM_VERSION_MISMATCH: true, nvml.ERROR_NO_PERMISSION: true,
	} {
		server := dgxa100.New()
		server.InitFunc = func() nvml.Return { return ret }
		gpus, err := openNVML(server)
		require.Equal(t, broken, err != nil, "%d", ret)
		list, err := gpus.List()
		require.NoError(t, err)
		require.Empty(t, list)
		require.NoError(t, gpus.Close())
	}
}

func TestMachineWithoutTheLibraryHasNoGraphics(t *testing.T) {
	gpus, err := OpenGPUs(filepath.Join(t.TempDir(), "libnvidia-ml.so.1"))
	require.NoError(t, err)
	require.Equal(t, NoGPUs{}, gpus)
}

// TestLibraryIsLoadedFromDisk uses the real path, with dlopen and C calls, and a library that
// the test compiles.
func TestLibraryIsLoadedFromDisk(t *testing.T) {
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("needs gcc to compile a stand-in for the NVIDIA library:", err)
	}
	library := filepath.Join(t.TempDir(), "libnvidia-ml.so.1")
	out, err := exec.Command(compiler, "-shared", "-fPIC", "-o", library, filepath.Join("testdata", "nvml_stub.c")).CombinedOutput()
	require.NoError(t, err, "%s", out)

	gpus, err := OpenGPUs(library)
	require.NoError(t, err)
	list, err := gpus.List()
	require.NoError(t, err)
	require.Equal(t, []GPU{{
		Index: 0, UUID: "GPU-5707ab1e", Model: "Stub RTX", MemoryBytes: 24 << 30, Capability: "8.9", Driver: "580.1",
	}}, list)

	before, err := gpus.Energy(list[0].UUID)
	require.NoError(t, err)
	after, err := gpus.Energy(list[0].UUID)
	require.NoError(t, err)
	require.EqualValues(t, 1500, after-before, "the stub adds 1.5 J a reading")
	_, err = gpus.Energy("GPU-other")
	require.ErrorIs(t, err, ErrNotMeasured)

	// The stub is an old library: most functions are missing, and calling one would end the process.
	old := nvmlDriver{gpus.(*nvmlGPUs)} //nolint:forcetypeassert // as above
	cards, err := JoinDrivers(old).Cards()
	require.NoError(t, err)
	require.Len(t, cards, 1)
	require.EqualValues(t, 24<<30, measured(t, cards[0].State.MemoryTotal))
	require.Positive(t, measured(t, cards[0].State.Energy))
	require.Contains(t, cards[0].State.Temperature.Reason(), "too old")
	require.Contains(t, cards[0].State.ProcessesMissing, "too old")
	require.ErrorContains(t, old.Listen(t.Context(), nil), "too old")
	micro, err := old.Energy(list[0].UUID)
	require.NoError(t, err)
	require.Zero(t, micro%1000)
	_, err = old.Energy("amdgpu-0000:03:00.0")
	require.ErrorIs(t, err, errNotMine)
	require.NoError(t, gpus.Close())
}
