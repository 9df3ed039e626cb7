package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

// Tensor is a tensor to write.
type Tensor struct {
	Name   string
	Type   Type
	Shape  []int // the last dimension lies closest together
	Values []float32
}

// Write writes a file of version 3. Values of the metadata are string, bool, uint32, uint64, int32,
// float32, []string, []int32 or []float32; keys are written in order of the alphabet.
func Write(w io.Writer, metadata map[string]any, tensors []Tensor) error {
	head := binary.LittleEndian.AppendUint32(nil, magic)
	head = binary.LittleEndian.AppendUint32(head, 3)
	head = binary.LittleEndian.AppendUint64(head, uint64(len(tensors)))
	head = binary.LittleEndian.AppendUint64(head, uint64(len(metadata)))
	var err error
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if head, err = appendValue(appendText(head, key), metadata[key]); err != nil {
			return fmt.Errorf("metadata %q: %w", key, err)
		}
	}
	var end int64
	for _, t := range tensors {
		if head, end, err = t.appendTo(head, end); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	if _, err := w.Write(padded(head)); err != nil {
		return err
	}
	for _, t := range tensors {
		if _, err := w.Write(padded(t.Type.encode(nil, t.Values))); err != nil {
			return err
		}
	}
	return nil
}

// appendTo appends the entry of a tensor that begins at offset begin, and returns where the next
// one begins.
func (t Tensor) appendTo(head []byte, begin int64) ([]byte, int64, error) {
	count := 1
	for _, n := range t.Shape {
		count *= n
	}
	elements, bytes := t.Type.block()
	switch {
	case elements == 0:
		return nil, 0, fmt.Errorf("expected F32, F16, BF16 or Q8_0, found %s", t.Type)
	case count != len(t.Values):
		return nil, 0, fmt.Errorf("expected the elements of the shape %v, found %d", t.Shape, len(t.Values))
	case elements > 1 && (len(t.Shape) == 0 || int64(t.Shape[len(t.Shape)-1])%elements != 0):
		return nil, 0, fmt.Errorf("expected rows of a multiple of %d elements, found the shape %v", elements, t.Shape)
	}
	head = appendText(head, t.Name)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(t.Shape)))
	for _, n := range slices.Backward(t.Shape) {
		head = binary.LittleEndian.AppendUint64(head, uint64(n))
	}
	head = binary.LittleEndian.AppendUint32(head, uint32(t.Type))
	head = binary.LittleEndian.AppendUint64(head, uint64(begin))
	size := int64(count) / elements * bytes
	return head, begin + (size+defaultAlignment-1)/defaultAlignment*defaultAlignment, nil
}

func padded(data []byte) []byte {
	for len(data)%defaultAlignment != 0 {
		data = append(data, 0)
	}
	return data
}

func appendText(data []byte, text string) []byte {
	return append(binary.LittleEndian.AppendUint64(data, uint64(len(text))), text...)
}

func appendValue(data []byte, value any) ([]byte, error) {
	kind := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(data, n) }
	array := func(n uint32, length int) []byte {
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(kind(valueArray), n), uint64(length))
	}
	switch v := value.(type) {
	case string:
		return appendText(kind(valueString), v), nil
	case bool:
		if v {
			return append(kind(valueBool), 1), nil
		}
		return append(kind(valueBool), 0), nil
	case uint32:
		return binary.LittleEndian.AppendUint32(kind(valueUint32), v), nil
	case uint64:
		return binary.LittleEndian.AppendUint64(kind(valueUint64), v), nil
	case int32:
		return binary.LittleEndian.AppendUint32(kind(valueInt32), uint32(v)), nil
	case float32:
		return binary.LittleEndian.AppendUint32(kind(valueFloat32), math.Float32bits(v)), nil
	case []string:
		data = array(valueString, len(v))
		for _, s := range v {
			data = appendText(data, s)
		}
	case []int32:
		data = array(valueInt32, len(v))
		for _, n := range v {
			data = binary.LittleEndian.AppendUint32(data, uint32(n))
		}
	case []float32:
		data = array(valueFloat32, len(v))
		for _, f := range v {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(f))
		}
	default:
		return nil, fmt.Errorf("expected text, a number, a boolean or a list of them, found %T", value)
	}
	return data, nil
}
