package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestASinkMayBeOfOneTask(t *testing.T) {
	require.Equal(t, "https://r/v1/drops/ab/tasks/17", types.TaskSink("https://r/v1/drops/ab/tasks/{task}", 17))
	require.Equal(t, "https://r/v1/drops/ab", types.TaskSink("https://r/v1/drops/ab", 17))
}
