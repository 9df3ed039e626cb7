//go:build !goexperiment.simd || !amd64

package train

// multiplyAddTiles covers nothing here: all work is left to the plain loops.
func multiplyAddTiles(_, _ []float32, _, _ int, _ []float32, _, _, _ int) (rows, columns int) {
	return 0, 0
}
