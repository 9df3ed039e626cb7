package train

// multiplyAdd computes C += A·B in float32. A is m×k with element (i,p) at
// a[i*aRow+p*aStep], so that a transposed A needs no copy; B is k×n and C m×n,
// both row by row without gaps.
func multiplyAdd(c, a []float32, aRow, aStep int, b []float32, m, n, k int) {
	rows, columns := multiplyAddTiles(c, a, aRow, aStep, b, m, n, k)
	for i := range m {
		first := 0
		if i < rows {
			first = columns
		}
		out := c[i*n+first : (i+1)*n]
		if len(out) == 0 {
			continue
		}
		for p := range k {
			factor := a[i*aRow+p*aStep]
			for j, value := range b[p*n+first : (p+1)*n] {
				out[j] += factor * value
			}
		}
	}
}

// transpose sets dst, columns×rows, to the transpose of src, rows×columns.
func transpose(dst, src []float32, rows, columns int) {
	for i := range rows {
		for j, value := range src[i*columns : (i+1)*columns] {
			dst[j*rows+i] = value
		}
	}
}
