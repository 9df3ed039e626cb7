package tfjs_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/examples/upscale/tfjs"
	"github.com/thetaedge/theta/examples/upscale/upscaletest"
)

func TestAModelIsReadWithItsWeights(t *testing.T) {
	text, shard := upscaletest.Model(1, 2)
	m, err := tfjs.Read(text, upscaletest.Open(shard))
	require.NoError(t, err)
	var kinds []tfjs.Kind
	for _, l := range m.Layers {
		kinds = append(kinds, l.Kind)
	}
	require.Equal(t, []tfjs.Kind{
		tfjs.Conv, tfjs.Conv, tfjs.Relu, tfjs.Concat, tfjs.Conv, tfjs.Add, tfjs.Conv, tfjs.Upsample, tfjs.Conv,
	}, kinds)
	require.Equal(t, []int{1, 3}, m.Layers[3].From)
	require.Equal(t, 14, m.Layers[3].Channels)
	require.Equal(t, 2, m.Layers[7].Factor)
	first := math.Float32frombits(binary.LittleEndian.Uint32(shard))
	require.Equal(t, first, m.Layers[0].Kernel[0])
	require.Len(t, m.Layers[8].Kernel, 3*3*4*3)
	last := math.Float32frombits(binary.LittleEndian.Uint32(shard[len(shard)-4:]))
	require.Equal(t, last, m.Layers[8].Bias[2])
}

func TestWeightsWithoutBiasAreZeros(t *testing.T) {
	text, shard := upscaletest.Model(1, 2)
	// The last bias lies at the end of the file.
	text = bytes.Replace(text, []byte(`,{"name":"last/bias","shape":[3],"dtype":"float32"}`), nil, 1)
	at := bytes.LastIndex(text, []byte(`"use_bias":true`))
	text = append(append(bytes.Clone(text[:at]), []byte(`"use_bias":false`)...), text[at+len(`"use_bias":true`):]...)
	m, err := tfjs.Read(text, upscaletest.Open(shard[:len(shard)-12]))
	require.NoError(t, err)
	require.Equal(t, make([]float32, 3), m.Layers[8].Bias)
}

