package upscale_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/examples/upscale/convert"
	"github.com/thetaedge/theta/examples/upscale/network"
	"github.com/thetaedge/theta/examples/upscale/picture"
	"github.com/thetaedge/theta/examples/upscale/tfjs"
	"github.com/thetaedge/theta/examples/upscale/upscaletest"
)

// packageDir is where weights.sh unpacks the weights.
const packageDir = "../../build/upscale/package"

// published reads the model of a scale; it skips the test without the weights.
func published(t *testing.T, scale int) *tfjs.Model {
	t.Helper()
	folder := filepath.Join(packageDir, "models", fmt.Sprintf("x%d", scale))
	text, err := os.ReadFile(filepath.Join(folder, "model.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the weights of ESRGAN Slim are missing: run examples/upscale/weights.sh to test with them")
	}
	require.NoError(t, err)
	m, err := tfjs.Read(text, func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(folder, name)) })
	require.NoError(t, err)
	return m
}

func load(t *testing.T, path string) network.Picture {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	p, err := picture.Decode(content, 1)
	require.NoError(t, err)
	return p.Picture
}

// cut returns the part of a picture that begins at a row and a column.
func cut(p network.Picture, row, col, height, width int) network.Picture {
	part := network.NewPicture(height, width)
	for y := range height {
		copy(part.Pixels[y*width*network.Colours:][:width*network.Colours], p.Pixels[((row+y)*p.Width+col)*network.Colours:])
	}
	return part
}

// examples are parts of the pictures on which the README measures networks.
func examples(t *testing.T) []network.Picture {
	t.Helper()
	flower, coffee := load(t, filepath.Join(packageDir, "assets", "fixture.png")), load(t, "testdata/coffee.png")
	return []network.Picture{cut(flower, 40, 30, 64, 64), cut(coffee, 0, 0, 64, 64), cut(coffee, 90, 60, 64, 64)}
}

// The package contains a picture and what its authors' program made of it.
func TestTheModelIsReadAsItsAuthorsMeantIt(t *testing.T) {
	const side, halo = 36, 10
	for scale := 2; scale <= 4; scale++ {
		m := published(t, scale)
		corner := cut(load(t, filepath.Join(packageDir, "assets", "fixture.png")), 0, 0, side, side)
		want := load(t, filepath.Join(packageDir, "assets", "samples", fmt.Sprintf("%dx", scale), "result.png"))
		got := upscaletest.Round(scale*side, scale*side, upscaletest.Float(m, corner))
		known := scale * (side - halo)
		near := upscaletest.PSNR(cut(want, 0, 0, known, known), cut(got, 0, 0, known, known), 0)
		t.Logf("scale %d: %.1f dB", scale, near)
		require.Greater(t, near, 80.0, "at most a few pixels differ by 1")
	}
}

func TestIntegersAreNearFloatsWithPublishedWeights(t *testing.T) {
	cat := load(t, "testdata/cat.png")
	for _, scale := range []int{2, 3, 4, 8} {
		m := published(t, scale)
		f := converted(t, m, convert.Options{Tail: convert.Tail}, examples(t)...)
		require.Equal(t, scale, f.Network.Scale)
		require.Equal(t, 10, f.Network.Halo())
		small := cut(upscaletest.Resize(cat, 120, 120), 20, 20, 40, 40)
		want := upscaletest.Round(scale*40, scale*40, upscaletest.Float(m, small))
		near := upscaletest.PSNR(want, enlarge(t, f, small, 32), 0)
		t.Logf("scale %d: %.1f dB", scale, near)
		require.Greater(t, near, 44.0)
	}
}
