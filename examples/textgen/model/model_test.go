package model

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/examples/textgen/tokenizer"
)

// randomModel is a valid model of arbitrary weights.
func randomModel(t testing.TB, hidden int) *Model {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(hidden)))
	alphabet, err := tokenizer.New([]byte("\n abcdefg"))
	require.NoError(t, err)
	matrix := func(rows, columns int) Matrix {
		m := Matrix{Rows: rows, Columns: columns, Weights: make([]int8, rows*columns), Scales: make([]int32, rows)}
		for i := range m.Weights {
			m.Weights[i] = int8(random.IntN(255) - 127)
		}
		for i := range m.Scales {
			m.Scales[i] = int32(random.IntN(1 << 18))
		}
		return m
	}
	v := alphabet.Size()
	return &Model{
		Alphabet: alphabet, Hidden: hidden,
		Input: matrix(v, 3*hidden), Recurrent: matrix(3*hidden, hidden), Output: matrix(v, hidden),
		Bias: make([]int32, v),
	}
}

// sealed puts the right digest at the end of an altered file.
func sealed(file []byte) []byte {
	body := file[:len(file)-sha256.Size]
	digest := sha256.Sum256(body)
	return append(append([]byte{}, body...), digest[:]...)
}

func TestEncodeAndDecodeAreInverse(t *testing.T) {
	m := randomModel(t, 12)
	decoded, err := Decode(m.Encode())
	require.NoError(t, err)
	require.Equal(t, m, decoded)
}

func TestBadFileIsRefused(t *testing.T) {
	good := randomModel(t, 12).Encode()
	put := func(offset int, value uint32) func([]byte) []byte {
		return func(file []byte) []byte {
			binary.LittleEndian.PutUint32(file[offset:], value)
			return sealed(file)
		}
	}
	scaleOffset := headerSize + 9 + 9*3*12
	for name, bad := range map[string]struct {
		alter func([]byte) []byte
		says  string
	}{
		"empty":           {func([]byte) []byte { return nil }, "found 0 bytes of something else"},
		"other magic":     {func(f []byte) []byte { f[0] = 'x'; return sealed(f) }, "expected a file that begins with"},
		"other version":   {put(8, 2), "expected format version 1, found 2"},
		"no symbols":      {put(12, 0), "found 0 and 12"},
		"many symbols":    {put(12, 1<<31), "expected 1 to 128 symbols"},
		"too wide":        {put(16, 1025), "found 9 and 1025"},
		"shorter":         {func(f []byte) []byte { return f[:len(f)-1] }, "fetch the file again"},
		"longer":          {func(f []byte) []byte { return append(f, 0) }, "fetch the file again"},
		"one bit flipped": {func(f []byte) []byte { f[100] ^= 4; return f }, "the file is damaged"},
		"alphabet":        {func(f []byte) []byte { f[headerSize] = 'z'; return sealed(f) }, "strictly increasing"},
		"negative scale":  {put(scaleOffset, 1<<31), "expected row scales"},
		"huge scale":      {put(scaleOffset, maxScale+1), "expected row scales"},
		"huge bias":       {put(len(good)-sha256.Size-4, maxBias+1), "expected biases"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(bad.alter(append([]byte{}, good...)))
			require.ErrorContains(t, err, bad.says)
		})
	}
}

// Every file that Decode accepts is canonical and runs without a panic, even if the
// weights are hostile and the digest is right for them.
func FuzzDecode(f *testing.F) {
	good := randomModel(f, 3).Encode()
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, file []byte) {
		candidates := [][]byte{file}
		if len(file) >= sha256.Size {
			candidates = append(candidates, sealed(file))
		}
		for _, candidate := range candidates {
			m, err := Decode(candidate)
			if err != nil {
				require.Nil(t, m)
				continue
			}
			require.Equal(t, candidate, m.Encode())
			text, err := Continue(m, nil, 3, 1, 1000)
			require.NoError(t, err)
			require.Len(t, text, 3)
		}
	})
}

func TestExtremeWeightsNeitherOverflowNorPanic(t *testing.T) {
	m := randomModel(t, MaxHidden)
	for _, matrix := range []*Matrix{&m.Input, &m.Recurrent, &m.Output} {
		for i := range matrix.Weights {
			matrix.Weights[i] = -128
		}
		for i := range matrix.Scales {
			matrix.Scales[i] = maxScale
		}
	}
	state := NewState(m)
	for range 4 {
		state.Step(0)
		for _, logit := range state.Logits() {
			require.Less(t, max(logit, -logit), int64(1)<<40)
		}
	}
	// All weights are negative: every gate is closed and the candidate is -1.
	require.Equal(t, int16(1-one15), state.hidden[0])
}

