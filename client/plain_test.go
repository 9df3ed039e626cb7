package client

import (
	"testing"

	"github.com/stretchr/testify/require"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestAnErrorOfTheSpecShowsNoSource(t *testing.T) {
	spec := computetypes.JobSpec{}
	err := within("job", spec.Validate())
	require.NotContains(t, err.Error(), ".go:")
	require.ErrorIs(t, err, computetypes.ErrInvalidSpec)
}
