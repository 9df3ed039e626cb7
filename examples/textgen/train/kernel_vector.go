//go:build goexperiment.simd && amd64

package train

import "simd/archsimd"

const (
	lanes       = 8
	tileRows    = 4
	tileColumns = 2 * lanes
)

// multiplyAddTiles does the part of multiplyAdd that fits whole 4×16 tiles, with
// AVX2 and fused multiply-add, and returns how many rows and columns that was.
func multiplyAddTiles(c, a []float32, aRow, aStep int, b []float32, m, n, k int) (rows, columns int) {
	if !archsimd.X86.AVX2() || !archsimd.X86.FMA() || k == 0 {
		return 0, 0
	}
	rows, columns = m-m%tileRows, n-n%tileColumns
	for j := 0; j < columns; j += tileColumns {
		for i := 0; i < rows; i += tileRows {
			multiplyAddTile(c[i*n+j:], a[i*aRow:], aRow, aStep, b[j:], n, k)
		}
	}
	return rows, columns
}

// multiplyAddTile keeps one tile of C in eight registers over all of k.
func multiplyAddTile(c, a []float32, aRow, aStep int, b []float32, n, k int) {
	c00, c01 := load(c), load(c[lanes:])
	c10, c11 := load(c[n:]), load(c[n+lanes:])
	c20, c21 := load(c[2*n:]), load(c[2*n+lanes:])
	c30, c31 := load(c[3*n:]), load(c[3*n+lanes:])
	for p := range k {
		row := (*[tileColumns]float32)(b[p*n:])
		b0 := archsimd.LoadFloat32x8((*[lanes]float32)(row[:lanes]))
		b1 := archsimd.LoadFloat32x8((*[lanes]float32)(row[lanes:]))
		at := p * aStep
		x := archsimd.BroadcastFloat32x8(a[at])
		c00, c01 = x.MulAdd(b0, c00), x.MulAdd(b1, c01)
		x = archsimd.BroadcastFloat32x8(a[at+aRow])
		c10, c11 = x.MulAdd(b0, c10), x.MulAdd(b1, c11)
		x = archsimd.BroadcastFloat32x8(a[at+2*aRow])
		c20, c21 = x.MulAdd(b0, c20), x.MulAdd(b1, c21)
		x = archsimd.BroadcastFloat32x8(a[at+3*aRow])
		c30, c31 = x.MulAdd(b0, c30), x.MulAdd(b1, c31)
	}
	c00.StoreSlice(c)
	c01.StoreSlice(c[lanes:])
	c10.StoreSlice(c[n:])
	c11.StoreSlice(c[n+lanes:])
	c20.StoreSlice(c[2*n:])
	c21.StoreSlice(c[2*n+lanes:])
	c30.StoreSlice(c[3*n:])
	c31.StoreSlice(c[3*n+lanes:])
}

func load(s []float32) archsimd.Float32x8 { return archsimd.LoadFloat32x8Slice(s) }
