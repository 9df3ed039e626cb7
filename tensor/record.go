package tensor

import (
	"encoding/binary"
	"fmt"
)

// Sizes of the records of a submission.
const (
	// RecordWords is the number of 32-bit words of a record: the code, a zero, six operands
	// of three words (tensor, offset low, offset high) and twenty parameters.
	RecordWords = 2 + 3*MaxOperands + maxParams
	// RecordBytes is the size of a record.
	RecordBytes = 4 * RecordWords
	// MaxOperands is the number of operands of a record.
	MaxOperands = 6
	// MaxRecords bounds the records of a submission.
	MaxRecords = 65_536
	maxParams  = 20
)

// record is an operation as words.
type record [RecordWords]uint32

// Encode writes operations as the records of a submission.
func Encode(ops ...Op) []byte {
	records := make([]byte, 0, len(ops)*RecordBytes)
	for _, op := range ops {
		for _, word := range encode(op) {
			records = binary.LittleEndian.AppendUint32(records, word)
		}
	}
	return records
}

func encode(op Op) record {
	w := words{access: writing}
	w.record[0] = uint32(op.Code())
	op.fields(&w)
	return w.record
}

// Decode reads the records of a submission. Each operation has one encoding, and others are
// refused with a *Trap.
func Decode(records []byte) ([]Op, error) {
	if len(records)%RecordBytes != 0 {
		return nil, &Trap{Reason: fmt.Sprintf("expected records of %d bytes, found %d bytes", RecordBytes, len(records))}
	}
	if len(records) > MaxRecords*RecordBytes {
		return nil, &Trap{Reason: fmt.Sprintf("expected at most %d records, found %d", MaxRecords, len(records)/RecordBytes)}
	}
	ops := make([]Op, 0, len(records)/RecordBytes)
	for i := range len(records) / RecordBytes {
		op, err := decode(records[i*RecordBytes:][:RecordBytes])
		if err != nil {
			return nil, &Trap{Record: i, Reason: err.Error()}
		}
		ops = append(ops, op)
	}
	return ops, nil
}

func decode(bytes []byte) (Op, error) {
	w := words{access: reading}
	for i := range w.record {
		w.record[i] = binary.LittleEndian.Uint32(bytes[4*i:])
	}
	op := New(Code(w.record[0]))
	if op == nil {
		return nil, fmt.Errorf("expected the code of an operation, found %d", w.record[0])
	}
	op.fields(&w)
	again := encode(op)
	for i, word := range again {
		if word != w.record[i] {
			return nil, fmt.Errorf("%v: expected %d in word %d, found %d", op.Code(), word, i, w.record[i])
		}
	}
	return op, nil
}

// access is what a walk over an operation's fields does.
type access int

const (
	reading access = iota
	writing
)

// words walks over the fields of an operation in the order of its record.
type words struct {
	record   record
	access   access
	operands []*Operand
	nextArg  int
}

// places visits the operands.
func (w *words) places(operands ...*Operand) {
	for _, o := range operands {
		at := w.record[2+3*len(w.operands):][:3]
		if w.access == reading {
			*o = Operand{Handle(at[0]), uint64(at[1]) | uint64(at[2])<<32}
		} else {
			at[0], at[1], at[2] = uint32(o.Tensor), uint32(o.Offset), uint32(o.Offset>>32)
		}
		w.operands = append(w.operands, o)
	}
}

// sizes visits parameters without a sign.
func (w *words) sizes(params ...*uint32) {
	for _, p := range params {
		at := &w.record[2+3*MaxOperands+w.nextArg]
		if w.access == reading {
			*p = *at
		} else {
			*at = *p
		}
		w.nextArg++
	}
}

// numbers visits parameters with a sign.
func (w *words) numbers(params ...*int32) {
	for _, p := range params {
		word := uint32(*p)
		w.sizes(&word)
		*p = int32(word)
	}
}

// wide visits a parameter of two words, the low one first.
func (w *words) wide(p *uint64) {
	low, high := uint32(*p), uint32(*p>>32)
	w.sizes(&low, &high)
	*p = uint64(low) | uint64(high)<<32
}

// flags visits parameters that are 0 or 1.
func (w *words) flags(params ...*bool) {
	for _, p := range params {
		var word uint32
		if *p {
			word = 1
		}
		w.sizes(&word)
		*p = word == 1
	}
}

// Operands returns the places of an operation in the order of its record.
func Operands(op Op) []*Operand {
	w := words{access: writing}
	op.fields(&w)
	return w.operands
}
