package cuda

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cuda/kernel"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// Device is a card of NVIDIA. It implements tensor.Device.
type Device struct {
	*driver
	info    Info
	limits  plan.Limits
	timeout time.Duration
	// settings are those with which the card was opened, and slept is its name while it sleeps.
	settings settings
	slept    string
	// dots is set if kernels use dp4a, and tensor are the tensor cores that they use.
	dots   bool
	tensor kernel.Variant

	context uintptr
	stream  stream
	memory  memory
	kernels kernels
	staging staging
	tables  tables
	sums    sums
	// lost is the error after which nothing works any more.
	lost error
}

// Open opens a card and tests it. It fails with ErrNotAvailable if there is none.
func Open(options ...Option) (*Device, error) {
	s := settings{index: -1, timeout: time.Minute, dots: true, tensor: []kernel.Variant{kernel.Tensor80, kernel.Tensor75}, memory: math.MaxUint64}
	for _, option := range options {
		option(&s)
	}
	return openWhatWorks(s, open)
}

// openWhatWorks opens a card. If the driver fails with tensor cores, it opens the card again without those.
func openWhatWorks(s settings, open func(settings) (*Device, error)) (*Device, error) {
	for {
		d, err := open(s)
		if len(s.tensor) == 0 || !errors.Is(err, errTensor) {
			return d, err
		}
		s.tensor = s.tensor[1:]
	}
}

func open(s settings) (*Device, error) {
	m, err := openDriver()
	if err != nil {
		return nil, err
	}
	return openWith(m, s)
}

func openWith(m *driver, s settings) (*Device, error) {
	d := &Device{driver: m, settings: s, timeout: s.timeout}
	defer pinned()()
	if err := d.open(s); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// pinned keeps the goroutine on its thread until the function is called that it returns: the driver knows by
// thread which card calls are for.
func pinned() func() {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

// enter makes the calls of this thread those for the card, until the function is called that it returns.
func (d *Device) enter() (func(), error) {
	if d.lost != nil {
		return nil, d.lost
	}
	leave := pinned()
	if err := d.fail(d.ctxSetCurrent.call(d.context).check("turning to the card")); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

func (d *Device) open(s settings) error {
	all, err := d.list()
	if err != nil {
		return err
	}
	i, err := s.choose(all)
	if err != nil {
		return err
	}
	d.info = all[i]
	if d.info.Missing != "" {
		return fmt.Errorf("%w: expected a card with %s, found %s without", ErrNotAvailable, d.info.Missing, d.info.Name)
	}
	handle, err := d.handle(i)
	if err != nil {
		return err
	}
	d.limits = limitsOf(d.info, s.limits)
	d.dots = s.dots && d.info.Capability >= kernel.Dot.Needs()
	for _, v := range s.tensor {
		if !d.tensor.Tensor() && d.info.Capability >= v.Needs() {
			d.tensor = v
		}
	}
	if err := d.ctxCreate.call(uintptr(unsafe.Pointer(&d.context)), 0, uintptr(handle)).check("making a context"); err != nil {
		return fmt.Errorf("opening %s: %w", d.info.Name, err)
	}
	d.memory.bound = s.memory
	for _, open := range []func() error{d.openStream, d.openStaging, d.openTables, d.openSums, d.chooseTensor, d.chooseDots} {
		if err := open(); err != nil {
			return fmt.Errorf("opening %s: %w", d.info.Name, err)
		}
	}
	return nil
}

// workOfProcessor bounds the work of a run of a kernel, for each multiprocessor: a run takes some
// milliseconds, on old cards as well, so that a screen goes on.
const workOfProcessor = 1 << 27

// limitsOf returns the limits of runs of kernels; those that are wanted count if they are smaller.
func limitsOf(i Info, want plan.Limits) plan.Limits {
	// Places of words have 32 bits, and kernels count bytes in 32 bits too.
	found := plan.Limits{Range: 1 << 31, Groups: i.groups, Work: uint64(max(i.Processors, 1)) * workOfProcessor}
	if want.Range != 0 {
		found.Range = min(found.Range, want.Range)
	}
	if want.Work != 0 {
		found.Work = min(found.Work, want.Work)
	}
	for at, n := range want.Groups {
		if n != 0 {
			found.Groups[at] = min(found.Groups[at], n)
		}
	}
	return found
}

// Name says what executes. What was found out about a card counts for these kernels alone.
func (d *Device) Name() string {
	text := fmt.Sprintf("%s (CUDA %s, compute capability %s", d.info.Name, d.info.API, d.info.CapabilityText())
	if uses := d.Instructions(); uses != "" {
		text += ", " + uses
	}
	return text + ")"
}

// Instructions says which instructions for sums of products kernels use; empty if none.
func (d *Device) Instructions() string {
	var uses []string
	switch d.tensor {
	case kernel.Tensor80:
		uses = append(uses, "tensor cores of 16x8x32")
	case kernel.Tensor75:
		uses = append(uses, "tensor cores of 8x8x16")
	case kernel.Plain, kernel.Dot:
	}
	if d.dots {
		uses = append(uses, "dp4a")
	}
	return strings.Join(uses, ", ")
}

// Info returns what the card is.
func (d *Device) Info() Info { return d.info }

// DotProducts reports whether kernels use dp4a.
func (d *Device) DotProducts() bool { return d.dots }

// TensorCores returns the variant of kernels of tiles with tensor cores; kernel.Plain if they use none.
func (d *Device) TensorCores() kernel.Variant { return d.tensor }

// Wait returns after all calls have ended, with the checksums since the last Wait.
func (d *Device) Wait() ([]uint64, error) {
	leave, err := d.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
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

// Close ends the use of the card and gives up its tensors. After the loss of a card it leaves what the driver may
// still use to the end of the process.
func (d *Device) Close() error {
	if d.driver == nil || d.context == 0 || d.lost != nil {
		d.driver, d.lost = nil, errClosed
		return nil
	}
	leave, err := d.enter()
	if err != nil {
		d.driver, d.lost = nil, errClosed
		return err
	}
	defer leave()
	if err = d.finish(); err == nil {
		d.kernels.close(d)
		d.sums.all.close(d)
		d.tables.all.close(d)
		d.staging.close(d)
		d.stream.close(d)
		err = d.ctxDestroy.call(d.context).check("ending the context")
	}
	d.driver, d.lost = nil, errClosed
	return err
}

var errClosed = fmt.Errorf("%w: it was closed", ErrLost)

var _ tensor.Device = (*Device)(nil)
