package jobfile

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheJobFilesOfTheExampleForContainersAreRead(t *testing.T) {
	files, err := filepath.Glob("../../examples/container/jobs/*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, file := range append(files, "../../examples/container/job.yaml") {
		job, err := Load(file)
		require.NoError(t, err)
		require.Equal(t, "container/1", job.Executor)
		require.Equal(t, AnyNode, job.Policy.Trust)
	}
}
