package device

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/windows"
)

// dll is nvml.dll, which NVIDIA's driver for Windows installs among the libraries of the system. Its
// functions are called without cgo.
type dll struct {
	library *windows.LazyDLL
}

// Return codes of NVML (nvml.h).
const (
	nvmlSuccess         = 0
	nvmlNotSupported    = 3
	nvmlNotFound        = 6
	nvmlDriverNotLoaded = 9
	nvmlGPUIsLost       = 15
	nvmlResetRequired   = 16
)

// errTooOld means that the library does not have a function.
var errTooOld = errors.New("the NVIDIA driver is too old to report it; update it")

// nvmlCode is a return code that is not success.
type nvmlCode uint32

func (c nvmlCode) Error() string {
	switch c {
	case nvmlNotSupported:
		return "the NVIDIA driver answers: Not Supported"
	case nvmlNotFound:
		return "the NVIDIA driver answers: Not Found"
	case nvmlGPUIsLost:
		return "the NVIDIA driver answers: GPU is lost"
	case nvmlResetRequired:
		return "the NVIDIA driver answers: GPU requires reset"
	}
	return fmt.Sprintf("the NVIDIA driver answers: code %d", uint32(c))
}

// OpenGPUs loads nvml.dll, by its usual name if library is empty. A machine without it has no GPUs,
// which is not an error.
func OpenGPUs(library string) (GPUs, error) {
	d, err := openDLL(library)
	if d == nil {
		return NoGPUs{}, err
	}
	return dllGPUs{d}, nil
}

// OpenNVML loads nvml.dll like OpenGPUs.
func OpenNVML(library string) (Driver, error) {
	d, err := openDLL(library)
	if d == nil {
		return NoCards{}, err
	}
	return dllDriver{d, map[string]uint64{}}, nil
}

// openDLL returns nil without an error if there is no driver.
func openDLL(library string) (*dll, error) {
	d := &dll{windows.NewLazySystemDLL("nvml.dll")}
	if library != "" {
		d.library = windows.NewLazyDLL(library)
	}
	if d.library.Load() != nil {
		return nil, nil
	}
	err := d.do("nvmlInit_v2")
	if errors.Is(err, nvmlCode(nvmlDriverNotLoaded)) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the NVIDIA driver is installed and does not start: %w; after a driver update, restart the machine", err)
	}
	return d, nil
}

// function returns a function of the library. purego keeps what its arguments point to in place
// during the call.
func function[F any](d *dll, name string) (call F, err error) {
	proc := d.library.NewProc(name)
	if proc.Find() != nil {
		return call, errTooOld
	}
	purego.RegisterFunc(&call, proc.Addr())
	return call, nil
}

// check returns the error of a return code.
func check(code uint32) error {
	if code == nvmlSuccess {
		return nil
	}
	return nvmlCode(code)
}

// do calls a function without arguments.
func (d *dll) do(name string) error {
	call, err := function[func() uint32](d, name)
	if err != nil {
		return err
	}
	return check(call())
}

// read calls a function that writes a value about a card.
func read[T any](d *dll, name string, handle uintptr) (value T, err error) {
	call, err := function[func(uintptr, *T) uint32](d, name)
	if err != nil {
		return value, err
	}
	err = check(call(handle, &value))
	return value, err
}

// readOf calls a function that writes one of several values about a card.
func readOf(d *dll, name string, handle uintptr, which uint32) (value uint32, err error) {
	call, err := function[func(uintptr, uint32, *uint32) uint32](d, name)
	if err != nil {
		return value, err
	}
	err = check(call(handle, which, &value))
	return value, err
}

// textSize is the longest text of the library: the name of a card or a UUID.
const textSize = 96

// text returns what was written into a buffer up to its first NUL.
func text(buffer *[textSize]byte) string {
	raw, _, _ := bytes.Cut(buffer[:], []byte{0})
	return string(raw)
}

// textOf calls a function that writes a text about a card.
func (d *dll) textOf(name string, handle uintptr) (string, error) {
	call, err := function[func(uintptr, *byte, uint32) uint32](d, name)
	if err != nil {
		return "", err
	}
	var buffer [textSize]byte
	err = check(call(handle, &buffer[0], textSize))
	return text(&buffer), err
}

