package checkpoint

import (
	"fmt"
	"slices"
)

// Source is the named tensors of a checkpoint. Elements are in row-major order: a matrix of a
// linear layer is [outputs, inputs].
type Source interface {
	// Shape returns the dimensions of a tensor, and false if there is no tensor of that name.
	Shape(name string) (dims []int, found bool)
	// Read fills a slice with the elements from a place on. It fails if the tensor does not
	// contain them, or if the file cannot be read.
	Read(name string, from int, into []float32) error
}

// Load reads a whole tensor, and checks its dimensions.
func Load(s Source, name string, dims ...int) ([]float32, error) {
	if err := Require(s, name, dims...); err != nil {
		return nil, err
	}
	count := 1
	for _, d := range dims {
		count *= d
	}
	all := make([]float32, count)
	if err := s.Read(name, 0, all); err != nil {
		return nil, fmt.Errorf("tensor %s: %w", name, err)
	}
	return all, nil
}

// Require checks that there is a tensor of some dimensions.
func Require(s Source, name string, dims ...int) error {
	found, ok := s.Shape(name)
	if !ok {
		return fmt.Errorf("expected a tensor %s of %v, found none; the weights do not fit the configuration", name, dims)
	}
	if !slices.Equal(found, dims) {
		return fmt.Errorf("expected %v for tensor %s, found %v; the weights do not fit the configuration", dims, name, found)
	}
	return nil
}

// Memory is a source whose tensors are in memory.
type Memory map[string]Array

// Array is a tensor in memory.
type Array struct {
	Dims     []int
	Elements []float32
}

// Shape returns the dimensions of a tensor.
func (m Memory) Shape(name string) ([]int, bool) {
	a, found := m[name]
	return a.Dims, found
}

// Read fills a slice with the elements from a place on.
func (m Memory) Read(name string, from int, into []float32) error {
	a, found := m[name]
	if !found {
		return fmt.Errorf("expected a tensor %s, found none", name)
	}
	if from < 0 || from > len(a.Elements) || len(into) > len(a.Elements)-from {
		return fmt.Errorf("expected elements of %s below %d, found %d from %d on", name, len(a.Elements), len(into), from)
	}
	copy(into, a.Elements[from:])
	return nil
}
