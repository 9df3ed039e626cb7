package guard

import (
	crand "crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/thetaedge/theta/tensor"
)

// Config says how much a guard does. A field that is zero takes its default.
type Config struct {
	// Qualified are the kinds of calls that were compared already; a new list by default.
	Qualified *Qualified
	// First bounds the rows of the first call of a kind that are compared; 64 by default.
	First uint64
	// Sample is the number of calls of which one is compared again; 1,024 by default.
	Sample uint32
	// Limit is the time that a call of the device may take; 10 minutes by default. The time in which
	// this process is suspended does not count.
	Limit time.Duration
	// Grace is the time that comparisons may take in addition to a quarter of all time; 2 seconds by
	// default.
	Grace time.Duration
}

// efforts of a comparison, in fuel: some milliseconds for the first call of a kind, and less than
// one for a sample.
const (
	firstFuel  = 4 << 20
	sampleFuel = 64 << 10
	sampleRows = 8
)

// Device is a device with guards around it. It is used by one goroutine at a time.
type Device struct {
	inner *watched
	// name is the digest of the name of the device, which says which kernels it executes.
	name   [sha256.Size]byte
	cfg    Config
	random *rand.Rand
	// sums are those that have been waited for and not been asked for.
	sums     []uint64
	marks    marks
	products products
	outputs  outputs
	pace     pace
}

var _ tensor.Device = (*Device)(nil)

// New puts guards around a device, which the guard then owns.
func New(inner tensor.Device, cfg Config) *Device {
	if cfg.Qualified == nil {
		cfg.Qualified = &Qualified{}
	}
	if cfg.First == 0 {
		cfg.First = 64
	}
	if cfg.Sample == 0 {
		cfg.Sample = 1024
	}
	if cfg.Limit == 0 {
		cfg.Limit = 10 * time.Minute
	}
	if cfg.Grace == 0 {
		cfg.Grace = 2 * time.Second
	}
	var seed [32]byte
	_, _ = crand.Read(seed[:])                // it never fails
	random := rand.New(rand.NewChaCha8(seed)) //nolint:gosec // seeded by the system
	ran := newClock()
	d := &Device{
		inner: &watched{inner: inner, clock: ran, limit: cfg.Limit}, name: sha256.Sum256([]byte(inner.Name())), cfg: cfg, outputs: outputs{}, random: random,
		pace: pace{clock: ran, grace: cfg.Grace},
	}
	d.marks.device = d
	d.products = products{device: d, library: library{device: d}, budget: newBudget(), drawn: map[source]draw{}}
	return d
}

// Name says what executes.
func (d *Device) Name() string { return d.inner.Name() }

// New returns a tensor of zeros.
func (d *Device) New(s tensor.Shape) (tensor.Buffer, error) {
	inner, err := d.inner.New(s)
	if err != nil {
		return nil, err
	}
	return &buffer{device: d, inner: inner, shape: s}, nil
}

// Submit begins calls. Those that are compared are waited for.
func (d *Device) Submit(calls []tensor.Call) error {
	defer d.pace.work()()
	// Later, calls that check products may not have been submitted yet.
	if d.marks.full() {
		if err := d.settle(); err != nil {
			return err
		}
	}
	batch := make([]tensor.Call, 0, len(calls)+1)
	for _, call := range calls {
		plain, buffers := unwrap(call)
		k := kindOf(d.name, call)
		e, wanted := d.comparison(k)
		if wanted {
			if err := d.begin(batch); err != nil {
				return err
			}
			batch = batch[:0]
			done := d.pace.compare()
			err := d.examine(plain, e)
			if done(); err != nil {
				return err
			}
			d.cfg.Qualified.add(k)
		} else {
			batch = append(batch, plain)
		}
		d.written(k, call.Op, buffers)
		d.products.budget.earn(tensor.Fuel(call.Op))
		more, err := d.products.watch(plain, buffers)
		if err != nil {
			return err
		}
		batch = append(batch, more...)
		if d.products.full() {
			if err := d.begin(batch); err != nil {
				return err
			}
			batch = batch[:0]
			if err := d.settle(); err != nil {
				return err
			}
		}
	}
	return d.begin(batch)
}

// comparison returns the effort for comparing a call of a kind, and whether it is compared. Without
// time, the first call of a kind for which there is time again counts as the first one.
func (d *Device) comparison(k kind) (effort, bool) {
	if !d.pace.allows() {
		return effort{}, false
	}
	if !d.cfg.Qualified.has(k) {
		return effort{d.cfg.First, firstFuel}, true
	}
	return effort{sampleRows, sampleFuel}, d.random.Uint32N(d.cfg.Sample) == 0
}

// unwrap returns the call on the tensors of the device, and the buffers of the guard.
func unwrap(call tensor.Call) (tensor.Call, []*buffer) {
	buffers, inner := make([]*buffer, len(call.Buffers)), make([]tensor.Buffer, len(call.Buffers))
	for i, b := range call.Buffers {
		if b != nil {
			buffers[i] = b.(*buffer)
			inner[i] = buffers[i].inner
		}
	}
	call.Buffers = inner
	return call, buffers
}

// begin submits calls and a mark after them.
func (d *Device) begin(calls []tensor.Call) error {
	if len(calls) == 0 {
		return nil
	}
	mark, err := d.marks.next()
	if err != nil {
		return err
	}
	return d.inner.Submit(append(slices.Clip(calls), mark))
}

// settle waits for all calls, and checks the marks and products.
func (d *Device) settle() error {
	rows, words := d.products.spans()
	e, err := d.inner.finish(d.marks.span(), rows, words)
	if err != nil {
		return err
	}
	d.sums = append(d.sums, e.sums...)
	d.products.took += e.took
	if err := d.marks.check(e.contents[0]); err != nil {
		return err
	}
	return d.products.check(e.contents[1], e.contents[2])
}

// Wait returns after all calls have ended and nothing about them is in doubt.
func (d *Device) Wait() ([]uint64, error) {
	defer d.pace.work()()
	if err := d.settle(); err != nil {
		return nil, err
	}
	sums := d.sums
	d.sums = nil
	return sums, nil
}

// Close ends the device, unless it does not answer.
func (d *Device) Close() error {
	d.pace.clock.stop()
	return d.inner.Close()
}

// doubt returns an error after which the device does nothing more.
func (d *Device) doubt(format string, args ...any) error {
	return d.inner.fail(fmt.Errorf("%w: %s: %s", ErrDoubt, d.Name(), fmt.Sprintf(format, args...)))
}
