package convert

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/thetaedge/theta/examples/upscale/network"
	"github.com/thetaedge/theta/examples/upscale/tfjs"
	"github.com/thetaedge/theta/tensor/fixed"
)

// Places is the number of places after the point of sums of layers.
const Places = 12

// rounding makes the weights of a file.
type rounding struct {
	graph    *graph
	scales   [][]float64
	contents map[string][]byte
}

// Run returns the file of the network of integers that is nearest to a model, on pictures like the
// given ones.
func Run(m *tfjs.Model, pictures []network.Picture, o Options) ([]byte, error) {
	g, err := build(m)
	if err != nil {
		return nil, err
	}
	if len(pictures) == 0 {
		return nil, errors.New("expected at least one picture to measure the network on, found none")
	}
	r := measure(g, pictures, o)
	for place, size := range r.largest {
		if size*(1<<Places) > 1<<29 {
			return nil, fmt.Errorf("expected numbers below %d, found %.0f at place %d", 1<<(29-Places), size, place)
		}
	}
	made := rounding{g, r.scales(g, o), map[string][]byte{}}
	n := g.network()
	for _, w := range n.Weights() {
		made.weight(w)
	}
	return network.Encode(n, made.contents)
}

// weight rounds a tensor of the file. The kernel of a layer comes before its other weights.
func (r *rounding) weight(w network.Weight) {
	l := &r.graph.layers[w.Layer]
	switch w.Part {
	case network.Kernel:
		r.kernel(w, l)
	case network.Bias:
		bias := make([]byte, 0, 4*l.Channels)
		for o, b := range l.bias {
			value := math.Round(float64(b) / r.step(w.Layer, o))
			bias = binary.LittleEndian.AppendUint32(bias, uint32(int32(min(max(value, math.MinInt32), math.MaxInt32))))
		}
		r.contents[w.Name()] = bias
	default:
		r.multipliers(w, l)
	}
}

// scaled returns a weight times the scale of the channel that it multiplies.
func (r *rounding) scaled(l *layer, i int) float64 {
	from := r.scales[l.From[0]]
	return float64(l.kernel[i]) * from[i%len(from)]
}

// step returns what one unit of the sum of products of an output means.
func (r *rounding) step(i, output int) float64 {
	l := &r.graph.layers[i]
	count := len(l.kernel) / l.Channels
	top := 0.0
	for j := output * count; j < (output+1)*count; j++ {
		top = max(top, math.Abs(r.scaled(l, j)))
	}
	if top == 0 {
		return 1
	}
	return top / 127
}

func (r *rounding) kernel(w network.Weight, l *layer) {
	count := len(l.kernel) / l.Channels
	kernel := make([]byte, len(l.kernel))
	for o := range l.Channels {
		step := r.step(w.Layer, o)
		for i := o * count; i < (o+1)*count; i++ {
			kernel[i] = byte(int8(math.Round(r.scaled(l, i) / step)))
		}
	}
	r.contents[w.Name()] = kernel
}

// multipliers rounds the scales that lead from a sum to eight bits, or to Places places after the
// point. The result has none.
func (r *rounding) multipliers(w network.Weight, l *layer) {
	var made []byte
	last := w.Layer == len(r.graph.layers)-2
	for o := range l.Channels {
		step := 1.0 / (1 << Places)
		if l.Kind == network.Conv {
			step = r.step(w.Layer, o)
		}
		switch {
		case w.Part == network.Narrow:
			step /= r.scales[w.Layer+1][o]
		case !last:
			step *= 1 << Places
		}
		s := scaleOf(step)
		made = binary.LittleEndian.AppendUint32(made, uint32(s.M))
		made = binary.LittleEndian.AppendUint32(made, uint32(s.E))
	}
	r.contents[w.Name()] = made
}

// scaleOf returns the scale nearest to a positive number.
func scaleOf(x float64) fixed.Scale {
	fraction, exponent := math.Frexp(x)
	m := math.Round(fraction * (1 << 31))
	if m >= 1<<31 {
		m, exponent = m/2, exponent+1
	}
	return fixed.Scale{M: int32(m), E: int32(31 - exponent)}
}
