package convert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/examples/upscale/convert"
	"github.com/thetaedge/theta/examples/upscale/network"
	"github.com/thetaedge/theta/examples/upscale/tfjs"
	"github.com/thetaedge/theta/examples/upscale/upscaletest"
)

func drawn(t *testing.T) *tfjs.Model {
	t.Helper()
	text, shard := upscaletest.Model(1, 2)
	m, err := tfjs.Read(text, upscaletest.Open(shard))
	require.NoError(t, err)
	return m
}

func examples() []network.Picture { return []network.Picture{network.NewPicture(4, 4)} }

func TestANetworkThatCannotBeConvertedIsRefused(t *testing.T) {
	m := drawn(t)
	_, err := convert.Run(m, nil, convert.Options{})
	require.ErrorContains(t, err, "expected at least one picture")

	m.Layers[2].From = []int{1}
	_, err = convert.Run(m, examples(), convert.Options{})
	require.ErrorContains(t, err, `layer "relu": expected the activation of a convolution that nothing else reads`)

	m = drawn(t)
	m.Layers = m.Layers[:7]
	_, err = convert.Run(m, examples(), convert.Options{})
	require.ErrorContains(t, err, "ends with 3 colours")

	m = drawn(t)
	last := m.Layers[8]
	last.Name, last.From = "after", []int{9}
	last.Kernel = make([]float32, 3*3*3*3)
	m.Layers = append(m.Layers, last)
	_, err = convert.Run(m, examples(), convert.Options{})
	require.ErrorContains(t, err, `layer "after": expected one convolution after the enlargement`)

	m = drawn(t)
	for i := range m.Layers[0].Bias {
		m.Layers[0].Bias[i] = 1e9
	}
	_, err = convert.Run(m, examples(), convert.Options{})
	require.ErrorContains(t, err, "expected numbers below 131072")
}

func TestTheSameInputsGiveTheSameFile(t *testing.T) {
	var files [][]byte
	for range 2 {
		content, err := convert.Run(drawn(t), examples(), convert.Options{Tail: convert.Tail})
		require.NoError(t, err)
		files = append(files, content)
	}
	require.Equal(t, files[0], files[1])
}
