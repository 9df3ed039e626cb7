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

// traffic returns the bytes that a number of tasks may move at most: the program and the inputs, and the outputs
// of as many tasks as a promise of disk space counts.
func traffic(spec *computetypes.JobSpec, tasks uint64) uint64 {
	return spec.InputBytes() + min(max(tasks, 1), promisedTasks)*spec.Resources.OutputBytes
}
