package fixed_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor/fixed"
)

// rounds is the number of random operands of each test.
const rounds = 20_000

// edges are operands at which arithmetic of 32 bits goes wrong.
var edges = []int32{math.MinInt32, math.MinInt32 + 1, -1 << 30, -2, -1, 0, 1, 2, 1<<30 - 1, 1 << 30, math.MaxInt32 - 1, math.MaxInt32}

// draw returns a number of any size.
func draw(r *rand.Rand) int32 {
	if r.IntN(8) == 0 {
		return edges[r.IntN(len(edges))]
	}
	return int32(r.Uint32()) >> r.IntN(32)
}

func number(x int64) *big.Int { return big.NewInt(x) }

// power returns 2^n.
func power(n uint) *big.Int { return new(big.Int).Lsh(number(1), n) }

// rounded returns num/den, half away from zero, within ±Max.
func rounded(num, den *big.Int) int64 {
	half := new(big.Int).Rsh(den, 1)
	size := new(big.Int).Add(new(big.Int).Abs(num), half)
	size.Quo(size, den)
	if size.Cmp(number(fixed.Max)) > 0 {
		size = number(fixed.Max)
	}
	if num.Sign() < 0 {
		size.Neg(size)
	}
	return size.Int64()
}

func TestMulShrIsTheRoundedProduct(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range rounds {
		a, b, s := draw(r), uint32(draw(r)), r.Uint32N(63)
		product := new(big.Int).Mul(number(int64(a)), number(int64(b)))
		require.EqualValues(t, rounded(product, power(uint(s))), fixed.MulShr(a, b, s), "%d %d %d", a, b, s)
		c := int32(b)
		product.Mul(number(int64(a)), number(int64(c)))
		require.EqualValues(t, rounded(product, power(uint(s))), fixed.MulShrSigned(a, c, s), "%d %d %d", a, c, s)
	}
}

func TestDivFracRootAndFloorAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range rounds {
		a, b := uint32(draw(r)), uint32(draw(r))
		if a < b {
			want := new(big.Int).Lsh(number(int64(a)), 32)
			require.Equal(t, want.Quo(want, number(int64(b))).Uint64(), uint64(fixed.DivFrac(a, b)))
		}
		x := r.Uint64() >> r.IntN(64)
		if r.IntN(4) == 0 {
			x = uint64(a)*uint64(a) - 1
		}
		require.Equal(t, new(big.Int).Sqrt(new(big.Int).SetUint64(x)).Uint64(), uint64(fixed.Root(x)), x)
		n, d := int64(x), int64(b)+1
		quotient, rest := new(big.Int).DivMod(number(n), number(d), new(big.Int))
		require.Equal(t, quotient.Int64(), fixed.Floor(n, d), rest)
	}
	require.EqualValues(t, math.MaxUint32, fixed.Root(math.MaxUint64))
}

func TestSumsAreTheNearestNumber(t *testing.T) {
	nearest := func(x int64) int32 { return int32(min(max(x, math.MinInt32), math.MaxInt32)) }
	for _, a := range edges {
		for _, b := range edges {
			require.Equal(t, nearest(int64(a)+int64(b)), fixed.Add(a, b))
			require.Equal(t, nearest(int64(a)-int64(b)), fixed.Sub(a, b))
		}
	}
}

// value is what a scale means: m·2^-e.
func value(m int64, e int32) *big.Rat {
	v := new(big.Rat).SetInt64(m)
	if e < 0 {
		return v.Mul(v, new(big.Rat).SetInt(power(uint(-e))))
	}
	return v.Quo(v, new(big.Rat).SetInt(power(uint(e))))
}

func of(s fixed.Scale) *big.Rat { return value(int64(s.M), s.E) }

// drawScale returns a scale of any bit pattern, half of the time near 1.
func drawScale(r *rand.Rand) fixed.Scale {
	if r.IntN(2) == 0 {
		return fixed.Scale{M: draw(r), E: r.Int32N(80)}
	}
	return fixed.Scale{M: draw(r), E: draw(r)}
}

func requireNormal(t *testing.T, s fixed.Scale) {
	t.Helper()
	require.True(t, s == fixed.Scale{} || s.M >= 1<<30, s)
}

func TestNormKeepsTheValue(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for range rounds {
		s := drawScale(r)
		want := value(int64(uint32(s.M)&0x7fffffff), min(max(s.E, -512), 512))
		requireNormal(t, s.Norm())
		require.Zero(t, want.Cmp(of(s.Norm())), s)
	}
}

