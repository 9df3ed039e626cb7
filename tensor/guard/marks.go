package guard

import (
	"encoding/binary"

	"github.com/thetaedge/theta/tensor"
)

// marks are numbers that the last call of each submission writes. A submission that was lost leaves
// another number.
type marks struct {
	device *Device
	held   tensor.Buffer
	values []int32
}

const (
	// maxMarks bounds the marks between two waits.
	maxMarks = 1024
	// submitMarks is the number of marks that Submit leaves without a wait between them: before a call
	// that is compared, and at its end.
	submitMarks = 2
)

// full reports whether there may not be room for those of another Submit.
func (m *marks) full() bool { return len(m.values) > maxMarks-submitMarks }

// next returns the call for the next submission.
func (m *marks) next() (tensor.Call, error) {
	if m.held == nil {
		var err error
		if m.held, err = m.device.inner.New(tensor.Shape{Type: tensor.S32, Count: maxMarks}); err != nil {
			return tensor.Call{}, err
		}
	}
	place, value := uint64(len(m.values)), int32(m.device.random.Uint32())
	m.values = append(m.values, value)
	fill := &tensor.Fill{Out: tensor.Operand{Tensor: 1, Offset: place}, Count: 1, Value: value}
	return tensor.Call{Op: fill, Buffers: []tensor.Buffer{m.held}}, nil
}

// span is where the marks lie.
func (m *marks) span() span { return span{of: m.held, size: 4 * uint64(len(m.values))} }

// check compares the marks of what has been waited for with what was read.
func (m *marks) check(found []byte) error {
	for i, value := range m.values {
		if got := int32(binary.LittleEndian.Uint32(found[4*i:])); got != value {
			return m.device.doubt("expected the mark %d of submission %d, found %d: it was lost", value, i, got)
		}
	}
	m.values = m.values[:0]
	return nil
}
