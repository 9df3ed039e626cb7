package vulkan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor/tensortest"
	"github.com/thetaedge/theta/tensor/vulkan"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

func TestWideOperationsGiveTheBitsOfTheReference(t *testing.T) {
	for i, options := range [][]vulkan.Option{
		nil,
		{vulkan.WithoutDotProducts()},
		{vulkan.WithoutWideIntegers()},
		{vulkan.WithoutWideIntegers(), vulkan.WithoutDotProducts()},
		{vulkan.WithLimits(plan.Limits{Range: 50_000, Groups: [3]uint64{4, 4, 4}, Work: 1 << 20})},
	} {
		d := open(t, options...)
		for round := range *rounds {
			for kind := range tensortest.WideKinds {
				source := tensortest.NewSource(uint64(20+i)<<40 + uint64(round)<<8 + uint64(kind))
				require.NoError(t, tensortest.DrawWide(source, kind).Same(d), "round %d", round)
			}
		}
	}
}
