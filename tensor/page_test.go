package tensor_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
)

// The specification numbers each operation and type as the code does.
func TestTheSpecificationHasTheNumbers(t *testing.T) {
	page, err := os.ReadFile("../docs/profiles/tensor-1.md")
	require.NoError(t, err)
	for _, code := range tensor.Codes() {
		require.Contains(t, string(page), fmt.Sprintf("\n| %d `%v` | ", uint32(code), code))
		fuel := regexp.MustCompile(fmt.Sprintf("(?m)^\\| `(?:[a-z0-9]*`, `)*%v`.* \\| .+ \\|$", code))
		require.True(t, fuel.Match(page), "the fuel of %v", code)
	}
	for _, kind := range tensor.Types() {
		require.Contains(t, string(page), fmt.Sprintf("\n| `%v` | %d | ", kind, uint32(kind)))
	}
}

// The fuel of shapes that are all primes, so that each term of a formula shows.
func TestFuelIsThatOfTheSpecification(t *testing.T) {
	window := tensor.Window{Height: 11, Width: 13, KernelHeight: 3, KernelWidth: 5, OutHeight: 7, OutWidth: 17}
	for _, c := range []struct {
		op   tensor.Op
		want uint64
	}{
		{&tensor.Gemm{Batch: 3, M: 5, N: 7, K: 11}, 3*5*7*11/4 + 12*3*5*7 + 3*7*11/8 + 3*5*11/8},
		{&tensor.Gemm{Batch: 3, M: 5, N: 7, K: 11, SharedW: true}, 3*5*7*11/4 + 12*3*5*7 + 7*11/8 + 3*5*11/8},
		{&tensor.Expand4{N: 3, K: 35, Group: 7}, 4*3*35 + 16*3*5},
		{&tensor.Rescale{Rows: 3, Cols: 5}, 32 * 3 * 5},
		{&tensor.Quant{Rows: 3, Cols: 5}, 20*3*5 + 100*3},
		{&tensor.RMSNorm{Rows: 3, Cols: 5}, 48*3*5 + 200*3},
		{&tensor.LayerNorm{Rows: 3, Cols: 5}, 48*3*5 + 200*3},
		{&tensor.GroupNorm{Batch: 3, Pixels: 5, Channels: 7, Groups: 2}, 48*3*5*7 + 200*3*2},
		{&tensor.Rope{Rows: 3, Heads: 5, Dim: 7, Rotated: 2}, 12 * 3 * 5 * 7},
		{&tensor.AttnScores{Queries: 3, Heads: 5, KVHeads: 7, Keys: 11, Dim: 13}, 5*3*11*13/4 + 40*5*3*11 + 11*7*13/8},
		{&tensor.Softmax{Queries: 3, Heads: 5, KVHeads: 7, Keys: 11}, 48*5*3*11 + 128*5*3},
		{&tensor.AttnValues{Queries: 3, Heads: 5, KVHeads: 7, Keys: 11, Dim: 13}, 5*3*11*13 + 16*3*5*13 + 2*5*3*11},
		{&tensor.Lookup{Count: 3}, 6 * 3},
		{&tensor.Gate{Count: 3}, 20 * 3},
		{&tensor.Conv2D{Batch: 2, Channels: 19, OutChannels: 23, Window: window}, 2*7*17*23*3*5*19/4 + 24*2*7*17*23 + 2*11*13*19/8},
		{&tensor.Depthwise2D{Batch: 2, Channels: 19, Window: window}, 4*2*7*17*19*3*5 + 8*2*7*17*19},
		{&tensor.Copy{Size: [5]uint32{2, 3, 5, 7, 11}}, 8 * 2 * 3 * 5 * 7 * 11},
		{&tensor.Fill{Count: 3}, 2 * 3},
		{&tensor.Cast{Count: 3}, 3 * 3},
		{&tensor.Gather{Rows: 3, Cols: 5, Count: 7}, 3*7*5 + 12*7},
		{&tensor.Binary{Rows: 3, Cols: 5}, 12 * 3 * 5},
		{&tensor.Clamp{Count: 3}, 3 * 3},
		{&tensor.Leaky{Rows: 3, Cols: 5}, 12 * 3 * 5},
		{&tensor.Sum{Rows: 3, Cols: 5}, 3*3*5 + 20*3},
		{&tensor.Argmax{Rows: 3, Cols: 5}, 5*3*5 + 8*3},
		{&tensor.TopK{Rows: 3, Cols: 5, K: 2}, 192*3*5 + 128*3*2},
		{&tensor.Noise{Count: 3}, 48 * 3},
	} {
		require.Equal(t, c.want, tensor.Fuel(c.op)-tensor.FuelLaunch, c.op.Code())
		require.Equal(t, c.want+2*tensor.FuelLaunch, tensor.FuelOf([]tensor.Op{c.op}))
	}
}
