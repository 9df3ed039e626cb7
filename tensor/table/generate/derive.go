package main

import (
	"math"
	"math/big"
)

// named is a table with its name in the package.
type named struct {
	name    string
	numbers []int32
}

// tables derives all tables, with far more digits than they keep.
func tables() []named {
	return []named{
		{"exp2", fill(1024, 30, func(i int) *big.Float {
			return exp(div(mul(number(-float64(i)), logTwo()), number(1024)))
		})},
		{"sigmoid", curve(func(i int) *big.Float { return logistic(number(-16 + float64(i)/64)) })},
		{"normal", curve(func(i int) *big.Float { return normal(number(-8 + float64(i)/128)) })},
		{"normalTanh", curve(func(i int) *big.Float { return normalTanh(number(-8 + float64(i)/128)) })},
		{"tail", fill(31*64, 24, func(i int) *big.Float {
			return tail(math.Ldexp(1+float64(i%64)/64, i/64-32))
		})},
	}
}

// fill rounds a function at 0 to n to places after the point.
func fill(n, places int, f func(int) *big.Float) []int32 {
	numbers := make([]int32, n+1)
	for i := range numbers {
		v := mul(f(i), number(math.Ldexp(1, places)))
		half := 0.5
		if v.Sign() < 0 {
			half = -0.5
		}
		rounded, _ := add(v, number(half)).Int64()
		numbers[i] = int32(rounded)
	}
	return numbers
}

// curve is fill for a curve of gate, whose ends are 0 and 1.
func curve(f func(int) *big.Float) []int32 {
	numbers := fill(2048, 30, f)
	numbers[0], numbers[2048] = 0, 1<<30
	return numbers
}

// digits is the precision in bits.
const digits = 192

func number(x float64) *big.Float { return new(big.Float).SetPrec(digits).SetFloat64(x) }

func decimal(s string) *big.Float {
	x, _, err := big.ParseFloat(s, 10, digits, big.ToNearestEven)
	if err != nil {
		panic(err)
	}
	return x
}

func add(a, b *big.Float) *big.Float { return number(0).Add(a, b) }
func sub(a, b *big.Float) *big.Float { return number(0).Sub(a, b) }
func mul(a, b *big.Float) *big.Float { return number(0).Mul(a, b) }
func div(a, b *big.Float) *big.Float { return number(0).Quo(a, b) }

// pi has 80 decimals.
func pi() *big.Float {
	return decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
}

// logTwo is the natural logarithm of 2: Σ 1/(n·2^n).
func logTwo() *big.Float {
	sum, power := number(0), number(1)
	for n := 1; n < digits; n++ {
		power = div(power, number(2))
		sum = add(sum, div(power, number(float64(n))))
	}
	return sum
}

// exp is e^x: the series at x/2^16, squared 16 times.
func exp(x *big.Float) *big.Float {
	x = mul(x, number(math.Ldexp(1, -16)))
	sum, term := number(1), number(1)
	for n := 1; n < 14; n++ {
		term = div(mul(term, x), number(float64(n)))
		sum = add(sum, term)
	}
	for range 16 {
		sum = mul(sum, sum)
	}
	return sum
}

// logistic is 1/(1 + e^-x).
func logistic(x *big.Float) *big.Float {
	return div(number(1), add(number(1), exp(number(0).Neg(x))))
}

// density is that of the normal distribution.
func density(x *big.Float) *big.Float {
	root := number(0).Sqrt(mul(number(2), pi()))
	return div(exp(mul(number(-0.5), mul(x, x))), root)
}

// normal is the distribution function: ½ + density(x)·(x + x³/3 + x⁵/(3·5) + …).
func normal(x *big.Float) *big.Float {
	sum, term := number(0), x
	for n := 3; n < 300; n += 2 {
		sum = add(sum, term)
		term = div(mul(term, mul(x, x)), number(float64(n)))
	}
	return add(number(0.5), mul(density(x), sum))
}

// normalTanh is ½(1 + tanh y) = 1/(1 + e^-2y) with y = √(2/π)(x + 0.044715x³).
func normalTanh(x *big.Float) *big.Float {
	cube := mul(x, mul(x, x))
	y := mul(number(0).Sqrt(div(number(2), pi())), add(x, mul(decimal("0.044715"), cube)))
	return logistic(mul(number(2), y))
}

// tail is the x with normal(-x) = chance: Newton's steps from a guess of 50 bits.
func tail(chance float64) *big.Float {
	x := number(-math.Sqrt2 * math.Erfcinv(2*chance))
	for range 3 {
		x = sub(x, div(sub(normal(x), number(chance)), density(x)))
	}
	return number(0).Neg(x)
}
