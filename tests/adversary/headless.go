package adversary

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/thetaedge/theta/tensor"
)

// headless describes devices that execute a decoder except for the matrix of its output. They know
// the tokens of the answer, and let the program choose them.
type headless struct {
	// vocabulary is the number of outputs of the matrix, which no other matrix of the model has.
	vocabulary uint32
	// tokens are those of the answer.
	tokens []int32
}

// on returns such a device on an honest one.
func (h *headless) on(honest tensor.Device) tensor.Device {
	return &headlessDevice{Device: honest, headless: h}
}

// headlessDevice is the device of one run after another. Each run asks for each token once.
type headlessDevice struct {
	tensor.Device
	*headless

	// next is the number of tokens that the current run was given.
	next int
	// sums are those of calls since the last Wait; false ones are asked of the honest device.
	sums []madeUp
}

// madeUp is a checksum, if it is not that of the honest device.
type madeUp struct {
	made bool
	sum  uint64
}

// Submit executes calls, and writes logits of its own in place of the product with the last matrix.
func (d *headlessDevice) Submit(calls []tensor.Call) error {
	for len(calls) > 0 {
		at := slices.IndexFunc(calls, d.isHead)
		if at < 0 {
			at = len(calls)
		}
		if err := d.Device.Submit(calls[:at]); err != nil {
			return err
		}
		for _, call := range calls[:at] {
			d.sums = append(d.sums, make([]madeUp, len(call.Keys))...)
		}
		if at == len(calls) {
			return nil
		}
		if err := d.choose(calls[at]); err != nil {
			return err
		}
		calls = calls[at+1:]
	}
	return nil
}

// isHead reports whether a call is the product with the matrix of the output.
func (d *headlessDevice) isHead(call tensor.Call) bool {
	product, found := call.Op.(*tensor.Gemm)
	return found && product.N == d.vocabulary
}

// choose writes logits of which that of the next token is the largest.
func (d *headlessDevice) choose(call tensor.Call) error {
	product := call.Op.(*tensor.Gemm)
	out := slices.IndexFunc(tensor.Operands(product), func(o *tensor.Operand) bool { return *o == product.Out })
	if product.M != 1 || product.Batch != 1 || out < 0 {
		return errors.New("expected a decoder that asks for the logits of one token at a time, found another one")
	}
	logits := make([]int32, d.vocabulary)
	logits[d.tokens[d.next]] = 1 << 20
	d.next = (d.next + 1) % len(d.tokens)
	content := make([]byte, 0, 4*len(logits))
	for _, logit := range logits {
		content = binary.LittleEndian.AppendUint32(content, uint32(logit)) //nolint:gosec // the same 32 bits
	}
	for _, key := range call.Keys {
		d.sums = append(d.sums, madeUp{made: true, sum: tensor.Checksum(key, 0, logits)})
	}
	return call.Buffers[out].Write(4*product.Out.Offset, content)
}

// Wait returns the checksums of the honest device, and those that were made up.
func (d *headlessDevice) Wait() ([]uint64, error) {
	honest, err := d.Device.Wait()
	if err != nil {
		return nil, err
	}
	var sums []uint64
	for _, s := range d.sums {
		if !s.made {
			if len(honest) == 0 {
				return nil, errors.New("expected a checksum for each traced call, found too few")
			}
			s.sum, honest = honest[0], honest[1:]
		}
		sums = append(sums, s.sum)
	}
	d.sums = nil
	return sums, nil
}
