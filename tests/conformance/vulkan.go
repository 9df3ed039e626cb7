package conformance

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/vulkan"
)

// openVulkan opens a device of Vulkan with a variant of kernels; "" means the one that it opens with.
func openVulkan(index int, variant string) (tensor.Device, error) {
	options := []vulkan.Option{vulkan.WithIndex(index)}
	switch variant {
	case "":
	case noMatrices:
		options = append(options, vulkan.WithoutMatrices())
	case plainSums:
		options = append(options, vulkan.WithoutDotProducts(), vulkan.WithoutMatrices())
	case pairs:
		options = append(options, vulkan.WithoutWideIntegers())
	default:
		return nil, fmt.Errorf("expected the variant %q, %q or %q, found %q", noMatrices, plainSums, pairs, variant)
	}
	return vulkan.Open(options...)
}

// listVulkan returns the devices of Vulkan; none if there is no Vulkan.
func listVulkan() ([]device, error) {
	found, err := vulkan.List()
	if err != nil && !errors.Is(err, vulkan.ErrNotAvailable) {
		return nil, err
	}
	all := make([]device, 0, len(found))
	for _, info := range found {
		one := device{Index: info.Index, Driver: info.DriverText, Missing: info.Missing}
		if info.Missing == "" {
			d, err := vulkan.Open(vulkan.WithIndex(info.Index))
			if err != nil {
				return nil, err
			}
			if d.Matrices() != "" {
				one.Variants = append(one.Variants, noMatrices)
			}
			if d.DotProducts() || d.Matrices() != "" {
				one.Variants = append(one.Variants, plainSums)
			}
			if !d.Narrow() {
				one.Variants = append(one.Variants, pairs)
			}
			if err := d.Close(); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	return all, nil
}
