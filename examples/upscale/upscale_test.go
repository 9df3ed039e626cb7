// Package upscale_test tests the example as a whole: networks are converted and enlarge pictures on
// devices, and the results are compared with floating-point numbers.
package upscale_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/examples/upscale/convert"
	"github.com/thetaedge/theta/examples/upscale/device"
	"github.com/thetaedge/theta/examples/upscale/network"
	"github.com/thetaedge/theta/examples/upscale/tfjs"
	"github.com/thetaedge/theta/examples/upscale/upscaletest"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
)

// clouds returns a picture of soft random colours.
func clouds(seed uint64, height, width int) network.Picture {
	small, random := network.NewPicture(5, 6), rand.New(rand.NewPCG(seed, 2))
	for i := range small.Pixels {
		small.Pixels[i] = byte(random.IntN(256))
	}
	return upscaletest.Resize(small, height, width)
}

// drawn returns a small model with random weights.
func drawn(t *testing.T, seed uint64, factor int) *tfjs.Model {
	t.Helper()
	text, shard := upscaletest.Model(seed, factor)
	m, err := tfjs.Read(text, upscaletest.Open(shard))
	require.NoError(t, err)
	return m
}

// converted returns the opened file of a model that was converted.
func converted(t *testing.T, m *tfjs.Model, o convert.Options, examples ...network.Picture) *network.File {
	t.Helper()
	content, err := convert.Run(m, examples, o)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "model")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	f, err := network.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

func enlarge(t *testing.T, f *network.File, p network.Picture, tile int) network.Picture {
	t.Helper()
	out, err := network.Enlarge(device.New(), f, p, tile)
	require.NoError(t, err)
	return out
}

func TestIntegersAreNearFloats(t *testing.T) {
	for factor := 2; factor <= 4; factor++ {
		m := drawn(t, uint64(factor), factor)
		p := clouds(1, 21, 18)
		f := converted(t, m, convert.Options{}, clouds(2, 30, 30), clouds(3, 30, 30))
		require.Equal(t, factor, f.Network.Scale)
		want := upscaletest.Round(factor*p.Height, factor*p.Width, upscaletest.Float(m, p))
		near := upscaletest.PSNR(want, enlarge(t, f, p, 64), 0)
		t.Logf("factor %d: %.1f dB", factor, near)
		require.Greater(t, near, 35.0)
	}
}

func TestTilesDoNotChangeTheResult(t *testing.T) {
	f := converted(t, drawn(t, 7, 3), convert.Options{}, clouds(2, 30, 30))
	require.Equal(t, 5, f.Network.Halo())
	for _, size := range [][2]int{{41, 23}, {1, 60}, {19, 18}, {9, 1}} {
		p := clouds(4, size[0], size[1])
		whole := enlarge(t, f, p, 64)
		for _, tile := range []int{8, 9, 13} {
			require.Equal(t, whole, enlarge(t, f, p, tile), "%v in tiles of %d", size, tile)
		}
	}
}

func TestTheProcessorGivesTheBitsOfTheReference(t *testing.T) {
	f := converted(t, drawn(t, 8, 2), convert.Options{}, clouds(2, 30, 30))
	p := clouds(5, 13, 17)
	want, err := network.Enlarge(device.Session{Session: tensor.NewSession(ref.NewDevice(), 1<<30)}, f, p, 8)
	require.NoError(t, err)
	require.Equal(t, want, enlarge(t, f, p, 32))
}
