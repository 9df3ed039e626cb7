package train

import "math"

const (
	momentumDecay = 0.9
	varianceDecay = 0.99
	stability     = 1e-8
	gradientLimit = 1.0 // bound on the gradient's Euclidean norm
)

// adam is the optimiser of Kingma and Ba (2015) with a bound on the gradient.
type adam struct {
	momentum, variance *Parameters
	updates            int
}

func newAdam(symbols, hidden int) *adam {
	return &adam{momentum: NewParameters(symbols, hidden), variance: NewParameters(symbols, hidden)}
}

// update moves parameters against gradient.
func (o *adam) update(parameters, gradient *Parameters, rate float64) {
	o.updates++
	squares := 0.0
	for _, g := range gradient.all() {
		for _, value := range g {
			squares += float64(value) * float64(value)
		}
	}
	clip := float32(min(1, gradientLimit/max(math.Sqrt(squares), 1e-12)))
	step := float32(rate / (1 - math.Pow(momentumDecay, float64(o.updates))))
	correction := float32(1 / (1 - math.Pow(varianceDecay, float64(o.updates))))
	for i, weights := range parameters.all() {
		momentum, variance := o.momentum.all()[i], o.variance.all()[i]
		for j, g := range gradient.all()[i] {
			g *= clip
			momentum[j] += (1 - momentumDecay) * (g - momentum[j])
			variance[j] += (1 - varianceDecay) * (g*g - variance[j])
			root := float32(math.Sqrt(float64(variance[j] * correction)))
			weights[j] -= step * momentum[j] / (root + stability)
		}
	}
}
