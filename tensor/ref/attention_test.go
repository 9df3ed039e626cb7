package ref_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/ref"
)

func TestRopeTurnsPairs(t *testing.T) {
	r := source(20)
	const rows, heads, dim, rotated, from = 4, 3, 12, 8, 2
	o := &tensor.Rope{Rows: rows, Heads: heads, Dim: dim, Rotated: rotated, From: from}
	x, out := model(r, rows*heads*dim, 3, 0), make([]int32, rows*heads*dim)
	angle := func(row, i int) float64 { return float64(row) / math.Pow(10_000, float64(i)/4) }
	var cos, sin []int32
	for row := range rows + from {
		for i := range rotated / 2 {
			cos = append(cos, int32(math.Round(math.Ldexp(math.Cos(angle(row, i)), 30))))
			sin = append(sin, int32(math.Round(math.Ldexp(math.Sin(angle(row, i)), 30))))
		}
	}
	ref.Rope(o, x, cos, sin, out)
	for row := range rows {
		for h := range heads {
			at := (row*heads + h) * dim
			for i := range rotated / 2 {
				s, c := math.Sincos(angle(row+from, i))
				a, b := float64(x[at+i]), float64(x[at+4+i])
				require.InDelta(t, a*c-b*s, float64(out[at+i]), 1.1)
				require.InDelta(t, b*c+a*s, float64(out[at+4+i]), 1.1)
			}
			require.Equal(t, x[at+rotated:at+dim], out[at+rotated:at+dim])
		}
	}
	// Sums of the largest numbers do not wrap.
	all := []int32{math.MinInt32, math.MinInt32}
	ref.Rope(&tensor.Rope{Rows: 1, Heads: 1, Dim: 2, Rotated: 2}, all, []int32{math.MinInt32}, []int32{math.MaxInt32}, out)
	require.Equal(t, []int32{math.MaxInt32, 0}, out[:2])
}

func TestScoresAreTheScaledProducts(t *testing.T) {
	r := source(21)
	const queries, heads, kvHeads, keys, dim = 3, 4, 2, 9, 16
	o := &tensor.AttnScores{
		Queries: queries, Heads: heads, KVHeads: kvHeads, Keys: keys, Dim: dim, UnitM: 1 << 30, UnitE: 32,
		Mask: tensor.Mask{Causal: true, Base: 5, Window: 6},
	}
	q, k := bytes(r, queries*heads*dim), bytes(r, keys*kvHeads*dim)
	qScale, kScale := scalesOf(r, queries*heads), scalesOf(r, keys*kvHeads)
	for i := range qScale {
		qScale[i].E = 34 + r.Int32N(3)
	}
	for i := range kScale {
		kScale[i].E = 34 + r.Int32N(3)
	}
	out := make([]int32, heads*queries*keys)
	ref.AttnScores(o, q, qScale, k, kScale, out)
	for h := range heads {
		for query := range queries {
			for s := range keys {
				got := out[(h*queries+query)*keys+s]
				if s > 5+query || s <= 5+query-6 {
					require.EqualValues(t, math.MinInt32, got)
					continue
				}
				dot := 0.0
				for d := range dim {
					dot += float64(q[(query*heads+h)*dim+d]) * float64(k[(s*kvHeads+h/2)*dim+d])
				}
				want := dot * float(qScale[query*heads+h]) * float(kScale[s*kvHeads+h/2]) / 4 * 65536
				require.InDelta(t, want, float64(got), 0.51+math.Abs(want)*2e-9)
			}
		}
	}
}

// attend returns the attention of one query in integers and in floats, over the same scores and
// values.
func attend(x []int32, v []int8, vScale []fixed.Scale, dim int) (got, want []float64) {
	keys := len(x)
	s := &tensor.Softmax{Queries: 1, Heads: 1, KVHeads: 1, Keys: uint32(keys)}
	weights, scale, out := make([]int32, keys), make([]fixed.Scale, 1), make([]int32, dim)
	ref.Softmax(s, x, vScale, weights, scale)
	o := &tensor.AttnValues{Queries: 1, Heads: 1, KVHeads: 1, Keys: uint32(keys), Dim: uint32(dim), Fraction: 16}
	ref.AttnValues(o, weights, scale, v, out)
	most, total := math.Inf(-1), 0.0
	for _, score := range x {
		most = max(most, float64(score))
	}
	want = make([]float64, dim)
	for i, score := range x {
		w := math.Exp2((float64(score) - most) / 65536)
		total += w
		unit := math.Ldexp(float64(vScale[i].M), -int(vScale[i].E))
		for d := range want {
			want[d] += w * float64(v[i*dim+d]) * unit
		}
	}
	for d := range want {
		want[d] /= total
		got = append(got, float64(out[d])/65536)
	}
	return got, want
}

