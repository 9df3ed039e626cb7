package agent

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/thetaedge/theta/sidecar/store"
)

// diskRoom returns the number of bytes that may be promised to new work.
func (a *Agent) diskRoom() (uint64, error) {
	free, err := a.cfg.FreeBytes(a.cfg.WorkDir)
	if err != nil {
		return 0, err
	}
	return a.assignments.holdings(a.view.height).FreeDisk(free), nil
}

// makeRoom deletes files that are kept only for convenience until the given number of further
// bytes is free: first inputs that are not in use, then outputs that were delivered and
// settled, oldest first. Requesters may still ask for these outputs again. Therefore, if
// deleting all of them would not make enough room, none of them is deleted.
func (a *Agent) makeRoom(lacking uint64) {
	before, err := a.diskRoom()
	if err != nil {
		return // the error is reported when the room for new work is read
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

// keptOutputs describes the outputs of a task that were delivered and settled.
type keptOutputs struct {
	folder string
	bytes  uint64
	since  time.Time
}

// deliveredOutputs returns the outputs that may be deleted, oldest first.
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
			continue // already deleted, or not readable: deleting it would not make room
		}
		kept = append(kept, keptOutputs{folder: records[i].Folder, bytes: bytes, since: records[i].FinishedAt})
	}
	slices.SortStableFunc(kept, func(a, b keptOutputs) int { return a.since.Compare(b.since) })
	return kept, nil
}

// sizeOf returns the total size of the files below a folder, in bytes.
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
