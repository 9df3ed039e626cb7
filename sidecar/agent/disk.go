package agent

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/thetaedge/theta/sidecar/store"
)

// diskRoom is how many bytes may be promised to new work.
func (a *Agent) diskRoom() (uint64, error) {
	free, err := a.cfg.FreeBytes(a.cfg.WorkDir)
	if err != nil {
		return 0, err
	}
	return a.assignments.holdings(a.view.height).FreeDisk(free), nil
}

// makeRoom deletes what is kept for convenience only until lacking bytes more are free:
// inputs that nothing uses now, then outputs that were delivered and settled, the oldest
// first. Requesters may still ask for those again, so that none goes in vain: where all
// of them together do not make that room, they stay.
func (a *Agent) makeRoom(lacking uint64) {
	before, err := a.diskRoom()
	if err != nil {
		return // told where the room is read for new work
	}
	a.cache.shrink()
	after, err := a.diskRoom()
	if err != nil || after >= before && after-before >= lacking {
		return
	}
	lacking -= after - min(before, after)
	kept, err := a.deliveredOutputs()
	if err != nil {
		a.fatal = err
		return
	}
	var all uint64
	for i := range kept {
		all += kept[i].bytes
	}
	if all < lacking {
		return
	}
	for _, outputs := range kept {
		if err := os.RemoveAll(outputs.folder); err != nil {
			a.trouble("cannot delete the outputs in "+outputs.folder, err)
			continue
		}
		if outputs.bytes >= lacking {
			return
		}
		lacking -= outputs.bytes
	}
}

// keptOutputs are the outputs of a task that was delivered and settled.
type keptOutputs struct {
	folder string
	bytes  uint64
	since  time.Time
}

// deliveredOutputs returns what may go, the oldest first.
func (a *Agent) deliveredOutputs() ([]keptOutputs, error) {
	records, err := a.cfg.Journal.List(store.Filter{Phases: []store.Phase{store.PhaseSettled}})
	if err != nil {
		return nil, err
	}
	var kept []keptOutputs
	for i := range records {
		if records[i].Folder == "" || !records[i].Delivered {
			continue
		}
		bytes, err := sizeOf(records[i].Folder)
		if err != nil {
			continue // gone already, or not to be read: deleting it would make no room
		}
		kept = append(kept, keptOutputs{folder: records[i].Folder, bytes: bytes, since: records[i].FinishedAt})
	}
	slices.SortStableFunc(kept, func(a, b keptOutputs) int { return a.since.Compare(b.since) })
	return kept, nil
}

// sizeOf is how many bytes the files below a folder have.
func sizeOf(folder string) (uint64, error) {
	var total uint64
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			total += uint64(max(info.Size(), 0)) //nolint:gosec // not negative
		}
		return err
	})
	return total, err
}
