package sample_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/sample"
)

func sampler(t testing.TB, options sample.Options, seed uint64) *sample.Sampler {
	s, err := sample.New(options, seed)
	require.NoError(t, err)
	return s
}

func next(t testing.TB, s *sample.Sampler, logits []int32) int32 {
	token, err := s.Next(logits)
	require.NoError(t, err)
	return token
}

func TestWithoutTemperatureTheLargestLogitIsTaken(t *testing.T) {
	s := sampler(t, sample.Options{Places: 16}, 1)
	require.Equal(t, int32(2), next(t, s, []int32{-5, 3, 7, 7}))
	require.Equal(t, int32(0), next(t, s, []int32{math.MinInt32, math.MinInt32}))
	_, err := s.Next(nil)
	require.ErrorContains(t, err, "expected logits")
}

// frequencies draws from fixed logits, each time with another seed.
func frequencies(t *testing.T, options sample.Options, logits []int32) []float64 {
	const draws = 20_000
	shares := make([]float64, len(logits))
	for seed := range uint64(draws) {
		shares[next(t, sampler(t, options, seed), logits)] += 1. / draws
	}
	return shares
}

func TestTokensComeAsOftenAsTheirProbability(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, places := range []int{0, 10, 16, 24} {
		for _, temperature := range []float64{0.25, 1, 3} {
			logits := make([]int32, 6)
			want := make([]float64, len(logits))
			var total float64
			for i := range logits {
				logits[i] = int32(math.Round(random.NormFloat64() * 2 * math.Exp2(float64(places))))
				want[i] = math.Exp(float64(logits[i]) / math.Exp2(float64(places)) / temperature)
				total += want[i]
			}
			got := frequencies(t, sample.Options{Places: places, Temperature: int64(temperature * 1e6)}, logits)
			for i := range want {
				require.InDelta(t, want[i]/total, got[i], 0.015, "%d places, temperature %g", places, temperature)
			}
		}
	}
}

func TestTopKAndTopPCutTheTail(t *testing.T) {
	// Weights 8, 4, 2, 1, 1 in another order.
	one := int32(math.Round(math.Ln2 * (1 << 20)))
	logits := []int32{0, 3 * one, one, 2 * one, 0}
	options := sample.Options{Places: 20, Temperature: sample.Million}
	inDelta := func(want []float64) {
		for i, got := range frequencies(t, options, logits) {
			require.InDelta(t, want[i], got, 0.015)
		}
	}
	options.TopK = 2
	inDelta([]float64{0, 2. / 3, 0, 1. / 3, 0})
	options.TopK, options.TopP = 0, 800_000 // 8 + 4 < 0.8 · 16 <= 8 + 4 + 2
	inDelta([]float64{0, 8. / 14, 2. / 14, 4. / 14, 0})
	options.TopP = 1
	inDelta([]float64{0, 1, 0, 0, 0})
	options.TopK, options.TopP = 4, 990_000 // the lower one of equal tokens stays
	inDelta([]float64{1. / 15, 8. / 15, 2. / 15, 4. / 15, 0})
}

func TestThePenaltyMakesSeenTokensLessLikely(t *testing.T) {
	s := sampler(t, sample.Options{Places: 4, Penalty: 2 * sample.Million}, 0)
	s.See(0, -1, 99)
	require.Equal(t, int32(1), next(t, s, []int32{100, 51, 1}))
	require.Equal(t, int32(0), next(t, s, []int32{100, 51, 1}))
	require.Equal(t, int32(2), next(t, s, []int32{-10, -10, -19}))
}

func TestEqualSeedsGiveEqualTokens(t *testing.T) {
	logits := make([]int32, 1000)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range logits {
		logits[i] = random.Int32N(8<<16) - 4<<16
	}
	s := sampler(t, sample.Options{Places: 16, Temperature: 900_000, TopK: 200, TopP: 950_000, Penalty: 1_100_000}, 42)
	var tokens []int32
	for range 12 {
		tokens = append(tokens, next(t, s, logits))
	}
	require.Equal(t, golden(), tokens)
}

// golden is what TestEqualSeedsGiveEqualTokens draws. It changes results of programs if it changes.
func golden() []int32 {
	return []int32{390, 325, 494, 210, 863, 177, 379, 857, 827, 259, 229, 112}
}

