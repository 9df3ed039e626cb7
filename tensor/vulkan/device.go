package vulkan

import (
	"errors"
	"fmt"
	"math"
	"time"
	"unsafe"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// What the kernels rest on.
const (
	maxBindings  = plan.Bindings
	pushBytes    = 4 * (plan.Params + plan.Bindings)
	groupThreads = plan.Lanes
	sharedBytes  = 16 << 10
)

// Device is a device of Vulkan. It implements tensor.Device.
type Device struct {
	deviceFunctions
	machine *machine
	facts   *facts
	info    Info
	limits  plan.Limits
	timeout time.Duration
	// settings are those with which the device was opened, and slept is its name while it sleeps.
	settings settings
	slept    string
	// dots is set if kernels use instructions for sums of products.
	dots bool
	// matrices are those with which kernels multiply tiles, if they do.
	matrices matrices
	// narrow is set if kernels compute with pairs of words instead of integers of 64 bits.
	narrow bool

	device    logicalDevice
	queue     queue
	stream    stream
	arena     arena
	pipelines pipelines
	staging   staging
	tables    tables
	sums      sums
	// lost is the error after which nothing works any more.
	lost error
}

// Open opens a device and tests it. It fails with ErrNotAvailable if there is none.
func Open(options ...Option) (*Device, error) {
	s := settings{index: -1, timeout: time.Minute, dots: true, matrices: true, memory: math.MaxUint64}
	for _, option := range options {
		option(&s)
	}
	return openWhatWorks(s, open)
}

// openWhatWorks opens a device, without cooperative matrices if the driver fails with them.
func openWhatWorks(s settings, open func(settings) (*Device, error)) (*Device, error) {
	d, err := open(s)
	if !errors.Is(err, errMatrices) {
		return d, err
	}
	s.matrices = false
	return open(s)
}

func open(s settings) (*Device, error) {
	m, err := openMachine()
	if err != nil {
		return nil, err
	}
	d := &Device{machine: m, settings: s, timeout: s.timeout}
	if err := d.open(s); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Device) open(s settings) error {
	found, err := d.machine.devices()
	if err != nil {
		return err
	}
	all := make([]Info, len(found))
	known := make([]*facts, len(found))
	for i, p := range found {
		if known[i], err = d.machine.facts(p); err != nil {
			return err
		}
		all[i] = known[i].info(i)
	}
	i, err := s.choose(all)
	if err != nil {
		return err
	}
	d.facts, d.info = known[i], all[i]
	if d.info.Missing != "" {
		return fmt.Errorf("%w: expected a device with %s, found %s without", ErrNotAvailable, d.info.Missing, d.info.Name)
	}
	d.limits = limitsOf(&d.facts.properties.limits, s.limits)
	d.narrow = s.narrow || d.facts.features[featureShaderInt64] == 0
	d.dots = s.dots && d.facts.dot
	if s.matrices {
		d.matrices = d.facts.matrices
	}
	if err := d.create(found[i]); err != nil {
		return err
	}
	d.arena.bound = s.memory
	for _, open := range []func() error{d.openStream, d.openPipelines, d.openStaging, d.openTables, d.openSums, d.chooseMatrices, d.chooseDots} {
		if err := open(); err != nil {
			return fmt.Errorf("opening %s: %w", d.info.Name, err)
		}
	}
	return nil
}

// dispatchWork bounds the work of a dispatch, so that it ends within 50 ms on a slow device.
const dispatchWork = 1 << 29

// limitsOf returns the limits of dispatches; those that are wanted count if they are smaller.
func limitsOf(l *limits, want plan.Limits) plan.Limits {
	// Places of words in a binding have 32 bits, and so do their numbers of bytes on some devices.
	found := plan.Limits{Range: min(uint64(l.maxStorageBufferRange), 1<<31), Work: dispatchWork}
	if want.Range != 0 {
		found.Range = min(found.Range, want.Range)
	}
	if want.Work != 0 {
		found.Work = min(found.Work, want.Work)
	}
	for i, n := range l.maxComputeGroupCount {
		found.Groups[i] = uint64(n)
		if want.Groups[i] != 0 {
			found.Groups[i] = min(found.Groups[i], want.Groups[i])
		}
	}
	return found
}

// create makes the logical device with a queue.
func (d *Device) create(p physicalDevice) error {
	family, err := d.machine.computeFamily(p)
	if err != nil {
		return err
	}
	priority := float32(0)
	queues := deviceQueueCreateInfo{sType: typeDeviceQueueCreateInfo, queueFamily: family, queueCount: 1, priorities: &priority}
	var wanted features
	wanted[featureRobustBufferAccess] = 1
	if !d.narrow {
		wanted[featureShaderInt64] = 1
	}
	info := deviceCreateInfo{sType: typeDeviceCreateInfo, queueInfoCount: 1, queueInfos: &queues, features: &wanted}
	var names []*byte
	use := func(extension string, feature unsafe.Pointer) {
		names = append(names, text(extension))
		(*chained)(feature).next, info.next = info.next, feature
	}
	if d.dots {
		use(dotExtension, unsafe.Pointer(&dotProductFeatures{sType: typeDotProductFeatures, supported: 1}))
	}
	if d.matrices.some() {
		useMatrices(use)
	}
	if d.facts.portable {
		names = append(names, text(portableExtension))
	}
	info.extensionCount, info.extensions = uint32(len(names)), unsafe.SliceData(names)
	if err := d.machine.createDevice.call(uintptr(p), uintptr(unsafe.Pointer(&info)), 0, uintptr(unsafe.Pointer(&d.device))).check("making a device"); err != nil {
		return d.matrices.blame(err)
	}
	if err := d.deviceFunctions.resolve(d.machine.getDeviceProcAddr, d.device); err != nil {
		return err
	}
	d.getDeviceQueue.do(uintptr(d.device), uintptr(family), 0, uintptr(unsafe.Pointer(&d.queue)))
	d.stream.family = family
	return nil
}

// computeFamily returns a family of queues that compute, without graphics if there is one.
func (m *machine) computeFamily(p physicalDevice) (uint32, error) {
	var count uint32
	m.getPhysicalDeviceQueueFamilyProperties.do(uintptr(p), uintptr(unsafe.Pointer(&count)), 0)
	families := make([]queueFamilyProperties, max(count, 1))
	m.getPhysicalDeviceQueueFamilyProperties.do(uintptr(p), uintptr(unsafe.Pointer(&count)), uintptr(unsafe.Pointer(&families[0])))
	best := -1
	for i, f := range families[:count] {
		if f.flags&queueCompute == 0 || f.count == 0 {
			continue
		}
		if best < 0 || f.flags&queueGraphics == 0 && families[best].flags&queueGraphics != 0 {
			best = i
		}
	}
	if best < 0 {
		return 0, fmt.Errorf("%w: expected a queue that computes, found none", ErrNotAvailable)
	}
	return uint32(best), nil
}

// Name says what executes. Devices whose kernels multiply with cooperative matrices have other names
// than those without, because what was found out about the ones does not count for the others.
func (d *Device) Name() string {
	if d.matrices.some() {
		return fmt.Sprintf("%s (Vulkan %s, cooperative matrices of %s)", d.info.Name, d.info.API, d.Matrices())
	}
	return fmt.Sprintf("%s (Vulkan %s)", d.info.Name, d.info.API)
}

// Info returns what the device is.
func (d *Device) Info() Info { return d.info }

// DotProducts reports whether kernels use the device's instructions for sums of products.
func (d *Device) DotProducts() bool { return d.dots }

// Matrices returns the rows, columns and depth of the cooperative matrices with which kernels multiply, as
// in "16x16x32"; "" if they do not use them.
func (d *Device) Matrices() string {
	if m := d.matrices; m.some() {
		return fmt.Sprintf("%dx%dx%d", m.rows, m.columns, m.depth)
	}
	return ""
}

// Narrow reports whether kernels compute with pairs of words instead of integers of 64 bits.
func (d *Device) Narrow() bool { return d.narrow }

// Wait returns after all calls have ended, with the checksums since the last Wait.
func (d *Device) Wait() ([]uint64, error) {
	if err := d.drain(); err != nil {
		return nil, err
	}
	found := d.sums.found
	d.sums.found = nil
	return found, nil
}

// fail keeps an error after which nothing works any more.
func (d *Device) fail(err error) error {
	if err != nil && d.lost == nil {
		d.lost = err
	}
	return err
}

// Close ends the device and gives up its tensors. After the loss of a device it leaves what the
// driver may still use to the end of the process.
func (d *Device) Close() error {
	if d.machine == nil {
		d.lost = errClosed
		return nil
	}
	var err error
	if d.device != 0 && d.lost == nil {
		if err = d.finish(); err == nil {
			d.sums.close(d)
			d.tables.close(d)
			d.staging.close(d)
			d.pipelines.close(d)
			d.arena.close(d)
			d.stream.close(d)
			d.destroyDevice.do(uintptr(d.device), 0)
			d.machine.close()
		}
	} else if d.device == 0 {
		d.machine.close()
	}
	d.machine, d.lost = nil, errClosed
	return err
}

var errClosed = fmt.Errorf("%w: it was closed", ErrLost)

var _ tensor.Device = (*Device)(nil)
