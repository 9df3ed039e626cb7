package cmd

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/tensor/backend"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

func machine(gpus ...device.GPU) device.Machine {
	return device.Machine{CPUModel: "processor", Cores: 16, MemoryBytes: 64 << 30, GPUs: gpus}
}

func TestCardsOfAnyVendorGiveAMachineTheClassOfTheirMemory(t *testing.T) {
	nvidia := device.GPU{UUID: "GPU-0A0B0C0D-1111-2222-3333-444455556666", Model: "NVIDIA", MemoryBytes: 8_188 << 20}
	cuda := backend.Device{Backend: backend.CUDA, Name: "NVIDIA by CUDA", Kind: "discrete", UUID: "0a0b0c0d111122223333444455556666", MemoryBytes: 8_188 << 20}
	without := cuda
	without.Missing = "the compute capability 5.0"
	same := backend.Device{Name: "NVIDIA by Vulkan", Kind: "discrete", UUID: "0a0b0c0d111122223333444455556666", MemoryBytes: 8_188 << 20}
	radeon := backend.Device{Name: "Radeon", Kind: "discrete", UUID: "ff", MemoryBytes: 24_560 << 20}
	lavapipe := backend.Device{Name: "llvmpipe", Kind: "processor", UUID: "ee", MemoryBytes: 64 << 30}
	shared := backend.Device{Name: "Iris", Kind: "integrated", UUID: "dd", MemoryBytes: 32 << 30}
	old := backend.Device{Name: "old", Kind: "discrete", UUID: "cc", MemoryBytes: 8 << 30, Missing: "Vulkan 1.1"}
	for _, c := range []struct {
		name    string
		machine device.Machine
		found   []backend.Device
		class   string
		note    string
	}{
		{"one card that two drivers list", machine(nvidia), []backend.Device{same, lavapipe}, "gpu-8g", ""},
		{"one card that three drivers list", machine(nvidia), []backend.Device{cuda, same}, "gpu-8g", ""},
		{"a card that CUDA and Vulkan know", machine(), []backend.Device{cuda, same}, "gpu-8g", ""},
		{"a card that is too old for CUDA", machine(nvidia), []backend.Device{without, same}, "gpu-8g", ""},
		{"a card that is too old for both", machine(nvidia), []backend.Device{without}, "gpu-8g", "its driver lacks the compute capability 5.0"},
		{"a card that only Vulkan knows", machine(), []backend.Device{shared, radeon}, "gpu-24g", ""},
		{"a processor", machine(), []backend.Device{lavapipe}, "cpu-large", ""},
		{"a processor with graphics", machine(), []backend.Device{shared}, "cpu-large", ""},
		{"an old driver", machine(), []backend.Device{old}, "cpu-large", "old cannot run tensor/1: its driver lacks Vulkan 1.1"},
		{"a card without both", machine(nvidia), nil, "gpu-8g", "NVIDIA cannot run tensor/1: neither CUDA nor Vulkan lists it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := withCards(c.machine, c.found, nil)
			class, err := bestClass(hardwareOf(found), edgenodetypes.DefaultParams().Classes)
			require.NoError(t, err)
			require.Equal(t, c.class, class)
			require.Contains(t, strings.Join(found.Missing, "\n"), c.note)
			require.Equal(t, c.note == "", len(found.Missing) == 0, found.Missing)
			require.LessOrEqual(t, len(found.GPUs), 1, "a card counts once")
		})
	}
	broken := withCards(machine(), nil, errors.New("the loader crashed"))
	require.Equal(t, []string{"CUDA and Vulkan: the loader crashed"}, broken.Missing)
}

func TestAnOwnerIsToldWhichTasksOfTheClassTheSettingsRefuse(t *testing.T) {
	class, err := edgenodetypes.DefaultParams().Class("gpu-8g")
	require.NoError(t, err)
	require.Contains(t, classLimit(class, 2<<30), `set max-device = "6553MiB"`)
	require.Empty(t, classLimit(class, class.DeviceBytes))
	require.Empty(t, classLimit(class, 0), "no limit")
	require.Empty(t, classLimit(edgenodetypes.HardwareClass{Id: "cpu-small"}, 1))
}
