package conformance

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cuda"
	"github.com/thetaedge/theta/tensor/cuda/kernel"
)

// openCUDA opens a card of CUDA with a variant of kernels; "" means the one that it opens with.
func openCUDA(index int, variant string) (tensor.Device, error) {
	options := []cuda.Option{cuda.WithIndex(index)}
	switch variant {
	case "":
	case smallMatrices:
		options = append(options, cuda.WithTensorCores(kernel.Tensor75))
	case noMatrices:
		options = append(options, cuda.WithTensorCores(kernel.Plain))
	case plainSums:
		options = append(options, cuda.WithoutDotProducts(), cuda.WithTensorCores(kernel.Plain))
	default:
		return nil, fmt.Errorf("expected the variant %q, %q or %q, found %q", smallMatrices, noMatrices, plainSums, variant)
	}
	return cuda.Open(options...)
}

// listCUDA returns the cards of CUDA; none if there is no CUDA.
func listCUDA() ([]device, error) {
	found, err := cuda.List()
	if err != nil && !errors.Is(err, cuda.ErrNotAvailable) {
		return nil, err
	}
	all := make([]device, 0, len(found))
	for _, info := range found {
		one := device{Index: info.Index, Driver: fmt.Sprintf("CUDA %s, driver %s", info.API, info.Driver), Missing: info.Missing}
		if info.Missing == "" {
			d, err := cuda.Open(cuda.WithIndex(info.Index))
			if err != nil {
				return nil, err
			}
			if d.TensorCores() == kernel.Tensor80 {
				one.Variants = append(one.Variants, smallMatrices)
			}
			if d.TensorCores().Tensor() {
				one.Variants = append(one.Variants, noMatrices)
			}
			if d.Instructions() != "" {
				one.Variants = append(one.Variants, plainSums)
			}
			if err := d.Close(); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	return all, nil
}
