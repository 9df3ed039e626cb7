package table_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor/table"
)

// page is the specification of the profile.
const page = "../../docs/profiles/tensor-1.md"

func TestTheSpecificationHasTheDigests(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for name, numbers := range map[string][]int32{
		"exp2": table.Exp2(), "sigmoid": table.Sigmoid(), "normal": table.Normal(),
		"normalTanh": table.NormalTanh(), "tail": table.Tail(),
	} {
		require.Regexp(t, fmt.Sprintf("(?m)^\\| `%s` \\| .* \\| `%x` \\|$", name, table.Digest(numbers)), string(text))
	}
}

// Lookups stay between the entries because tables never turn back.
func TestTablesAreMonotonic(t *testing.T) {
	for name, numbers := range map[string][]int32{"sigmoid": table.Sigmoid(), "normal": table.Normal()} {
		for i := 1; i < len(numbers); i++ {
			require.GreaterOrEqual(t, numbers[i], numbers[i-1], name)
		}
	}
	for name, numbers := range map[string][]int32{"exp2": table.Exp2(), "tail": table.Tail()} {
		for i := 1; i < len(numbers); i++ {
			require.Less(t, numbers[i], numbers[i-1], name)
		}
	}
	require.Len(t, table.Exp2(), table.Exp2Intervals+1)
	require.Len(t, table.Sigmoid(), table.CurveIntervals+1)
	require.Len(t, table.Tail(), table.Octaves<<table.OctaveBits+1)
}
