package tfjs

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// group is a number of weights that lie one after the other in files that are joined.
type group struct {
	Paths   []string `json:"paths"`
	Weights []weight `json:"weights"`
}

// weight is the name and the shape of weights.
type weight struct {
	Name         string          `json:"name"`
	Shape        []int           `json:"shape"`
	Type         string          `json:"dtype"`
	Quantization json.RawMessage `json:"quantization"`
}

// array is weights with their shape.
type array struct {
	shape  []int
	values []float32
}

// Read reads a model from its JSON and the files that the JSON names, which open returns. It
// fails if anything is missing, left over, out of bounds or not a finite number.
func Read(text []byte, open func(name string) ([]byte, error)) (*Model, error) {
	t, groups, err := parse(text)
	if err != nil {
		return nil, err
	}
	arrays := map[string]array{}
	for _, g := range groups {
		if err := g.read(open, arrays); err != nil {
			return nil, err
		}
	}
	for i := range t.model.Layers {
		if err := t.weigh(i, arrays); err != nil {
			return nil, fmt.Errorf("layer %q: %w", t.model.Layers[i].Name, err)
		}
	}
	for name := range arrays {
		return nil, fmt.Errorf("expected weights of a layer, found %q", name)
	}
	return &t.model, nil
}

// read adds the weights of a group.
func (g group) read(open func(name string) ([]byte, error), arrays map[string]array) error {
	bytes, err := g.join(open)
	if err != nil {
		return err
	}
	for _, w := range g.Weights {
		count, err := w.count()
		if err != nil {
			return fmt.Errorf("weights %q: %w", w.Name, err)
		}
		if _, found := arrays[w.Name]; found {
			return fmt.Errorf("weights %q: expected them once, found them twice", w.Name)
		}
		if 4*count > len(bytes) {
			return fmt.Errorf("weights %q: expected %d bytes in %v, found %d", w.Name, 4*count, g.Paths, len(bytes))
		}
		values := make([]float32, count)
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*i:]))
			if v := float64(values[i]); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("weights %q: expected finite numbers, found %v", w.Name, v)
			}
		}
		arrays[w.Name] = array{w.Shape, values}
		bytes = bytes[4*count:]
	}
	if len(bytes) > 0 {
		return fmt.Errorf("expected the end of %v after the last weights, found %d bytes", g.Paths, len(bytes))
	}
	return nil
}

// join returns the bytes of all files of a group.
func (g group) join(open func(name string) ([]byte, error)) ([]byte, error) {
	var bytes []byte
	for _, path := range g.Paths {
		if path == "" || strings.ContainsAny(path, `/\:`) || strings.HasPrefix(path, ".") {
			return nil, fmt.Errorf("expected names of files next to the model, found %q", path)
		}
		part, err := open(path)
		if err != nil {
			return nil, fmt.Errorf("weights %s: %w", path, err)
		}
		if len(bytes)+len(part) > 4*MaxWeights {
			return nil, fmt.Errorf("expected at most %d bytes of weights, found more", 4*MaxWeights)
		}
		bytes = append(bytes, part...)
	}
	return bytes, nil
}

// count returns the number of elements of a shape.
func (w weight) count() (int, error) {
	if w.Type != "float32" || len(w.Quantization) > 0 {
		return 0, fmt.Errorf("expected float32 without quantization, found %s; convert the model again without it", w.Type)
	}
	if len(w.Shape) == 0 {
		return 0, errors.New("expected a shape, found none")
	}
	count := 1
	for _, side := range w.Shape {
		if side < 1 || side > MaxWeights/count {
			return 0, fmt.Errorf("expected at most %d numbers, found shape %v", MaxWeights, w.Shape)
		}
		count *= side
	}
	return count, nil
}

// weigh moves the weights of a layer into it.
func (t *topology) weigh(i int, arrays map[string]array) error {
	l := &t.model.Layers[i]
	if l.Kind != Conv {
		return nil
	}
	var err error
	inputs := t.model.ChannelsOf(l.From[0])
	if l.Kernel, err = take(arrays, l.Name+"/kernel", l.Height, l.Width, inputs, l.Channels); err != nil {
		return err
	}
	if !t.biased[i] {
		l.Bias = make([]float32, l.Channels)
		return nil
	}
	l.Bias, err = take(arrays, l.Name+"/bias", l.Channels)
	return err
}

// take removes weights, which have to have a shape.
func take(arrays map[string]array, name string, shape ...int) ([]float32, error) {
	a, found := arrays[name]
	if !found {
		return nil, fmt.Errorf("expected weights %q, found none", name)
	}
	if !slices.Equal(a.shape, shape) {
		return nil, fmt.Errorf("expected %v in %q, found %v", shape, name, a.shape)
	}
	delete(arrays, name)
	return a.values, nil
}
