package cmd

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/profiles"
)

func TestEachProfilePassesItsSelfTestInAProcessOfItsOwn(t *testing.T) {
	n := &node{home: t.TempDir(), config: besideOthers()}
	for _, profile := range profiles.Names() {
		_, err := tryWorkers(t.Context(), n, profile)
		require.NoError(t, err, profile)
	}
	healthy, err := healthyProfiles(t.Context(), n)
	require.NoError(t, err)
	require.Equal(t, profiles.Names(), healthy)
}
