package gpucheck

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/backend"
	"github.com/thetaedge/theta/tensor/tensortest"
)

func words(bytes []byte) []int32 {
	all := make([]int32, len(bytes)/4)
	for i := range all {
		all[i] = int32(binary.LittleEndian.Uint32(bytes[4*i:])) //nolint:gosec // the bits
	}
	return all
}

// Speed is how fast a device does a load.
type Speed struct {
	Device string `json:"device"`
	Load   string `json:"load"`
	// Turns counts how often the load ran, and Seconds is the time of one turn: the least of all.
	Turns   int     `json:"turns"`
	Seconds float64 `json:"seconds"`
	// Gigabytes is 10^9 bytes of weights read a second, and Teraops 10^12 multiplications and additions a second.
	Gigabytes float64 `json:"gigabytes_per_second"`
	Teraops   float64 `json:"teraops_per_second"`
	// Joules is the energy of the card for a turn, on average; Unmeasured says why there is none.
	Joules     float64 `json:"joules,omitempty"`
	Unmeasured string  `json:"unmeasured,omitempty"`
	Failure    string  `json:"failure,omitempty"`
}

// shape is that of the weights of a model with eight billion of them.
var shape = tensortest.Decoder{Width: 4096, Inner: 14336, Heads: 32, KVHeads: 8, Dim: 128}

// MeasureSpeed measures each device, and each load on it for some time. Small loads are for devices that are software.
func MeasureSpeed(log io.Writer, each time.Duration, small bool) ([]Speed, error) {
	found, err := devices()
	if err != nil {
		return nil, err
	}
	var all []Speed
	for _, d := range found {
		sizes := shape
		rows := []uint32{1, 8, 512, 2048}
		if small || d.Kind == "processor" || strings.HasPrefix(d.Name, "emulated card") {
			sizes, rows = tensortest.Decoder{Width: 256, Inner: 512, Heads: 4, KVHeads: 2, Dim: 64}, []uint32{1, 64}
		}
		m := &meter{device: d, each: each, log: log}
		m.openEnergy()
		for _, n := range rows {
			all = append(all, m.products(sizes, n), m.layers(sizes, n))
		}
		m.close()
	}
	return all, nil
}

// meter measures a device.
type meter struct {
	device backend.Device
	each   time.Duration
	log    io.Writer

	driver device.Driver
	card   string
	none   string
}

// openEnergy finds the energy counter of the card.
func (m *meter) openEnergy() {
	driver, err := device.OpenNVML("")
	if err != nil {
		m.none = err.Error()
	}
	m.driver = driver
	cards, err := driver.Cards()
	if err != nil && m.none == "" {
		m.none = err.Error()
	}
	for _, c := range cards {
		if c.Vulkan != "" && c.Vulkan == m.device.UUID {
			m.card = c.UUID
		}
	}
	if m.card == "" && m.none == "" {
		m.none = "NVML does not know the device"
	}
}

func (m *meter) close() { _ = m.driver.Close() }

// products multiplies rows with the weights of layers, which together are too large for the caches of cards.
func (m *meter) products(s tensortest.Decoder, rows uint32) Speed {
	at := func(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }
	const copies = 6
	var ops []tensor.Op
	var tensors []tensortest.Tensor
	weights := uint64(0)
	add := func(t tensor.Type, count uint64, bytes []byte) tensor.Handle {
		tensors = append(tensors, tensortest.Tensor{Shape: tensor.Shape{Type: t, Count: count}, Bytes: bytes})
		return tensor.Handle(len(tensors)) //nolint:gosec // few
	}
	inner, width := uint64(s.Inner), uint64(s.Width)
	block := seeded(int(inner * width)) //nolint:gosec // below 2^31
	x := add(tensor.S8, uint64(rows)*max(inner, width), block[:uint64(rows)*inner])
	out := add(tensor.S32, uint64(rows)*inner, nil)
	for range copies {
		for _, size := range [][2]uint32{{s.Inner, s.Width}, {s.Width, s.Inner}, {s.Width, s.Width}} {
			w := add(tensor.S8, uint64(size[0])*uint64(size[1]), block[:uint64(size[0])*uint64(size[1])])
			ops = append(ops, &tensor.Gemm{A: at(x), W: at(w), Out: at(out), Batch: 1, M: rows, N: size[0], K: size[1], SharedW: true})
			weights += uint64(size[0]) * uint64(size[1])
		}
	}
	r := m.measure(fmt.Sprintf("products of %d rows with %d MB of weights", rows, weights/1e6), ops, tensors)
	if r.Failure == "" {
		r.Gigabytes = float64(weights) / r.Seconds / 1e9
		r.Teraops = 2 * float64(weights) * float64(rows) / r.Seconds / 1e12
	}
	return m.say(r)
}