func TestAModelThatLiesIsRefused(t *testing.T) {
	text, shard := upscaletest.Model(1, 2)
	infinite := bytes.Clone(shard)
	binary.LittleEndian.PutUint32(infinite, math.Float32bits(float32(math.Inf(1))))
	_, err := tfjs.Read(text, upscaletest.Open(infinite))
	require.ErrorContains(t, err, `weights "first/kernel": expected finite numbers, found +Inf`)
	_, err = tfjs.Read(text, upscaletest.Open(shard[:len(shard)-1]))
	require.ErrorContains(t, err, `weights "last/bias": expected 12 bytes in [group1-shard1of1.bin], found 11`)
	_, err = tfjs.Read(text, upscaletest.Open(append(bytes.Clone(shard), 0)))
	require.ErrorContains(t, err, "found 1 bytes")
	_, err = tfjs.Read(make([]byte, tfjs.MaxTopology+1), upscaletest.Open(shard))
	require.ErrorContains(t, err, "at most 4194304 bytes of JSON")

	for name, c := range map[string]struct{ from, to, want string }{
		"not JSON":           {`{"format"`, `"format"`, "as JSON"},
		"graph model":        {`layers-model`, `graph-model`, `expected the format "layers-model", found "graph-model"`},
		"sequential":         {`Functional`, `Sequential`, `found "Sequential"`},
		"no input layer":     {`InputLayer`, `Conv2D`, "expected an InputLayer first"},
		"four colours":       {`null,null,null,3`, `null,null,null,4`, "expected pictures"},
		"unknown layer":      {`"Add"`, `"Multiply"`, `layer 6 ("sum")`},
		"name twice":         {`"name":"second"`, `"name":"first"`, "a name of its own"},
		"unknown source":     {`[["third",0,0,{}]`, `[["none",0,0,{}]`, `expected the name of an earlier layer, found "none"`},
		"cycle":              {`[["third",0,0,{}]`, `[["sum",0,0,{}]`, `found "sum"`},
		"later source":       {`[["third",0,0,{}]`, `[["last",0,0,{}]`, `found "last"`},
		"second use":         {`[["third",0,0,{}]`, `[["third",1,0,{}]`, "found use 1"},
		"short source":       {`[["third",0,0,{}]`, `[["third"]`, "found a shorter one"},
		"tanh":               {`"relu"}`, `"tanh"}`, `expected the activation "relu", found "tanh"`},
		"fused activation":   {`"linear"`, `"relu"`, `expected the activation "linear"`},
		"stride":             {`"strides":[1,1]`, `"strides":[2,2]`, "found [2 2]"},
		"dilation":           {`"dilation_rate":[1,1]`, `"dilation_rate":[1,2]`, "[1 2]"},
		"valid":              {`"same"`, `"valid"`, `expected the padding "same"`},
		"channels first":     {`channels_last`, `channels_first`, "channels_first"},
		"groups":             {`"groups":1`, `"groups":2`, "one group, found 2"},
		"even kernel":        {`"kernel_size":[3,3]`, `"kernel_size":[2,2]`, "found 2"},
		"flat kernel":        {`"kernel_size":[3,3]`, `"kernel_size":[3]`, "two sides, found 1"},
		"no filters":         {`"filters":8`, `"filters":0`, "expected 1 to 4096 filters, found 0"},
		"axis":               {`"axis":3`, `"axis":1`, "found axis 1"},
		"uneven enlargement": {`"size":[2,2]`, `"size":[2,3]`, "found [2 3]"},
		"huge enlargement":   {`"size":[2,2]`, `"size":[99,99]`, "found [99 99]"},
		"bilinear":           {`nearest`, `bilinear`, "nearest"},
		"two outputs":        {`[["last",0,0]]`, `[["last",0,0],["sum",0,0]]`, "expected one output, found 2"},
		"early output":       {`[["last",0,0]]`, `[["sum",0,0]]`, "expected the output to be layer 9, found layer 6"},
		"path":               {`"group1`, `"../group1`, "names of files next to the model"},
		"absolute path":      {`"group1`, `"/group1`, "names of files next to the model"},
		"no such file":       {`"group1`, `"group2`, "no such file"},
		"half numbers":       {`float32`, `float16`, "found float16"},
		"quantized":          {`"dtype":"float32"`, `"dtype":"float32","quantization":{"scale":1}`, "without quantization"},
		"lying shape":        {`"shape":[3,3,3,8]`, `"shape":[3,3,8,3]`, "expected [3 3 3 8]"},
		"overflowing shape":  {`"shape":[3,3,3,8]`, `"shape":[4294967296,4294967296,4294967296,1]`, "expected at most 67108864 numbers"},
		"negative shape":     {`"shape":[3,3,3,8]`, `"shape":[-3,-3,3,8]`, "found shape"},
		"no shape":           {`"shape":[3,3,3,8]`, `"shape":[]`, "expected a shape"},
		"weights twice":      {`"first/bias"`, `"first/kernel"`, "found them twice"},
		"foreign weights":    {`"first/bias"`, `"zeroth/bias"`, `expected weights "first/bias", found none`},
		"left over":          {`"use_bias":true`, `"use_bias":false`, `expected weights of a layer, found "first/bias"`},
	} {
		changed := bytes.Replace(text, []byte(c.from), []byte(c.to), 1)
		require.NotEqual(t, text, changed, name)
		_, err := tfjs.Read(changed, upscaletest.Open(shard))
		require.ErrorContains(t, err, c.want, name)
	}
}

// FuzzRead reads models of strangers.
func FuzzRead(f *testing.F) {
	text, shard := upscaletest.Model(1, 2)
	f.Add(text, shard)
	f.Add(bytes.Replace(text, []byte(`"size":[2,2]`), []byte(`"size":[3,3]`), 1), shard)
	f.Fuzz(func(t *testing.T, text, shard []byte) {
		m, err := tfjs.Read(text, upscaletest.Open(shard))
		if err != nil {
			return
		}
		for i, l := range m.Layers {
			for _, place := range l.From {
				require.LessOrEqual(t, place, i)
			}
			if l.Kind == tfjs.Conv {
				require.Len(t, l.Kernel, l.Height*l.Width*m.ChannelsOf(l.From[0])*l.Channels)
				require.Len(t, l.Bias, l.Channels)
			}
		}
	})
}
