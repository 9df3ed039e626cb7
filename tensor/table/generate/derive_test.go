package main

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor/table"
)

// The numbers are what the program derives.
func TestTablesAreDerivedAgain(t *testing.T) {
	shipped := map[string][]int32{
		"exp2": table.Exp2(), "sigmoid": table.Sigmoid(), "normal": table.Normal(),
		"normalTanh": table.NormalTanh(), "tail": table.Tail(),
	}
	for _, derived := range tables() {
		require.Equal(t, derived.numbers, shipped[derived.name], derived.name)
		delete(shipped, derived.name)
	}
	require.Empty(t, shipped)
}

// The numbers are those of the standard library's functions, as far as these are exact.
func TestTablesAgreeWithFloats(t *testing.T) {
	near := func(name string, want float64, places int, got int32) {
		require.InDelta(t, want*math.Ldexp(1, places), float64(got), 1, name)
	}
	for i, n := range table.Exp2() {
		near("exp2", math.Exp2(-float64(i)/1024), 30, n)
	}
	for i := 1; i < table.CurveIntervals; i++ {
		x := -16 + float64(i)/64
		near("sigmoid", 1/(1+math.Exp(-x)), 30, table.Sigmoid()[i])
		near("normal", math.Erfc(-x/2/math.Sqrt2)/2, 30, table.Normal()[i])
		near("normalTanh", (1+math.Tanh(math.Sqrt(2/math.Pi)*(x/2+0.044715*x*x*x/8)))/2, 30, table.NormalTanh()[i])
	}
	for i, n := range table.Tail() {
		chance := math.Ldexp(1+float64(i%64)/64, i/64-32)
		near("tail", math.Sqrt2*math.Erfcinv(2*chance), 24, n)
	}
}
