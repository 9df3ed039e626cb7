package cmd

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/worker"
	"github.com/thetaedge/theta/tensor/backend"
)

func TestANodeOffersNoMoreMemoryForTensorsThanItHas(t *testing.T) {
	const gib = 1 << 30
	processor := backend.Device{Backend: backend.CPU}
	card := backend.Device{Backend: backend.Vulkan, Kind: "discrete", MemoryBytes: 100 * gib}
	inside := backend.Device{Backend: backend.Vulkan, Kind: "integrated", MemoryBytes: 100 * gib}
	for name, c := range map[string]struct {
		owner, host uint64
		device      backend.Device
		jobs        int
		want        uint64
	}{
		"what the owner allows":             {2 * gib, 100 * gib, processor, 4, 2 * gib},
		"a share of the machine":            {0, 100 * gib, processor, 1, 75 * gib},
		"for each program":                  {50 * gib, 100 * gib, processor, 3, 25 * gib},
		"a share of the card":               {0, 8 * gib, card, 1, 90 * gib},
		"of the card for each program":      {0, 8 * gib, card, 2, 45 * gib},
		"less than the card has":            {6 * gib, 8 * gib, card, 2, 6 * gib},
		"memory that is the machine's":      {0, 8 * gib, inside, 1, 8 * gib / 100 * 75},
		"a machine that does not say":       {0, 0, processor, 1, uint64(config.Default().Policy.MaxDevice)},
		"an owner who counts beyond a TiB":  {1 << 60, 1 << 62, processor, 1, tensors.MaxDeviceBytes},
		"a machine that does not say, less": {gib, 0, processor, 8, gib},
	} {
		require.Equal(t, c.want, offered(c.owner, c.host, c.device, c.jobs), name)
	}
}

func TestTheDeclaredMemoryForTensorsIsThatOfTheDevice(t *testing.T) {
	n := &node{home: t.TempDir(), config: besideOthers()}
	n.config.Policy.MaxDevice = 0
	policy, err := policyOf(n)
	require.NoError(t, err)
	require.Equal(t, offered(0, detect().MemoryBytes, backend.Device{}, 1), policy.Limits().DeviceBytes, "until it is known what executes tensors")
	require.Less(t, policy.Limits().DeviceBytes, uint64(tensors.MaxDeviceBytes))
	n.offer(backend.Device{Backend: backend.Vulkan, Kind: "discrete", MemoryBytes: 100 << 20})
	policy, err = policyOf(n)
	require.NoError(t, err)
	require.EqualValues(t, 90<<20, policy.Limits().DeviceBytes)
}

func TestDoctorNamesTheDeviceForTensorsAndWhatElseThereIs(t *testing.T) {
	card := backend.Device{Backend: backend.Vulkan, Name: "Card", Kind: "discrete", UUID: "00ff", Driver: "1.2.3", API: "1.3.0", MemoryBytes: 8 << 30}
	shown := func(d worker.Device) string {
		var out bytes.Buffer
		checkDevice(&report{out: &out}, &node{config: besideOthers()}, d)
		return out.String()
	}
	text := shown(worker.Device{
		Device: card, Engine: "Card (Vulkan 1.3.0)", Found: []backend.Device{card},
		Layers: []worker.Layer{{Name: worker.LayerCalls, By: "seccomp"}, {Name: worker.LayerFiles, Missing: "no Landlock"}},
	})
	require.Contains(t, text, "vulkan:0   Card, discrete, 8.0 GiB, driver 1.2.3, Vulkan 1.3.0 (vulkan:00ff)")
	require.Contains(t, text, "published vectors")
	require.Contains(t, text, "2.0 GiB for a program")
	require.Contains(t, text, "calls: seccomp")
	require.Regexp(t, `(?m)^warn +driver +files: no Landlock`, text)
	require.Regexp(t, `(?m)^warn +tensors +the processor.*no graphics card is used: wrong numbers`,
		shown(worker.Device{Device: backend.Device{Backend: backend.CPU}, Fallback: "wrong numbers", Found: []backend.Device{card}}))
	require.Regexp(t, `(?m)^ok +tensors +the processor.*no driver`, shown(worker.Device{Device: backend.Device{Backend: backend.CPU}, Fallback: "no driver"}))
}

func TestTheSelfTestRunsOnTheDeviceOfTheSettings(t *testing.T) {
	found, err := backend.List()
	at := slices.IndexFunc(found, func(d backend.Device) bool { return d.Kind == "processor" })
	if at < 0 && os.Getenv("THETA_VULKAN") != "require" {
		t.Skipf("no driver of Vulkan was tested (THETA_VULKAN=require fails here): found %v, %v", found, err)
	}
	require.GreaterOrEqual(t, at, 0, "found %v, %v", found, err)
	for setting, kind := range map[string]backend.Kind{"vulkan:" + found[at].UUID: backend.Vulkan, "ref": backend.Reference, "cpu": backend.CPU} {
		n := &node{home: t.TempDir(), config: besideOthers()}
		n.config.Tensors.Device = setting
		trial, err := tryWorkers(t.Context(), n, tensors.Profile)
		require.NoError(t, err, setting)
		require.Equal(t, kind, trial.device.Backend)
		require.NotZero(t, n.tensorBytes)
	}
	n := &node{home: t.TempDir(), config: besideOthers()}
	n.config.Tensors.Device = "vulkan:77"
	_, err = tryWorkers(t.Context(), n, tensors.Profile)
	require.ErrorContains(t, err, found[at].Name)
	healthy, err := healthyProfiles(t.Context(), n)
	require.NoError(t, err)
	require.NotContains(t, healthy, tensors.Profile, "a profile without its device is not registered")
}
