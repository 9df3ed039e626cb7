package types_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/edgenode/types"
)

func TestTheMinimumVersionIsThreeNumbersOrNothing(t *testing.T) {
	for _, good := range []string{"", "0.0.0", "1.4.0", "10.20.999999"} {
		params := types.DefaultParams()
		params.MinVersion = good
		require.NoError(t, params.Validate(), "%q", good)
	}
	for _, bad := range []string{
		"1", "1.4", "1.4.0.0", "v1.4.0", "1.4.0-rc.1", "1.4.0+build", "01.4.0", "1.04.0", "1.4.1000000", "1.4.-1", "1.4.+1", "1..0", " 1.4.0", "1.4.0 ",
		"1.4.99999999999999999999", "1.4.0x10", "1_0.4.0", "٣.1.0", strings.Repeat("1", 1<<16),
	} {
		params := types.DefaultParams()
		params.MinVersion = bad
		err := params.Validate()
		require.ErrorIs(t, err, types.ErrInvalidParams, "%.40q", bad)
		require.Less(t, len(err.Error()), 300)
	}
}
