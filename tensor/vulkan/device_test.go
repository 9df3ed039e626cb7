package vulkan_test

import (
	"errors"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/tensortest"
	"github.com/thetaedge/theta/tensor/vulkan"
)

var rounds = flag.Int("rounds", 8, "the number of random cases of each operation on the device")

// open opens a device for a test. Without one the test is skipped, or fails if THETA_VULKAN is
// "require".
func open(t testing.TB, options ...vulkan.Option) *vulkan.Device {
	t.Helper()
	d, err := vulkan.Open(options...)
	if errors.Is(err, vulkan.ErrNotAvailable) && os.Getenv("THETA_VULKAN") != "require" {
		t.Skipf("no device of Vulkan was tested (THETA_VULKAN=require fails here): %v", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

func TestVulkanGivesTheBitsOfTheReference(t *testing.T) {
	d := open(t)
	t.Logf("%+v, instructions for sums of products: %v", d.Info(), d.DotProducts())
	require.NoError(t, tensortest.Compare(d, 1<<40, *rounds))
}

func TestVulkanGivesTheBitsOfTheReferenceWithoutDotProducts(t *testing.T) {
	d := open(t, vulkan.WithoutDotProducts())
	require.False(t, d.DotProducts())
	require.NoError(t, tensortest.Compare(d, 2<<40, *rounds))
}

var _ tensor.Device = (*vulkan.Device)(nil)
