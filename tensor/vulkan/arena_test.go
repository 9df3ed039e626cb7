package vulkan

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The ranges that were taken never overlap, and a block whose ranges came back is whole again.
func TestBlocksHandOutEachByteOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const size = 64 * unit
		b := &block{allocation{size: size}, []span{{0, size}}}
		var taken []span
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if len(taken) > 0 && rapid.Bool().Draw(t, "give") {
				i := rapid.IntRange(0, len(taken)-1).Draw(t, "which")
				b.give(taken[i])
				taken = append(taken[:i], taken[i+1:]...)
				continue
			}
			want := unit * rapid.Uint64Range(1, 20).Draw(t, "units")
			s, found := b.take(want)
			if !found {
				continue
			}
			require.Equal(t, want, s.to-s.from)
			for _, other := range taken {
				require.True(t, s.to <= other.from || other.to <= s.from)
			}
			taken = append(taken, s)
		}
		for _, s := range taken {
			b.give(s)
		}
		require.Equal(t, []span{{0, size}}, b.free)
	})
}
