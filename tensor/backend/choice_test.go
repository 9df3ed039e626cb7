package backend_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor/backend"
	"github.com/thetaedge/theta/tensor/cuda"
	"github.com/thetaedge/theta/tensor/cuda/emulator"
)

const (
	someUUID  = "00112233445566778899aabbccddeeff"
	otherUUID = "ffeeddccbbaa99887766554433221100"
)

func machine() []backend.Device {
	return []backend.Device{
		{Backend: backend.Vulkan, Name: "llvmpipe", Kind: "processor", Index: 0, UUID: someUUID},
		{Backend: backend.Vulkan, Name: "old card", Kind: "discrete", Index: 1, Missing: "shaderInt64"},
		{Backend: backend.Vulkan, Name: "in the processor", Kind: "integrated", Index: 2},
		{Backend: backend.Vulkan, Name: "card", Kind: "discrete", Index: 3, UUID: otherUUID},
		{Backend: backend.Vulkan, Name: "slice", Kind: "virtual", Index: 4},
		{Backend: backend.CUDA, Name: "card in CUDA", Kind: "discrete", Index: 0, UUID: otherUUID},
		{Backend: backend.CUDA, Name: "board", Kind: "integrated", Index: 1},
	}
}

func names(devices []backend.Device) string {
	var list []string
	for _, d := range devices {
		list = append(list, d.Name)
	}
	return strings.Join(list, ", ")
}

func TestAChoiceAllowsTheBestDevicesFirst(t *testing.T) {
	for text, want := range map[string]string{
		"auto":                "card in CUDA, card, board, in the processor",
		"cuda":                "card in CUDA, board",
		"cuda:1":              "board",
		"cuda:" + otherUUID:   "card in CUDA",
		"vulkan":              "card, in the processor, slice",
		"vulkan:0":            "llvmpipe",
		"vulkan:1":            "old card",
		"vulkan:" + otherUUID: "card",
	} {
		choice, err := backend.ParseChoice(text)
		require.NoError(t, err)
		require.Equal(t, text, choice.String())
		require.Equal(t, text == "auto", choice.Auto())
		found, err := choice.Candidates(machine())
		require.NoError(t, err)
		require.Equal(t, want, names(found), text)
	}
	choice, err := backend.ParseChoice("vulkan:00112233-4455-6677-8899-AABBCCDDEEFF")
	require.NoError(t, err)
	require.Equal(t, "vulkan:"+someUUID, choice.String())
}

func TestABackEndOnTheProcessorNeedsNoDriver(t *testing.T) {
	for _, text := range []string{"cpu", "ref"} {
		choice, err := backend.ParseChoice(text)
		require.NoError(t, err)
		d, is := choice.Processor()
		require.True(t, is)
		require.Equal(t, backend.Kind(text), d.Backend)
		device, err := d.Check(1)
		require.NoError(t, err)
		require.NoError(t, device.Close())
	}
	choice, err := backend.ParseChoice("auto")
	require.NoError(t, err)
	_, is := choice.Processor()
	require.False(t, is)
}

func TestAChoiceWithoutADeviceNamesThoseThatWereFound(t *testing.T) {
	for text, found := range map[string][]backend.Device{
		"auto":               machine()[:2],
		"vulkan:9":           machine(),
		"vulkan":             machine()[:1],
		"vulkan:" + someUUID: machine()[1:],
	} {
		choice, err := backend.ParseChoice(text)
		require.NoError(t, err)
		_, err = choice.Candidates(found)
		require.ErrorContains(t, err, text)
		for _, d := range found {
			require.ErrorContains(t, err, d.Name)
		}
		_, err = choice.Candidates(nil)
		require.ErrorContains(t, err, "found none")
	}
}

func TestAnythingElseIsNoChoice(t *testing.T) {
	for _, text := range []string{"", "gpu", "cpu:1", "vulkan:", "vulkan:-1", "vulkan:256", "vulkan:card", "auto:1", "cuda:", "cuda:x", "ref:1"} {
		_, err := backend.ParseChoice(text)
		require.ErrorContains(t, err, "UUID", text)
	}
}

func TestADriverOfCUDAThatDoesNotWorkSaysWhyBesideVulkan(t *testing.T) {
	others, err := backend.List()
	if err != nil || slices.ContainsFunc(others, func(d backend.Device) bool { return d.Backend == backend.CUDA }) {
		t.Skipf("expected a machine with Vulkan and without CUDA, found %v, %v", others, err)
	}
	path, err := emulator.Copy(t.TempDir(), "THETA_EMULATOR_VERSION=10020")
	if errors.Is(err, emulator.ErrNotAvailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Setenv(cuda.LibraryVariable, path)
	found, err := backend.List()
	require.NoError(t, err)
	require.Len(t, found, 1+len(others))
	require.Contains(t, found[0].Missing, "expected CUDA 11.0 or newer, found 10.2")
	choice, err := backend.ParseChoice("cuda")
	require.NoError(t, err)
	_, err = choice.Candidates(found)
	require.ErrorContains(t, err, "found 10.2", "an owner who wants CUDA is told")
}