func TestFixedPointFunctionsAreCloseToTheRealOnes(t *testing.T) {
	require.Equal(t, int64(one30), expNegative(0))
	for x := int64(0); x < 30<<activationBits; x += 1237 {
		exact := float64(x) / (1 << activationBits)
		require.InDelta(t, math.Exp(-exact), float64(expNegative(x))/one30, 1e-6)
		require.InDelta(t, math.Tanh(exact), float64(tanh(x))/one15, 1e-4)
		require.InDelta(t, math.Tanh(-exact), float64(tanh(-x))/one15, 1e-4)
		require.InDelta(t, 1/(1+math.Exp(exact)), float64(sigmoid(-x))/one15, 5e-5)
	}
}

func TestStepEqualsTheEquationsInFloats(t *testing.T) {
	m := randomModel(t, 16)
	state, h := NewState(m), make([]float64, m.Hidden)
	value := func(matrix *Matrix, i, j int) float64 {
		return float64(matrix.Weights[i*matrix.Columns+j]) * float64(matrix.Scales[i]) / (1 << scaleBits)
	}
	product := func(matrix *Matrix, i int, vector []float64) float64 {
		sum := 0.0
		for j, x := range vector {
			sum += value(matrix, i, j) * x
		}
		return sum
	}
	squash := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	for _, symbol := range []int{0, 3, 5, 1, 1, 7} {
		state.Step(symbol)
		next := make([]float64, m.Hidden)
		for i := range next {
			at := func(block int) (float64, float64) {
				return value(&m.Input, symbol, block*m.Hidden+i), product(&m.Recurrent, block*m.Hidden+i, h)
			}
			zx, zh := at(0)
			rx, rh := at(1)
			nx, nh := at(2)
			z, n := squash(zx+zh), math.Tanh(nx+squash(rx+rh)*nh)
			next[i] = n + z*(h[i]-n)
		}
		h = next
		for i := range h {
			require.InDelta(t, h[i], float64(state.hidden[i])/one15, 2e-3, "unit %d", i)
		}
		for i, logit := range state.Logits() {
			require.InDelta(t, product(&m.Output, i, h), float64(logit)/(1<<activationBits), 2e-2, "symbol %d", i)
		}
	}
}

func TestDrawFollowsTheDistribution(t *testing.T) {
	m := randomModel(t, 4)
	logits := make([]int64, m.Alphabet.Size())
	for i := range logits {
		logits[i] = -100 << activationBits
	}
	logits[2], logits[5] = 0, int64(math.Round(math.Log(3)*(1<<activationBits))) // odds 1:3
	count := func(temperature int) (second int) {
		g, err := NewGenerator(m, nil, 42, temperature)
		require.NoError(t, err)
		for range 10_000 {
			symbol := g.draw(logits)
			require.Contains(t, []int{2, 5}, symbol)
			if symbol == 5 {
				second++
			}
		}
		return second
	}
	require.InDelta(t, 7500, count(1000), 150)
	require.InDelta(t, 9000, count(500), 150) // odds squared, 1:9
	require.Equal(t, 10_000, count(0))
}

func TestSeedDecidesTheText(t *testing.T) {
	m := randomModel(t, 16)
	text := func(seed uint64, temperature int) string {
		out, err := Continue(m, []byte("bad cab\n"), 60, seed, temperature)
		require.NoError(t, err)
		require.Len(t, out, len("bad cab")+60)
		require.Equal(t, "bad cab", string(out[:7]))
		return string(out)
	}
	require.Equal(t, text(1, 1000), text(1, 1000))
	require.NotEqual(t, text(1, 1000), text(2, 1000))
	require.Equal(t, text(1, 0), text(2, 0))
}

func TestBadRequestIsRefused(t *testing.T) {
	m := randomModel(t, 4)
	_, err := Continue(m, []byte("abz"), 1, 1, 1000)
	require.ErrorContains(t, err, "found 'z' at byte 2")
	for _, temperature := range []int{-1, MaxTemperature + 1} {
		_, err = Continue(m, nil, 1, 1, temperature)
		require.ErrorContains(t, err, "temperature: expected 0 to 5000 permille")
	}
}
