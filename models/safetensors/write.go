package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// Tensor is a tensor to write.
type Tensor struct {
	Name   string
	Type   Type // F32, F16 or BF16
	Shape  []int
	Values []float32
}

// Write writes a file with the tensors in the order given and a header that is padded with spaces
// to a multiple of 8 bytes.
func Write(w io.Writer, metadata map[string]string, tensors []Tensor) error {
	header := map[string]any{}
	if len(metadata) > 0 {
		header[metadataKey] = metadata
	}
	var end int64
	for _, t := range tensors {
		if _, twice := header[t.Name]; twice || t.Name == metadataKey {
			return fmt.Errorf("tensor %q: expected a name of its own", t.Name)
		}
		if !t.Type.floats() {
			return fmt.Errorf("tensor %q: expected F32, F16 or BF16, found %q", t.Name, string(t.Type))
		}
		e := entry{Type: t.Type, Shape: make([]int64, len(t.Shape))}
		for i, n := range t.Shape {
			e.Shape[i] = int64(n)
		}
		size, err := t.Type.bytes(e.Shape)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if size != int64(len(t.Values))*t.Type.size() {
			return fmt.Errorf("tensor %q: expected the elements of the shape %v, found %d", t.Name, t.Shape, len(t.Values))
		}
		e.Offsets = [2]int64{end, end + size}
		end += size
		header[t.Name] = e
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	if len(text) > MaxHeader {
		return fmt.Errorf("expected a header of at most %d bytes, found %d", MaxHeader, len(text))
	}
	if _, err := w.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)); err != nil {
		return err
	}
	for _, t := range tensors {
		if _, err := w.Write(t.Type.encode(nil, t.Values)); err != nil {
			return err
		}
	}
	return nil
}
