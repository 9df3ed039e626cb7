package convert

import (
	"math"
	"slices"

	"github.com/thetaedge/theta/examples/upscale/network"
)

// ranges says how large the numbers at each place and in each channel become on pictures.
type ranges struct {
	// size is the size that counts, by place and channel.
	size [][]float64
	// largest is the largest size by place.
	largest []float64
}

// Tail is the Tail of Options that brought ESRGAN Slim nearest to floating-point numbers.
const Tail = 100

// Options say how to round.
type Options struct {
	// Tail is the part of the numbers of a channel that may be too large for eight bits, in
	// millionths. They count as the largest number that fits.
	Tail int
	// OneScale gives all channels of a layer the same scale.
	OneScale bool
}

// measure runs the graph on pictures.
func measure(g *graph, pictures []network.Picture, o Options) ranges {
	places := len(g.layers)
	r := ranges{make([][]float64, places), make([]float64, places)}
	for place := range places {
		r.size[place] = make([]float64, g.channels(place))
	}
	for _, p := range pictures {
		for place, plane := range g.run(p) {
			for c := range plane.channels {
				sizes := plane.sizes(c)
				top := len(sizes) - 1
				r.largest[place] = max(r.largest[place], sizes[top])
				r.size[place][c] = max(r.size[place][c], sizes[top-top*min(max(o.Tail, 0), 1_000_000)/1_000_000])
			}
		}
	}
	return r
}

// sizes returns the sizes of the numbers of a channel in order.
func (p plane) sizes(c int) []float64 {
	sizes := make([]float64, 0, p.height*p.width)
	for i := c; i < len(p.values); i += p.channels {
		sizes = append(sizes, math.Abs(float64(p.values[i])))
	}
	slices.Sort(sizes)
	return sizes
}

// leastPart bounds the scales of channels that are nearly silent on the example pictures: they
// are at least this part of the scale of the loudest channel.
const leastPart = 1.0 / 256

// scales returns what one step of eight bits means, by place and channel. The parts of the
// picture's colours keep their numbers.
func (r ranges) scales(g *graph, o Options) [][]float64 {
	scales := make([][]float64, len(r.size))
	for place, sizes := range r.size {
		scales[place] = make([]float64, len(sizes))
		top := max(slices.Max(sizes), math.SmallestNonzeroFloat32)
		for c, size := range sizes {
			switch {
			case place == 0:
				scales[place][c] = 1
			case o.OneScale:
				scales[place][c] = top / 127
			default:
				scales[place][c] = max(size, top*leastPart) / 127
			}
		}
		if place > 0 && g.layers[place-1].Kind == network.Join {
			scales[place] = scales[place][:0]
			for _, from := range g.layers[place-1].From {
				scales[place] = append(scales[place], scales[from]...)
			}
		}
	}
	return scales
}
