package client

import (
	"testing"

	"github.com/stretchr/testify/require"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// TestAFalseNumberOfFailedTasksIsNamed: the chain cannot see it, and nodes that state too few
// failures are paid in full. Task 2 of the chunk has failed.
func TestAFalseNumberOfFailedTasksIsNamed(t *testing.T) {
	node, c, state, _ := chunkedArray(t, nil)
	dir := t.TempDir()
	_, _, err := follow(t, c, state, dir)
	require.NoError(t, err)
	_, receipt := node.deliver(0, 4, 12)
	for name, want := range map[string]struct {
		guarantee computetypes.Guarantee
		stated    uint64
		found     []Misstated
	}{
		"none":                {computetypes.GUARANTEE_MAJORITY, 0, []Misstated{{First: 0, Tasks: 4, Stated: 0, Found: 1}}},
		"the right one":       {computetypes.GUARANTEE_MAJORITY, 1, nil},
		"all of them":         {computetypes.GUARANTEE_MAJORITY, 4, []Misstated{{First: 0, Tasks: 4, Stated: 4, Found: 1}}},
		"where none is asked": {computetypes.GUARANTEE_EXACT, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := &array{c: c, dir: dir}
			receipt := receipt
			receipt.Guarantee, receipt.FailedTasks = want.guarantee, want.stated
			a.rows(&receipt)
			require.Equal(t, want.found, a.misstated)
			for _, m := range a.misstated {
				require.Contains(t, m.String(), "tasks 0 to 3")
			}
		})
	}
}