// requireCut fails if a scale is not the exact value cut to 31 bits: the same, or less by at most
// one unit in the last of them.
func requireCut(t *testing.T, exact *big.Rat, s fixed.Scale, units int64, about ...any) {
	t.Helper()
	requireNormal(t, s)
	require.GreaterOrEqual(t, exact.Cmp(of(s)), 0, about...)
	next := value(int64(s.M)+units, s.E)
	require.True(t, exact.Sign() == 0 || exact.Cmp(next) < 0, about...)
}

func TestCombineIsTheProductCutTo31Bits(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for range rounds {
		s, u := drawScale(r), drawScale(r)
		exact := new(big.Rat).Mul(of(s.Norm()), of(u.Norm()))
		requireCut(t, exact, fixed.Combine(s, u), 1, s, u)
	}
}

func TestRatioAndInverseAreCutTo31Bits(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for range rounds {
		a, b := uint32(draw(r)), uint32(draw(r))
		if a == 0 || b == 0 {
			require.Zero(t, fixed.Ratio(a, b))
			continue
		}
		exact := new(big.Rat).SetFrac(number(int64(a)), number(int64(b)))
		requireCut(t, exact, fixed.Ratio(a, b), 2, a, b) // an odd a of 32 bits loses its last one
		n := uint64(a) * uint64(b) >> 1
		if n > 0 {
			// n counts with 32 bits, so the inverse is exact or larger by 2^-31 of itself.
			requireNear(t, new(big.Rat).SetFrac(number(1), new(big.Int).SetUint64(n)), fixed.Inverse(n), 1e-9)
		}
	}
}

func requireNear(t *testing.T, exact *big.Rat, s fixed.Scale, relative float64) {
	t.Helper()
	requireNormal(t, s)
	quotient, _ := new(big.Rat).Quo(of(s), exact).Float64()
	require.InDelta(t, 1, quotient, relative)
}

func TestInverseRootIsNearTheRoot(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	for range rounds {
		n, sum := r.Uint64N(1<<24)+1, r.Uint64()>>r.IntN(64)
		if sum == 0 {
			require.Zero(t, fixed.InverseRoot(n, sum))
			continue
		}
		s := fixed.InverseRoot(n, sum)
		requireNormal(t, s)
		want := math.Sqrt(float64(n) / float64(sum))
		require.InEpsilon(t, want, math.Ldexp(float64(s.M), -int(s.E)), 3e-9)
	}
}

func TestApplyIsTheRoundedProduct(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for range rounds {
		s, a, f := drawScale(r).Norm(), draw(r), r.Int32N(129)-64
		exact := new(big.Rat).Mul(of(s), value(int64(a), -f))
		want := int64(0)
		// Below 2^-31 and above 2^31 the shift stops; the result is 0 or the bound all the same.
		if s.E-f <= 62 {
			want = rounded(exact.Num(), exact.Denom())
		}
		require.EqualValues(t, want, s.Apply(a, f), "%v %d %d", s, a, f)
		require.Equal(t, s.Apply(a, f), s.ApplyWide(int64(a)&^1|int64(a)&1, f))
	}
}

func TestApplyWideIsNearTheProduct(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for range rounds {
		s := fixed.Scale{M: 1<<30 + r.Int32N(1<<30), E: r.Int32N(90)}
		a := int64(r.Uint64()) >> r.IntN(64)
		want := float64(a) * math.Ldexp(float64(s.M), 16-int(s.E))
		want = min(max(want, -fixed.Max), fixed.Max)
		got := float64(s.ApplyWide(a, 16))
		require.InDelta(t, want, got, 0.51+math.Abs(want)*2e-9, "%v %d", s, a)
	}
}

func TestLookupIsOnTheLineBetweenEntries(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	for range rounds {
		g := fixed.Grid{Low: draw(r), Step: r.Uint32N(31), Intervals: 1 + r.Uint32N(9)}
		table := make([]int32, g.Intervals+1)
		for i := range table {
			table[i] = draw(r)
		}
		x := draw(r)
		at := int64(x) - int64(g.Low)
		i, rest := at>>g.Step, at&(1<<g.Step-1)
		var want int32
		switch {
		case at < 0:
			want = table[0]
		case i >= int64(g.Intervals):
			want = table[g.Intervals]
		default:
			difference := new(big.Int).Mul(number(int64(table[i+1]-table[i])), number(rest))
			want = table[i] + int32(difference.Rsh(difference, uint(g.Step)).Int64())
		}
		require.Equal(t, want, g.Lookup(table, x))
	}
}
