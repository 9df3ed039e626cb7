package client

import (
	"fmt"

	"github.com/thetaedge/theta/blob"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Misstated is a chunk whose nodes have stated another number of failed tasks than its leaves
// contain. Where only a majority decides, a failed task earns the attempt fee only, and the root of
// a chunk does not show the exit codes: nodes that state too few failures are paid in full for them.
// Only a client that has the leaves can see this.
type Misstated struct {
	// First and Tasks are the tasks of the chunk.
	First, Tasks uint64
	// Stated is the number of failed tasks in its receipt, and Found that in its leaves.
	Stated, Found uint64
}

// String says what was found.
func (m Misstated) String() string {
	return fmt.Sprintf("tasks %d to %d: the nodes have stated %d failed tasks, and %d of the accepted results have an exit code other than 0",
		m.First, m.First+m.Tasks-1, m.Stated, m.Found)
}

// misstated compares the number of failed tasks in the receipt of a chunk with the leaves that give
// its root. It returns false if they agree, or if failed tasks earn as much as others.
func misstated(receipt *computetypes.Receipt, index *blob.Index) (Misstated, bool) {
	m := Misstated{First: receipt.Task, Tasks: receipt.Tasks(), Stated: receipt.FailedTasks}
	for i := range index.Leaves {
		if index.Leaves[i].ExitCode != 0 {
			m.Found++
		}
	}
	return m, !receipt.Guarantee.PaysFailures() && m.Stated != m.Found
}