func TestExtremesNeitherPanicNorLoseAllTokens(t *testing.T) {
	logits := []int32{math.MinInt32, math.MaxInt32, 0, math.MaxInt32, -1}
	for _, places := range []int{0, 1, 15, 30} {
		for _, temperature := range []int64{1, 1000, sample.Million, 100 * sample.Million} {
			for _, penalty := range []int64{0, sample.Million / 100, 100 * sample.Million} {
				s := sampler(t, sample.Options{Places: places, Temperature: temperature, TopK: 3, TopP: 1, Penalty: penalty}, 7)
				s.See(0, 1, 2)
				for range 5 {
					require.Contains(t, []int32{0, 1, 2, 3, 4}, next(t, s, logits))
				}
			}
		}
	}
}

func TestOptionsOutsideOfTheirBoundsAreRefused(t *testing.T) {
	for says, options := range map[string]sample.Options{
		"places":             {Places: 31},
		"temperature":        {Temperature: -1},
		"found 100000001":    {Temperature: 100*sample.Million + 1},
		"top_k":              {TopK: -1},
		"top_p":              {TopP: sample.Million + 1},
		"repetition_penalty": {Penalty: 1},
	} {
		_, err := sample.New(options, 0)
		require.ErrorContains(t, err, says)
	}
}

func TestFractionsAreReadExactly(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "0.0": 0, "1": sample.Million, "0.7": 700_000, "1.5": 1_500_000, "0.000001": 1, "1e-6": 1, "1E-3": 1000, "2.5e+1": 25_000_000,
		"1000": 1000 * sample.Million, "0.70000000": 700_000, "0e5": 0, "100e-2": sample.Million,
	} {
		got, err := sample.ParseMillionths(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "-1", "+1", ".5", "1.", "0.0000001", "1001", "1e4", "1e999", "1e", "e1", "NaN", "inf", "0x1", "1_0", "1.2.3", "1e++1", "1e+-1", strings.Repeat("0", 50)} {
		_, err := sample.ParseMillionths(text)
		require.ErrorContains(t, err, "expected a decimal number", text)
	}
}

func FuzzFractionsAreNearTheirFloats(f *testing.F) {
	for _, text := range []string{"0.7", "1e-3", "00012.50"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := sample.ParseMillionths(text)
		if err != nil {
			return
		}
		require.True(t, n >= 0 && n <= 1000*sample.Million)
	})
}

func TestATextEndsInFrontOfTheFirstStopWord(t *testing.T) {
	for _, c := range []struct {
		words   []string
		pieces  []string
		texts   []string
		stopped bool
		rest    string
	}{
		{[]string{"END"}, []string{"an E", "N", "Dx"}, []string{"an ", "", ""}, true, ""},
		{[]string{"END"}, []string{"an E", "N", "ough"}, []string{"an ", "", "ENough"}, false, ""},
		{[]string{"END"}, []string{"E"}, []string{""}, false, "E"},
		{[]string{"aab"}, []string{"aa", "a", "b"}, []string{"", "a", ""}, true, ""},
		{[]string{"bc", "abcd"}, []string{"xabcd"}, []string{"x"}, true, ""},
		{[]string{"", "\n"}, []string{"a", "b\nc"}, []string{"a", "b"}, true, ""},
		{nil, []string{"a", ""}, []string{"a", ""}, false, ""},
	} {
		s := sample.NewStop(c.words)
		for i, piece := range c.pieces {
			text, stopped := s.Next(piece)
			require.Equal(t, c.texts[i], text, c)
			require.Equal(t, c.stopped && i == len(c.pieces)-1, stopped, c)
		}
		require.Equal(t, c.rest, s.Rest())
	}
}

func TestStopWordsAreFoundHoweverTheTextIsCut(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		letters := make([]byte, 30)
		for i := range letters {
			letters[i] = "ab\n"[random.IntN(3)]
		}
		text, words := string(letters), []string{"ab\na", "bb", "a\n\n"}
		want := text
		for _, w := range words {
			if i := strings.Index(text, w); i >= 0 && i < len(want) {
				want = text[:i]
			}
		}
		s, got, done := sample.NewStop(words), "", false
		for rest := text; rest != "" && !done; {
			n := 1 + random.IntN(len(rest))
			var piece string
			piece, done = s.Next(rest[:n])
			got, rest = got+piece, rest[n:]
		}
		if !done {
			got += s.Rest()
		}
		require.Equal(t, want, got, "%q", slices.Concat(words))
	}
}