// driver returns the version of the driver, or "".
func (d *dll) driver() string {
	call, err := function[func(*byte, uint32) uint32](d, "nvmlSystemGetDriverVersion")
	if err != nil {
		return ""
	}
	var buffer [textSize]byte
	if check(call(&buffer[0], textSize)) != nil {
		return ""
	}
	return text(&buffer)
}

// capability returns the CUDA capability of a card, or "".
func (d *dll) capability(handle uintptr) string {
	call, err := function[func(uintptr, *int32, *int32) uint32](d, "nvmlDeviceGetCudaComputeCapability")
	if err != nil {
		return ""
	}
	var major, minor int32
	if check(call(handle, &major, &minor)) != nil {
		return ""
	}
	return fmt.Sprintf("%d.%d", major, minor)
}

// handles returns the cards.
func (d *dll) handles() ([]uintptr, error) {
	counter, err := function[func(*uint32) uint32](d, "nvmlDeviceGetCount_v2")
	if err != nil {
		return nil, err
	}
	open, err := function[func(uint32, *uintptr) uint32](d, "nvmlDeviceGetHandleByIndex_v2")
	if err != nil {
		return nil, err
	}
	var count uint32
	if err := check(counter(&count)); err != nil {
		return nil, fmt.Errorf("cannot count the graphics processors: %w", err)
	}
	var list []uintptr
	var failed error
	for i := range min(count, maxCards) {
		var handle uintptr
		if err := check(open(i, &handle)); err != nil {
			failed = fmt.Errorf("graphics processor %d cannot be opened: %w; it is left out", i, err)
			continue
		}
		list = append(list, handle)
	}
	return list, failed
}

// describe says what a card is.
func (d *dll) describe(index int, handle uintptr) (GPU, error) {
	gpu := GPU{Index: index, Model: Unknown, Driver: d.driver(), Capability: d.capability(handle)}
	uuid, err := d.textOf("nvmlDeviceGetUUID", handle)
	if err != nil {
		return gpu, fmt.Errorf("has no UUID: %w", err)
	}
	gpu.UUID = uuid
	if name, err := d.textOf("nvmlDeviceGetName", handle); err == nil {
		gpu.Model = name
	}
	memory, err := read[dllMemory](d, "nvmlDeviceGetMemoryInfo", handle)
	if err != nil {
		return gpu, fmt.Errorf("does not tell its memory: %w", err)
	}
	gpu.MemoryBytes = memory.Total
	return gpu, nil
}

// dllMemory is nvmlMemory_t.
type dllMemory struct{ Total, Free, Used uint64 }

// Close shuts the library down.
func (d *dll) Close() error {
	if err := d.do("nvmlShutdown"); err != nil {
		return fmt.Errorf("cannot shut the NVIDIA library down: %w", err)
	}
	return nil
}

// energy returns the counter of a card in millijoules.
func (d *dll) energy(id string) (uint64, error) {
	handles, err := d.handles()
	for _, handle := range handles {
		if uuid, err := d.textOf("nvmlDeviceGetUUID", handle); err != nil || uuid != id {
			continue
		}
		value, err := read[uint64](d, "nvmlDeviceGetTotalEnergyConsumption", handle)
		if err != nil {
			return 0, fmt.Errorf("%w: graphics processor %s: %w", ErrNotMeasured, id, err)
		}
		return value, nil
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNotMeasured, err)
	}
	return 0, errNotMine
}

// dllGPUs is nvml.dll as GPUs.
type dllGPUs struct{ *dll }

// List implements GPUs.
func (g dllGPUs) List() ([]GPU, error) {
	handles, failed := g.handles()
	var list []GPU
	for i, handle := range handles {
		gpu, err := g.describe(i, handle)
		if err != nil {
			failed = fmt.Errorf("graphics processor %d: %w; it is left out", i, err)
			continue
		}
		list = append(list, gpu)
	}
	return list, failed
}

// Energy implements GPUs.
func (g dllGPUs) Energy(id string) (uint64, error) { return g.energy(id) }

