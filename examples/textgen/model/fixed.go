package model

// All inference arithmetic is integer arithmetic on fixed-point numbers, so no
// rule about floats (rounding, fused multiply-add, NaN bits) can make two
// machines differ. "Qn" below means an integer in units of 2^-n.
const (
	activationBits = 16 // logits and sums before a gate: Q16
	stateBits      = 15 // gates and hidden state: Q15
	scaleBits      = 24 // scale of a row of weights: Q24
	expBits        = 30 // exponentials: Q30

	one15 = 1 << stateBits
	one30 = 1 << expBits

	// ln2 is the natural logarithm of 2 in Q30.
	ln2 = 744261118

	// saturation is where e^-x underflows Q30: 22 > 30·ln 2, in Q16.
	saturation = 22 << activationBits
)

// expNegative returns e^-x in Q30 for x ≥ 0 in Q16: x = n·ln 2 + g, so the
// result is 2^-n · e^-g with 0 ≤ g < ln 2, and the Taylor series of e^-g is cut
// after the eighth power (error below 2^-23).
func expNegative(x int64) int64 {
	if x >= saturation {
		return 0
	}
	wide := x << (expBits - activationBits)
	n := wide / ln2
	g := wide - n*ln2
	sum := int64(one30)
	for k := int64(8); k > 0; k-- {
		sum = one30 - (g*sum>>expBits)/k
	}
	return sum >> n
}

// sigmoid returns 1/(1+e^-x) in Q15 for x in Q16.
func sigmoid(x int64) int64 {
	negative := x < 0
	if negative {
		x = -x
	}
	upper := (int64(one30) << stateBits) / (one30 + expNegative(x))
	if negative {
		return one15 - upper
	}
	return upper
}

// tanh returns 2·sigmoid(2x) − 1 in Q15 for x in Q16.
func tanh(x int64) int64 { return 2*sigmoid(2*x) - one15 }