// layers runs layers of a decoder with all of their operations.
func (m *meter) layers(s tensortest.Decoder, rows uint32) Speed {
	const count = 2
	ops, tensors := s.Layers(rows, count)
	return m.say(m.measure(fmt.Sprintf("%d layers of width %d for %d rows, all operations", count, s.Width, rows), ops, tensors))
}

func (m *meter) say(r Speed) Speed {
	fmt.Fprintf(m.log, "%s: %s: %.6f s, %.1f GB/s, %.2f TOP/s, %.3f J %s %s\n", r.Device, r.Load, r.Seconds, r.Gigabytes, r.Teraops, r.Joules, r.Unmeasured, r.Failure)
	return r
}

// seeded returns bytes that depend on their number alone.
func seeded(n int) []byte {
	bytes := make([]byte, n)
	x := uint64(0x9e3779b97f4a7c15)
	for i := range bytes {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		bytes[i] = byte(x >> 32)
	}
	return bytes
}

// measure runs operations again and again.
func (m *meter) measure(load string, ops []tensor.Op, tensors []tensortest.Tensor) Speed {
	r := Speed{Device: identity(m.device), Load: load}
	if err := m.run(&r, ops, tensors); err != nil {
		r.Failure = err.Error()
	}
	return r
}

func (m *meter) run(r *Speed, ops []tensor.Op, tensors []tensortest.Tensor) (err error) {
	d, err := m.device.Open(0)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	buffers := make([]tensor.Buffer, len(tensors))
	for i, t := range tensors {
		if buffers[i], err = d.New(t.Shape); err != nil {
			return err
		}
		if err := buffers[i].Write(0, t.Bytes); err != nil {
			return err
		}
	}
	calls := make([]tensor.Call, len(ops))
	for i, op := range ops {
		calls[i].Op = op
		for _, o := range tensor.Operands(op) {
			var b tensor.Buffer
			if !o.None() {
				b = buffers[o.Tensor-1]
			}
			calls[i].Buffers = append(calls[i].Buffers, b)
		}
	}
	turn := func() (time.Duration, error) {
		began := time.Now()
		if err := d.Submit(calls); err != nil {
			return 0, err
		}
		_, err := d.Wait()
		return time.Since(began), err
	}
	if _, err := turn(); err != nil { // the driver compiles kernels
		return err
	}
	before, unmeasured := m.energy()
	least, began := time.Duration(1<<62), time.Now()
	for r.Turns == 0 || time.Since(began) < m.each {
		took, err := turn()
		if err != nil {
			return err
		}
		least = min(least, took)
		r.Turns++
	}
	after, again := m.energy()
	if r.Unmeasured = cmp.Or(unmeasured, again); r.Unmeasured == "" {
		r.Joules = float64(after-before) / 1e6 / float64(r.Turns)
	}
	r.Seconds = least.Seconds()
	return nil
}

// energy returns the energy that the card has used, in microjoules, or why it is not known.
func (m *meter) energy() (uint64, string) {
	if m.card == "" {
		return 0, m.none
	}
	used, err := m.driver.Energy(m.card)
	if err != nil {
		return 0, err.Error()
	}
	return used, ""
}
