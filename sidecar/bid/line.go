package bid

import (
	"fmt"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Line is what may still pass the owner's network today.
type Line struct {
	// Most is the owner's limit for a day, and Left what is left of it, in bytes.
	Most, Left uint64
}

// short explains why the content of a number of tasks might not pass today. It returns "" if it may, and if
// there is no limit.
func (l *Line) short(spec *computetypes.JobSpec, tasks uint64) string {
	if l == nil {
		return ""
	}
	if bytes := traffic(spec, tasks); bytes > l.Left {
		return fmt.Sprintf("may move %d bytes over the network, and %d of the %d of egress.max-day are left today", bytes, l.Left, l.Most)
	}
	return ""
}

// take subtracts the content of a number of tasks.
func (l *Line) take(spec *computetypes.JobSpec, tasks uint64) {
	if l != nil {
		l.Left -= min(traffic(spec, tasks), l.Left)
	}
}

// traffic returns the bytes that a number of tasks may move at most.
func traffic(spec *computetypes.JobSpec, tasks uint64) uint64 {
	return spec.InputBytes() + OutputTraffic(spec, tasks)
}

// OutputTraffic returns the largest size in bytes of the outputs of a number of tasks, of which as many count as for a
// promise of disk space.
func OutputTraffic(spec *computetypes.JobSpec, tasks uint64) uint64 {
	return min(max(tasks, 1), promisedTasks) * spec.Resources.OutputBytes
}

// FreeLine returns what of a limit for a day is left for new work: what has passed is gone, and what the held
// assignments may still move is kept for them.
func (h Holdings) FreeLine(most, moved uint64) uint64 {
	left := most - min(moved, most)
	for i := range h {
		left -= min(h[i].LineBytes, left)
	}
	return left
}
