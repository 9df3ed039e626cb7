package tensor_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
)

// shapes are the tensors of these tests.
var shapes = map[tensor.Handle]tensor.Shape{
	1: {Type: tensor.S8, Count: 64}, 2: {Type: tensor.S8, Count: 64}, 3: {Type: tensor.S32, Count: 64},
	4: {Type: tensor.S32, Count: 64}, 5: {Type: tensor.Scales, Count: 8}, 6: {Type: tensor.S16, Count: 64},
	7: {Type: tensor.S4, Count: 64}, 8: {Type: tensor.S32, Count: 1 << 33},
}

func lookup(h tensor.Handle) (tensor.Shape, bool) {
	s, found := shapes[h]
	return s, found
}

func at(h tensor.Handle, offset ...uint64) tensor.Operand {
	o := tensor.Operand{Tensor: h}
	if len(offset) > 0 {
		o.Offset = offset[0]
	}
	return o
}

func TestOperationsAreCheckedBeforeTheyRun(t *testing.T) {
	gemm := func(change func(*tensor.Gemm)) tensor.Op {
		o := &tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1, M: 8, N: 8, K: 8}
		change(o)
		return o
	}
	plain := func(change func(*tensor.Copy)) tensor.Op {
		o := &tensor.Copy{From: at(1), To: at(2), Size: [5]uint32{1, 1, 2, 2, 8}, FromStride: [5]uint32{0, 0, 16, 8, 1}, ToStride: [4]uint32{0, 0, 16, 8}}
		change(o)
		return o
	}
	for name, c := range map[string]struct {
		op   tensor.Op
		want string
	}{
		"a right one":                {gemm(func(*tensor.Gemm) {}), ""},
		"a size of zero":             {gemm(func(o *tensor.Gemm) { o.N = 0 }), "expected sizes Batch, M and N from 1 to 2147483647, found 0"},
		"a sum that overflows":       {gemm(func(o *tensor.Gemm) { o.K = tensor.MaxK + 4 }), "expected sizes K from 1 to 65536, found 65540"},
		"no tensor":                  {gemm(func(o *tensor.Gemm) { o.A = at(99) }), "expected a tensor for A, found handle 99"},
		"handle 0":                   {gemm(func(o *tensor.Gemm) { o.A = at(0) }), "expected a tensor for A, found handle 0"},
		"another type":               {gemm(func(o *tensor.Gemm) { o.W = at(3) }), "expected W of [s8], found s32"},
		"past the end":               {gemm(func(o *tensor.Gemm) { o.A = at(1, 4) }), "expected A of 64 elements from 4 on, found a tensor of 64"},
		"an offset past everything":  {gemm(func(o *tensor.Gemm) { o.A = at(1, math.MaxUint64-3) }), "expected A of 64 elements from 18446744073709551612 on"},
		"sizes that wrap":            {gemm(func(o *tensor.Gemm) { o.M, o.Batch, o.K = 1<<31-1, 1<<31-1, 4 }), "expected A of 18446744056529682436 elements"},
		"an offset in a word":        {gemm(func(o *tensor.Gemm) { o.A, o.M, o.N = at(1, 2), 1, 1 }), "expected rows of A at multiples of 4 bytes"},
		"rows in a word":             {gemm(func(o *tensor.Gemm) { o.K = 6 }), "expected rows of A at multiples of 4 bytes"},
		"an output over an input":    {&tensor.Argmax{X: at(3), Out: at(3, 7), Rows: 1, Cols: 8}, "expected Out and X in different places"},
		"an output next to an input": {&tensor.Argmax{X: at(3), Out: at(3, 8), Rows: 1, Cols: 8}, ""},
		"in place":                   {&tensor.Clamp{X: at(3), Out: at(3), Count: 64}, ""},
		"almost in place":            {&tensor.Clamp{X: at(3), Out: at(3, 1), Count: 63}, "expected Out and X in different places"},
		"in place of another width":  {&tensor.Cast{X: at(1), Out: at(1), Count: 64}, ""},
		"a row in place": {
			&tensor.Binary{A: at(3), B: at(4), Out: at(4), Rows: 1, Cols: 64, OneRow: true}, "expected Out and B in different places",
		},
		"two outputs in one place": {
			&tensor.TopK{X: at(3), Values: at(4), Places: at(4, 3), Rows: 1, Cols: 64, K: 4}, "expected Values and Places in different places",
		},
		"an offset of what is left out": {
			&tensor.RMSNorm{X: at(3), Gain: at(0, 4), Out: at(4), Rows: 1, Cols: 64}, "expected offset 0 of Gain, which is left out",
		},
		"a scale too much": {
			&tensor.RMSNorm{X: at(3), Out: at(4), Scale: at(5), Rows: 1, Cols: 64}, "expected no Scale for an Out of s32",
		},
		"no scale for eight bits": {&tensor.RMSNorm{X: at(3), Out: at(1), Rows: 1, Cols: 64}, "expected a tensor for Scale"},
		"a huge epsilon": {
			&tensor.RMSNorm{X: at(3), Out: at(4), Rows: 1, Cols: 64, Epsilon: tensor.MaxEpsilon + 1}, "expected Epsilon of at most",
		},
		"no scale at all":     {&tensor.Rescale{Acc: at(3), Out: at(4), Rows: 8, Cols: 8}, "expected Row or Col, found neither"},
		"a flag of nothing":   {&tensor.Rescale{Acc: at(3), Col: at(5), Out: at(4), Rows: 8, Cols: 8, OneRow: true}, "expected no flag for Row"},
		"places far off":      {&tensor.Quant{X: at(3), Out: at(1), Scale: at(5), Rows: 8, Cols: 8, Fraction: 65}, "expected places after the point from -64 to 64"},
		"a group of odd size": {&tensor.Expand4{W: at(7), Gain: at(1), Out: at(2), N: 1, K: 48, Group: 12}, "expected a Group that is a multiple of 8"},
		"heads that do not divide": {
			&tensor.Softmax{X: at(3), Out: at(4), Scale: at(5), Queries: 1, Heads: 3, KVHeads: 2, Keys: 4}, "expected Heads that are a multiple of KVHeads",
		},
		"a mask that is none": {
			&tensor.Softmax{X: at(3), Out: at(4), Scale: at(5), Queries: 1, Heads: 1, KVHeads: 1, Keys: 4, Mask: tensor.Mask{Window: 1}},
			"expected Base and Window 0 without Causal",
		},
		"an odd rotation": {&tensor.Rope{X: at(3), Cos: at(4), Sin: at(4), Out: at(4), Rows: 1, Heads: 1, Dim: 8, Rotated: 3}, "expected an even Rotated"},
		"a table as large as may be": {
			&tensor.Rope{X: at(3), Cos: at(8), Sin: at(8), Out: at(4), Rows: 2, Heads: 1, Dim: 2, Rotated: 2, From: math.MaxInt32 - 2}, "",
		},
		"a table with too many rows": {
			&tensor.Rope{X: at(3), Cos: at(8), Sin: at(8), Out: at(4), Rows: 2, Heads: 1, Dim: 2, Rotated: 2, From: math.MaxUint32},
			"expected From + Rows from 1 to 2147483647, found 4294967297",
		},
		"a table of a curve":     {&tensor.Gate{X: at(3), Table: at(4), Out: at(3), Count: 4, Curve: tensor.Sigmoid}, "expected no Table for Curve 1"},
		"a curve that is none":   {&tensor.Gate{X: at(3), Out: at(3), Count: 4, Curve: 4}, "expected Curve from 0 to 3, found 4"},
		"a shift without factor": {&tensor.Gate{X: at(3), Out: at(3), Count: 4, Curve: tensor.Sigmoid, Shift: 1}, "expected Shift 0 without U"},
		"a table too short": {
			&tensor.Lookup{X: at(3), Table: at(4), Out: at(3), Count: 4, Grid: tensor.Grid{Intervals: 64}}, "expected Table of 65 elements",
		},
		"a kind that is none":  {&tensor.Binary{A: at(3), B: at(4), Out: at(3), Rows: 1, Cols: 4, Kind: 5}, "expected Kind from 0 to 4"},
		"a shift of a sum":     {&tensor.Binary{A: at(3), B: at(4), Out: at(3), Rows: 1, Cols: 4, Shift: 1}, "expected Shift 0 for Kind 0"},
		"more than a row has":  {&tensor.TopK{X: at(3), Values: at(4), Places: at(4, 32), Rows: 1, Cols: 8, K: 9}, "expected K of at most Cols"},
		"a copy":               {plain(func(*tensor.Copy) {}), ""},
		"a copy over itself":   {plain(func(o *tensor.Copy) { o.ToStride[3] = 4 }), "expected a stride of To of at least 8 in dimension 3, found 4"},
		"a copy between words": {plain(func(o *tensor.Copy) { o.ToStride[2], o.ToStride[3] = 20, 9 }), "expected rows of To at multiples of 4 bytes"},
		"a copy of two types":  {plain(func(o *tensor.Copy) { o.To = at(3) }), "expected To of [s8], found s32"},
		"a copy within":        {plain(func(o *tensor.Copy) { o.To = at(1, 16) }), "expected To and From in different places"},
		"a repeated copy":      {plain(func(o *tensor.Copy) { o.FromStride = [5]uint32{} }), ""},
		"pixels far away": {
			&tensor.Conv2D{X: at(1), W: at(2), Out: at(3), Batch: 1, Channels: 4, OutChannels: 1, Window: tensor.Window{
				Height: 2, Width: 2, KernelHeight: 1, KernelWidth: 1, OutHeight: 2, OutWidth: 2,
				StrideY: 1 << 30, StrideX: 1, DilationY: 1, DilationX: 1,
			}}, "expected pixels up to 1073741824",
		},
	} {
		err := tensor.Validate([]tensor.Op{c.op}, lookup)
		if c.want == "" {
			require.NoError(t, err, name)
			continue
		}
		var trap *tensor.Trap
		require.ErrorAs(t, err, &trap, name)
		require.ErrorContains(t, err, c.op.Code().String()+": "+c.want, name)
	}
}

