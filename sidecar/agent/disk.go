package agent

import (
	"os"

	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// DiskReserve is kept free, in bytes: a journal that cannot be written ends the
// daemon, and what is committed is not revealed then.
const DiskReserve = 1 << 30

// footprint is the most disk that a task may take, in bytes.
func footprint(spec *computetypes.JobSpec) uint64 {
	return spec.InputBytes() + spec.Resources.OutputBytes
}

// diskRoom is how many bytes may be promised to new work: what is free, less the
// reserve and what is still to be written for what is held.
func (a *Agent) diskRoom() (uint64, error) {
	free, err := a.cfg.FreeBytes(a.cfg.WorkDir)
	if err != nil {
		return 0, err
	}
	taken := uint64(DiskReserve)
	for _, w := range a.assignments {
		if w.spec != nil && toRun(w.record.Phase) {
			taken += footprint(w.spec)
		}
	}
	return free - min(taken, free), nil
}

// makeRoom deletes what is kept for convenience only: inputs that nothing uses now,
// and outputs that were delivered and settled.
func (a *Agent) makeRoom() {
	a.cache.shrink()
	records, err := a.cfg.Journal.List(store.Filter{Phases: []store.Phase{store.PhaseSettled}})
	if err != nil {
		a.fatal = err
		return
	}
	for i := range records {
		if records[i].Folder == "" || !records[i].Delivered {
			continue
		}
		if err := os.RemoveAll(records[i].Folder); err != nil {
			a.trouble("cannot delete the outputs of "+records[i].Key.String(), err)
		}
	}
}