// The attention's own error is far below that of the eight bits of its operands, which is about
// 2^-8 of a value, even over many keys: hardly any weight is cut to zero.
func TestAttentionIsNearFloats(t *testing.T) {
	const dim = 16
	for _, keys := range []int{1, 128, 8192, 32_768, tensor.MaxKeys} {
		for name, score := range map[string]func(r *rand.Rand) float64{
			"flat":  func(*rand.Rand) float64 { return 0 },
			"broad": func(r *rand.Rand) float64 { return r.NormFloat64() * 2 },
			"peaks": func(r *rand.Rand) float64 { return r.NormFloat64() * 6 },
		} {
			r := source(uint64(keys))
			x, v, vScale := make([]int32, keys), bytes(r, keys*dim), make([]fixed.Scale, keys)
			for i := range x {
				x[i] = int32(score(r) * 65536)
				vScale[i] = fixed.Scale{M: 1<<30 + r.Int32N(1<<30), E: 36 + r.Int32N(3)}
			}
			got, want := attend(x, v, vScale, dim)
			worst := 0.0
			for d := range want {
				worst = max(worst, math.Abs(got[d]-want[d]))
			}
			// Values are at most 128·2^-5 = 4, and an output has 16 places after the point. Each
			// weight is off by at most 2^-25 of the largest one.
			t.Logf("%s scores, %d keys: error %.1e of the largest value", name, keys, worst/4)
			require.Less(t, worst, 2e-5+2e-9*float64(keys), fmt.Sprint(name, keys))
		}
	}
}

// Weights times their scale sum up to 1 over the keys that a query sees, and are 0 elsewhere.
func TestWeightsSumUpToOne(t *testing.T) {
	r := source(23)
	const queries, heads, keys = 5, 3, 40
	o := &tensor.Softmax{Queries: queries, Heads: heads, KVHeads: 1, Keys: keys, Mask: tensor.Mask{Causal: true, Base: 9, Window: 7}}
	x, out, scale := model(r, queries*heads*keys, 3, 0), make([]int32, queries*heads*keys), make([]fixed.Scale, queries*heads)
	ref.Softmax(o, x, nil, out, scale)
	for row := range queries * heads {
		sum := 0.0
		for s, u := range out[row*keys:][:keys] {
			from, to := o.Mask.Keys(row%queries, keys)
			if s < from || s >= to {
				require.Zero(t, u)
			}
			sum += float64(u) * float(scale[row])
		}
		require.InDelta(t, 1, sum, 1e-8)
	}
}

func TestSoftmaxWithoutKeysIsZero(t *testing.T) {
	o := &tensor.Softmax{Queries: 1, Heads: 1, KVHeads: 1, Keys: 4, Mask: tensor.Mask{Causal: true, Base: 9, Window: 2}}
	out, scale := []int32{1, 2, 3, 4}, []fixed.Scale{{M: 7, E: 7}}
	ref.Softmax(o, []int32{5, 6, 7, 8}, nil, out, scale)
	require.Equal(t, make([]int32, 4), out)
	require.Equal(t, fixed.Scale{}, scale[0])
	o.Mask = tensor.Mask{}
	ref.Softmax(o, []int32{5, 6, 7, 8}, make([]fixed.Scale, 4), out, scale)
	require.Equal(t, make([]int32, 4), out)
	require.Equal(t, fixed.Scale{}, scale[0])
}

// The largest sums of values do not wrap.
func TestAttnValuesOfTheLargestWeights(t *testing.T) {
	const keys = tensor.MaxKeys
	u, v, out := make([]int32, keys), make([]int8, 4*keys), make([]int32, 4)
	for i := range u {
		u[i] = math.MinInt32
	}
	for i := range v {
		v[i] = math.MinInt8
	}
	o := &tensor.AttnValues{Queries: 1, Heads: 1, KVHeads: 1, Keys: keys, Dim: 4}
	// 2^31·2^7·2^17 = 2^55
	ref.AttnValues(o, u, []fixed.Scale{{M: 1 << 30, E: 30 + 30}}, v, out)
	require.Equal(t, []int32{1 << 25, 1 << 25, 1 << 25, 1 << 25}, out)
}