func TestATrapNamesItsRecord(t *testing.T) {
	right := &tensor.Clamp{X: at(3), Out: at(3), Count: 64}
	err := tensor.Validate([]tensor.Op{right, right, &tensor.Clamp{}}, lookup)
	require.ErrorContains(t, err, "record 2: clamp: expected sizes Count")
}

// Nothing of a submission runs if a later record is wrong.
func TestNothingRunsBeforeEverythingIsChecked(t *testing.T) {
	s := tensor.NewSession(nil, 0)
	_, err := s.Check(tensor.Encode(&tensor.Fill{}))
	var trap *tensor.Trap
	require.ErrorAs(t, err, &trap)
}

func TestMaskShowsTheLastKeys(t *testing.T) {
	for _, c := range []struct {
		mask         tensor.Mask
		t, from, end int
	}{
		{tensor.Mask{}, 3, 0, 10},
		{tensor.Mask{Causal: true}, 0, 0, 1},
		{tensor.Mask{Causal: true, Base: 4}, 2, 0, 7},
		{tensor.Mask{Causal: true, Base: 4, Window: 3}, 2, 4, 7},
		{tensor.Mask{Causal: true, Base: 4, Window: 30}, 2, 0, 7},
		{tensor.Mask{Causal: true, Base: 11, Window: 3}, 0, 9, 10},
		{tensor.Mask{Causal: true, Base: 20, Window: 3}, 0, 10, 10},
		{tensor.Mask{Causal: true, Base: math.MaxInt32}, math.MaxInt32 - 1, 0, 10},
	} {
		from, end := c.mask.Keys(c.t, 10)
		require.Equal(t, []int{c.from, c.end}, []int{from, end}, c)
	}
}
