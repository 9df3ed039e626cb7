package cmd

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/tensor/backend"
)

func TestHardwareNeedsNoHome(t *testing.T) {
	out, err := run(t, "hardware", "--home", t.TempDir(), "--json")
	require.NoError(t, err)
	var found map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &found))
	for _, field := range []string{"format", "version", "machine", "class", "cards", "vulkan", "energy", "missing", "node"} {
		require.Contains(t, found, field)
		require.NotNil(t, found[field], field)
	}
	require.EqualValues(t, hardwareFormat, found["format"])
	require.Equal(t, false, found["node"])

	out, err = run(t, "hardware", "--home", t.TempDir())
	require.NoError(t, err)
	require.Contains(t, out, "processor")
	require.Contains(t, out, "energy")
}

// aMachine is a report of a machine with a card.
func aMachine() *hardwareReport {
	s := device.NoState("the driver does not report it")
	s.Temperature, s.Slowdown, s.MemoryUsed, s.MemoryTotal = device.Measured(64_000), device.Measured(110_000), device.Measured(1<<30), device.Measured(24<<30)
	card := device.Card{GPU: device.GPU{UUID: "amdgpu-0000:03:00.0", Model: "Radeon\x1b[2J"}, Vendor: "amd", Source: "amdgpu", PCI: "0000:03:00.0", Vulkan: "0a", State: s}
	card.State.PowerCap = device.Measured(300_000)
	card.State.PowerLimits = device.PowerLimits{Least: device.Measured(150_000), Default: device.Measured(300_000), Most: device.Measured(330_000), File: "/sys/power1_cap"}
	return &hardwareReport{
		Format: hardwareFormat, Machine: machine(device.GPU{UUID: "0A", Model: "Radeon"}, device.GPU{UUID: "ff", Model: "Other", MemoryBytes: 8 << 30}),
		Cards: []device.CardHealth{{Card: card}}, Vulkan: []backend.Device{{Backend: backend.Vulkan, Name: "Radeon", Kind: "discrete", UUID: "0a", API: "1.3.0"}},
		CUDA:    []backend.Device{{Backend: backend.CUDA, Name: "GeForce", Kind: "discrete", UUID: "0e", API: "12.4", Driver: "550.54"}},
		Energy:  []counterReport{{device.CounterState{ID: "intel-rapl:0", Code: "rapl", Name: "processor package-0"}, device.Measured(12_300)}},
		Missing: []string{"something"},
	}
}

func TestTheTableShowsEachValueOrTheReasonWhyNot(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, aMachine().print(&out))
	for _, text := range []string{
		"64 °C, slows down at 110 °C", "1.0 GiB of 24.0 GiB", "not measured: the driver does not report it", "nothing speaks against it",
		"Other, 8.0 GiB; CUDA and Vulkan alone report it", "power now 12.3 W", "something",
		"GeForce, discrete, driver 550.54, CUDA 12.4 (cuda:0e)", "Vulkan 1.3.0 (vulkan:0a)",
		"at 225 W a card usually keeps most of its speed and uses less electricity: echo 225000000 | sudo tee /sys/power1_cap",
	} {
		require.Contains(t, out.String(), text)
	}
	require.NotContains(t, out.String(), "\x1b", "a driver cannot write to the terminal")
	require.Equal(t, 1, strings.Count(out.String(), "Vulkan alone report"), "the driver reports the first card")
}

func TestANodeAddsWhatItHasSeen(t *testing.T) {
	r := aMachine()
	idle := int64(9_000)
	r.merge(&sidecarv1.StatusResponse{
		Cards: []*sidecarv1.CardStatus{
			{Id: "amdgpu-0000:03:00.0", Model: "Radeon", Ailment: "too hot", Cure: "clean it"},
			{Id: "GPU-gone", Model: "Gone", Source: "nvml", Ailment: "the card is gone", Cure: "check its seat"},
		},
		EnergyCounters: []*sidecarv1.EnergyCounter{{Code: "rapl", Name: "processor package-0", IdleMilliwatts: &idle, Runs: 2}},
	})
	require.True(t, r.Node)
	require.Equal(t, "too hot", r.Cards[0].Ailment.Why)
	require.Len(t, r.Cards, 2)
	var out bytes.Buffer
	require.NoError(t, r.print(&out))
	require.Contains(t, out.String(), "UNHEALTHY: too hot; clean it")
	require.Contains(t, out.String(), "UNHEALTHY: the card is gone; check its seat")
	require.Contains(t, out.String(), "idle draw 9.0 W")
}

