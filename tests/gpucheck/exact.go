package gpucheck

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// Exact is how a variant of a device compares with the reference.
type Exact struct {
	Device  string `json:"device"`
	Variant string `json:"variant"`
	// Uses says what its kernels use, after the tests with which the device was opened.
	Uses string `json:"uses"`
	// Layout says which elements a product of tiles takes from a wrong place; empty if none.
	Layout []string `json:"layout"`
	// Cases counts those that were compared, and Different names those that differ.
	Cases     int      `json:"cases"`
	Different []string `json:"different"`
	Failure   string   `json:"failure,omitempty"`
	Seconds   float64  `json:"seconds"`
}

// good reports whether all bits are those of the reference.
func (e Exact) good() bool { return e.Failure == "" && len(e.Layout) == 0 && len(e.Different) == 0 }

// software reports whether the device is a driver that computes on the processor.
func (e Exact) software() bool {
	return strings.Contains(e.Device, "emulated card") || strings.Contains(e.Device, ", processor, ")
}

// CheckExact compares each variant of each device with the reference: the layout of tiles, every operation in a
// large and a small shape, and rounds of random cases of each operation.
func CheckExact(log io.Writer, rounds uint64) ([]Exact, error) {
	found, err := devices()
	if err != nil {
		return nil, err
	}
	small, err := expect(cases(rounds, false))
	if err != nil {
		return nil, err
	}
	var large []expected
	var all []Exact
	for _, d := range found {
		for _, v := range variants(d) {
			began := time.Now()
			e := Exact{Device: identity(d), Variant: v.name, Layout: []string{}, Different: []string{}}
			wanted := small
			if !e.software() {
				if large == nil {
					if large, err = expect(cases(rounds, true)); err != nil {
						return nil, err
					}
				}
				wanted = large
			}
			if err := e.compare(v, wanted); err != nil {
				e.Failure = err.Error()
			}
			e.Seconds = time.Since(began).Seconds()
			fmt.Fprintf(log, "%s, %s: uses %s; %d cases, %d differ; %s\n", e.Device, e.Variant, e.Uses, e.Cases, len(e.Different), e.Failure)
			all = append(all, e)
		}
	}
	return all, nil
}

// expected is a case with the digest of what the reference gives.
type expected struct {
	tensortest.Case

	want [32]byte
}

// expect executes cases on the reference, once for all variants.
func expect(cases []tensortest.Case) ([]expected, error) {
	all := make([]expected, len(cases))
	for i, c := range cases {
		outcome, err := c.Run(ref.NewDevice())
		if err != nil {
			return nil, err
		}
		all[i] = expected{c, outcome.Digest()}
	}
	return all, nil
}

func (e *Exact) compare(v variant, wanted []expected) error {
	d, err := v.open()
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	e.Uses = v.uses(d)
	if e.Layout, err = layout(d); err != nil {
		return fmt.Errorf("layout of tiles: %w", err)
	}
	for _, c := range wanted {
		got, err := c.Run(d)
		if err != nil {
			return fmt.Errorf("%v: %w", c.Op.Code(), err)
		}
		if e.Cases++; got.Digest() != c.want {
			e.Different = append(e.Different, fmt.Sprintf("case %d: %v", e.Cases, c.Op.Code()))
		}
	}
	return nil
}

// cases are those that each variant is compared with. Large ones take a device that is software too long.
func cases(rounds uint64, large bool) []tensortest.Case {
	all := tensortest.Tiles()
	for _, code := range tensor.Codes() {
		if large {
			all = append(all, tensortest.Large(code), tensortest.Small(code))
		}
		for i := range rounds {
			all = append(all, tensortest.Draw(tensortest.NewSource(0x677075<<24+i<<16+uint64(code)), code))
		}
	}
	for round := range rounds {
		for kind := range tensortest.WideKinds {
			all = append(all, tensortest.DrawWide(tensortest.NewSource(0x776964<<24+round<<16+uint64(kind)), kind)) //nolint:gosec // kinds are few
		}
	}
	return all
}

// side is that of the matrices of layout: the kernels of tiles compute it in one tile.
const side = 64

// layout multiplies matrices of which one picks single elements of the other, so that an element that tensor cores
// take from or put to a wrong place shows by itself. It returns descriptions of the first ones that are wrong.
func layout(d tensor.Device) ([]string, error) {
	wrong := []string{}
	value := func(row, at int) int8 { return int8((row*side+at)*37%253 - 126) } //nolint:gosec // from -126 to 126
	for _, shift := range []int{0, 1, 17} {
		picks, values := make([]byte, side*side), make([]byte, side*side)
		for row := range side {
			picks[row*side+(row+shift)%side] = 1
			for at := range side {
				values[row*side+at] = byte(value(row, at))
			}
		}
		for _, picksRows := range []bool{true, false} {
			a, w := picks, values
			if !picksRows {
				a, w = values, picks
			}
			got, err := product(d, a, w)
			if err != nil {
				return wrong, err
			}
			for i, v := range got {
				row, column := i/side, i%side
				want := int32(value(column, (row+shift)%side))
				if !picksRows {
					want = int32(value(row, (column+shift)%side))
				}
				if v != want && len(wrong) < 20 {
					wrong = append(wrong, fmt.Sprintf("shift %d, picks rows %v: expected %d at row %d, column %d, found %d", shift, picksRows, want, row, column, v))
				}
			}
		}
	}
	return wrong, nil
}

// product returns a times the transposed w.
func product(d tensor.Device, a, w []byte) ([]int32, error) {
	call := tensor.Call{Op: &tensor.Gemm{
		A: tensor.Operand{Tensor: 1}, W: tensor.Operand{Tensor: 2}, Out: tensor.Operand{Tensor: 3}, Batch: 1, M: side, N: side, K: side,
	}}
	for _, t := range []struct {
		of    tensor.Type
		bytes []byte
	}{{tensor.S8, a}, {tensor.S8, w}, {tensor.S32, nil}} {
		b, err := d.New(tensor.Shape{Type: t.of, Count: side * side})
		if err != nil {
			return nil, err
		}
		if err := b.Write(0, t.bytes); err != nil {
			return nil, err
		}
		call.Buffers = append(call.Buffers, b)
	}
	if err := d.Submit([]tensor.Call{call}); err != nil {
		return nil, err
	}
	bytes := make([]byte, 4*side*side)
	if err := call.Buffers[2].Read(0, bytes); err != nil {
		return nil, err
	}
	for _, b := range call.Buffers {
		if err := b.Free(); err != nil {
			return nil, err
		}
	}
	return words(bytes), nil
}
