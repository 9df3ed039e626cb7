package float

import (
	"math"

	"github.com/thetaedge/theta/models/checkpoint"
)

// frequencies returns the angles, in radians per position, by which the pairs of a head turn.
func frequencies(c checkpoint.Config) []float64 {
	f := make([]float64, c.HeadDim/2)
	for i := range f {
		f[i] = math.Pow(c.RopeTheta, -2*float64(i)/float64(c.HeadDim))
		switch r := c.RopeScaling; c.RopeKind() {
		case "linear":
			f[i] /= r.Factor
		case "llama3":
			// Turns of a pair within the context that was trained first.
			turns := float64(r.OriginalMaxPositionEmbeddings) * f[i] / (2 * math.Pi)
			kept := (turns - r.LowFreqFactor) / (r.HighFreqFactor - r.LowFreqFactor)
			kept = min(max(kept, 0), 1)
			f[i] *= kept + (1-kept)/r.Factor
		}
	}
	return f
}

// rotate turns the pairs (i, i + dim/2) of each head of a row by the row's position.
func rotate(x []float32, heads, dim int, frequencies []float64) {
	for row := range len(x) / dim {
		head := x[row*dim:][:dim]
		for i, f := range frequencies {
			sin, cos := math.Sincos(float64(row/heads) * f)
			a, b := float64(head[i]), float64(head[i+dim/2])
			head[i], head[i+dim/2] = float32(a*cos-b*sin), float32(b*cos+a*sin)
		}
	}
}

// attend returns the mean of the values that each head of each query sees. q is
// [rows,heads,dim], k and v are [rows,kvHeads,dim].
func attend(c checkpoint.Config, q, k, v []float32, window int) []float32 {
	heads, kvHeads, dim := c.NumAttentionHeads, c.NumKeyValueHeads, c.HeadDim
	out := make([]float32, len(q))
	for t := range len(q) / (heads * dim) {
		from := 0
		if window > 0 {
			from = max(0, t+1-window)
		}
		for h := range heads {
			g := h / (heads / kvHeads)
			query, mixed := q[(t*heads+h)*dim:][:dim], make([]float64, dim)
			scores, most := make([]float64, 0, t+1-from), math.Inf(-1)
			for s := from; s <= t; s++ {
				score := float64(dot(query, k[(s*kvHeads+g)*dim:][:dim])) / math.Sqrt(float64(dim))
				scores, most = append(scores, score), max(most, score)
			}
			total := 0.0
			for i, score := range scores {
				weight := math.Exp(score - most)
				total += weight
				for d, value := range v[((from+i)*kvHeads+g)*dim:][:dim] {
					mixed[d] += weight * float64(value)
				}
			}
			for d, m := range mixed {
				out[(t*heads+h)*dim+d] = float32(m / total)
			}
		}
	}
	return out
}
