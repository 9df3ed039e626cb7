package jobfile

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A job that a grant pays for may leave the reward to the grant.
func TestJobOfAGrantNeedsNoReward(t *testing.T) {
	text := strings.Replace(minimalJob, "reward: 1tfuel\n", "grant: 7\n", 1)
	require.NotEqual(t, minimalJob, text)
	job, err := Parse([]byte(text))
	require.NoError(t, err)
	require.EqualValues(t, 7, job.Spec().Grant)
	require.True(t, job.Reward.Amount.IsNil())

	_, err = Parse([]byte(strings.Replace(minimalJob, "reward: 1tfuel\n", "grant: 0\n", 1)))
	require.ErrorContains(t, err, "line")
}
