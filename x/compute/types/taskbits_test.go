package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/compute/types"
)

// TestTasksAreMarkedTogetherAsOneByOne: a range of tasks is marked as if each were, and refused
// if one of them has ended before.
func TestTasksAreMarkedTogetherAsOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		together, each := types.NewTaskBits(), types.NewTaskBits()
		for range rapid.IntRange(1, 6).Draw(t, "ranges") {
			first := rapid.Uint64Range(0, types.TaskBitsLen-1).Draw(t, "first")
			count := rapid.Uint64Range(1, min(100, types.TaskBitsLen-first)).Draw(t, "count")
			accepted := rapid.Bool().Draw(t, "accepted")
			var want error
			for n := first; n < first+count && want == nil; n++ {
				want = each.Mark(n, accepted)
			}
			err := together.MarkAll(first, count, accepted)
			if want != nil {
				require.EqualError(t, err, want.Error())
				return
			}
			require.NoError(t, err)
			require.Equal(t, each, together)
			require.NoError(t, together.Validate())
		}
	})
}