// dllDriver is nvml.dll as a Driver.
type dllDriver struct {
	*dll
	// seen is the time, by the driver's clock in µs, up to which the use of a card was read.
	seen map[string]uint64
}

// Energy implements Driver.
func (d dllDriver) Energy(id string) (uint64, error) {
	millijoules, err := d.energy(id)
	if err != nil {
		return 0, err
	}
	return microjoules(millijoules)
}

// Cards implements Driver.
func (d dllDriver) Cards() ([]Card, error) {
	handles, failed := d.handles()
	var cards []Card
	for i, handle := range handles {
		gpu, err := d.describe(i, handle)
		if gpu.UUID == "" {
			failed = fmt.Errorf("graphics processor %d: %w; it is left out", i, err)
			continue
		}
		card := Card{GPU: gpu, Vendor: "nvidia", Source: "nvml", Kind: "discrete", Vulkan: plainUUID(gpu.UUID)}
		if err != nil {
			card.State = lostState(err.Error())
		} else {
			card.State = d.state(handle)
		}
		cards = append(cards, card)
	}
	return cards, failed
}

// Constants of nvml.h.
const (
	temperatureGPU    = 0
	thresholdSlowdown = 1
	clockSM           = 1
	clockMemory       = 2
	errorsCorrected   = 0
	errorsUncorrected = 1
	eccVolatile       = 0
)

// dllUse is nvmlUtilization_t.
type dllUse struct{ GPU, Memory uint32 }

// state reads what the library reports about a card.
func (d *dll) state(handle uintptr) State {
	s := NoState("the driver does not report it")
	s.ProcessesMissing = "processes are not listed on Windows"
	memory, err := read[dllMemory](d, "nvmlDeviceGetMemoryInfo", handle)
	s.MemoryTotal, s.MemoryUsed = readingOf(memory.Total, err), readingOf(memory.Used, err)
	use, err := read[dllUse](d, "nvmlDeviceGetUtilizationRates", handle)
	s.Busy = readingOf(use.GPU, err)
	s.Temperature = readingOf(readOf(d, "nvmlDeviceGetTemperature", handle, temperatureGPU)).scaled(1000, 1)
	s.Slowdown = readingOf(readOf(d, "nvmlDeviceGetTemperatureThreshold", handle, thresholdSlowdown)).scaled(1000, 1)
	s.Power = readingOf(read[uint32](d, "nvmlDeviceGetPowerUsage", handle))
	s.PowerCap = readingOf(read[uint32](d, "nvmlDeviceGetEnforcedPowerLimit", handle))
	s.PowerLimits = d.powerLimits(handle)
	s.Energy = readingOf(read[uint64](d, "nvmlDeviceGetTotalEnergyConsumption", handle))
	s.Clock = readingOf(readOf(d, "nvmlDeviceGetClockInfo", handle, clockSM))
	s.MemoryClock = readingOf(readOf(d, "nvmlDeviceGetClockInfo", handle, clockMemory))
	s.FanPercent = readingOf(read[uint32](d, "nvmlDeviceGetFanSpeed", handle))
	s.Corrected, s.Uncorrected = d.ecc(handle, errorsCorrected), d.ecc(handle, errorsUncorrected)
	return s
}

// powerLimits reads the limits to which the power of a card can be set.
func (d *dll) powerLimits(handle uintptr) PowerLimits {
	l := PowerLimits{Default: readingOf(read[uint32](d, "nvmlDeviceGetPowerManagementDefaultLimit", handle))}
	call, err := function[func(uintptr, *uint32, *uint32) uint32](d, "nvmlDeviceGetPowerManagementLimitConstraints")
	var least, most uint32
	if err == nil {
		err = check(call(handle, &least, &most))
	}
	l.Least, l.Most = readingOf(least, err), readingOf(most, err)
	return l
}

// ecc returns the number of errors of the memory of a card.
func (d *dll) ecc(handle uintptr, kind uint32) Reading {
	call, err := function[func(uintptr, uint32, uint32, *uint64) uint32](d, "nvmlDeviceGetTotalEccErrors")
	if err != nil {
		return NotMeasured(err.Error())
	}
	var value uint64
	err = check(call(handle, kind, eccVolatile, &value))
	return readingOf(value, err)
}