func TestAProgramIsMeasuredOnTheDevicesOnWhichItRuns(t *testing.T) {
	card := device.Card{GPU: device.GPU{UUID: "GPU-0a", Model: "Card"}, Source: "nvml", Kind: "discrete", Vulkan: "0a", State: device.NoState("")}
	card.State.Energy = device.Measured(1)
	inside := device.Card{GPU: device.GPU{UUID: "i915-0000:00:02.0", Model: "Inside"}, Source: "i915", Kind: "integrated", Vulkan: "0b", State: device.NoState("part of the processor")}
	mute := device.Card{GPU: device.GPU{UUID: "GPU-0c", Model: "Mute"}, Source: "nvml", Kind: "discrete", Vulkan: "0c", State: device.NoState("too old")}
	driver := fixedDriver{card, inside, mute}
	c := newCards(nil)
	c.watch = device.NewWatch(device.WatchConfig{Open: func() (device.Driver, error) { return driver, nil }, Looked: func() {}})
	c.packages, c.noPackages = []string{"intel-rapl:0"}, ""
	c.watch.Look(t.Context())
	c.count()
	for name, want := range map[string]struct {
		chosen  backend.Device
		ids     []string
		missing string
	}{
		"the processor":   {backend.Device{Backend: backend.CPU}, []string{"intel-rapl:0"}, ""},
		"lavapipe":        {backend.Device{Backend: backend.Vulkan, Kind: "processor", UUID: "0a"}, []string{"intel-rapl:0"}, ""},
		"a card":          {backend.Device{Backend: backend.Vulkan, Kind: "discrete", UUID: "0A"}, []string{"intel-rapl:0", "GPU-0a"}, ""},
		"by CUDA":         {backend.Device{Backend: backend.CUDA, Kind: "discrete", UUID: "0A"}, []string{"intel-rapl:0", "GPU-0a"}, ""},
		"in a processor":  {backend.Device{Backend: backend.Vulkan, Kind: "integrated", UUID: "0b"}, []string{"intel-rapl:0"}, ""},
		"without counter": {backend.Device{Backend: backend.Vulkan, Kind: "discrete", UUID: "0c", Name: "Mute"}, []string{"intel-rapl:0"}, "Mute: too old"},
		"not reported":    {backend.Device{Backend: backend.Vulkan, Kind: "discrete", UUID: "0d", Name: "Else"}, []string{"intel-rapl:0"}, "Else: its energy is not counted"},
	} {
		c.uses(func() (backend.Device, bool) { return want.chosen, true })
		ids, missing := c.onDevice()
		require.Equal(t, want.ids, ids, name)
		require.Contains(t, strings.Join(missing, "; "), want.missing, name)
		require.Equal(t, want.missing == "", len(missing) == 0, name)
	}
	require.NoError(t, c.health(backend.Device{UUID: "0a"}))
	require.NoError(t, c.health(backend.Device{UUID: "unheard of"}))
	require.NoError(t, (*cards)(nil).health(backend.Device{UUID: "0a"}))
	driver[0].State.Uncorrected = device.Measured(3)
	c.watch.Look(t.Context())
	require.ErrorContains(t, c.health(backend.Device{UUID: "0a"}), "could not be corrected")
	require.NoError(t, c.health(backend.Device{UUID: "0b"}))
}

// fixedDriver is a driver with these cards.
type fixedDriver []device.Card

func (f fixedDriver) Cards() ([]device.Card, error) { return f, nil }

func (f fixedDriver) Energy(string) (uint64, error) { return 0, device.ErrNotMeasured }

func (f fixedDriver) Close() error { return nil }

func TestStatusShowsTheHealthOfCards(t *testing.T) {
	var out bytes.Buffer
	hot := int64(64_000)
	require.NoError(t, printStatus(&out, &sidecarv1.StatusResponse{Cards: []*sidecarv1.CardStatus{
		{Model: "Well", Healthy: true, TemperatureMillicelsius: &hot}, {Model: "Ill", Ailment: "XID 79\nor so", Cure: "restart"},
	}}))
	require.Contains(t, out.String(), "Well, 64 °C, nothing speaks against it")
	require.Contains(t, out.String(), "Ill, UNHEALTHY: XID 79 or so; restart")
}
