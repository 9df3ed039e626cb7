package agent

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// For how many blocks a program that has ended a worker, and whoever has posted it, are
// left to others: twice as long each time. It may have been this machine's doing, so the
// first time is short.
const (
	killerFirst = 1_200
	killerMost  = 57_600
	// maxKillers bounds what is remembered; what would be forgotten first goes.
	maxKillers = 1024
	// maxKillerReason bounds what is written of each.
	maxKillerReason = 512
)

// killerNames are the names under which a job is shunned. A job that judges a challenge
// has no sink; its requester is none of its program's.
func killerNames(spec *computetypes.JobSpec, requester string) []string {
	names := []string{"program/" + hex.EncodeToString(spec.Program.Sha256)}
	if spec.Sink != "" && requester != "" {
		names = append(names, "requester/"+requester)
	}
	return names
}

// blame shuns the program of an assignment, and its requester, for having ended a worker.
func (a *Agent) blame(w *assignment, cause error) {
	reason := osfault.Explain("", cause).Error()
	reason = blob.Printable(reason[:min(len(reason), maxKillerReason)])
	var changed []store.Shun
	for _, name := range killerNames(w.spec, a.jobs[w.record.JobID].requester) {
		s := a.killers[name]
		s.Name, s.Reason = name, reason
		blocks := int64(killerMost)
		if s.Times < 6 {
			blocks = min(int64(killerFirst)<<s.Times, killerMost)
		}
		s.Times, s.Until = s.Times+1, a.height+blocks
		a.killers[name] = s
		changed = append(changed, s)
	}
	forgotten := a.forgetKillers()
	a.journal(func(tx *store.Tx) error {
		for _, s := range changed {
			if err := tx.PutShun(s); err != nil {
				return err
			}
		}
		for _, name := range forgotten {
			if err := tx.DeleteShun(name); err != nil {
				return err
			}
		}
		return nil
	})
}

// forgetKillers forgets those that have behaved for as long as they can be shunned, and
// makes room. It returns their names.
func (a *Agent) forgetKillers() []string {
	var list []store.Shun
	for _, s := range a.killers {
		list = append(list, s)
	}
	slices.SortFunc(list, func(x, y store.Shun) int {
		return cmp.Or(cmp.Compare(x.Until, y.Until), cmp.Compare(x.Name, y.Name))
	})
	var names []string
	for i, s := range list {
		if len(list)-i <= maxKillers && s.Until+killerMost > a.height {
			break
		}
		names = append(names, s.Name)
		delete(a.killers, s.Name)
	}
	return names
}

// killerReason returns why a job is left to others, or "".
func (a *Agent) killerReason(j job) string {
	for _, name := range killerNames(j.spec, j.requester) {
		if s, found := a.killers[name]; found && a.height < s.Until {
			return fmt.Sprintf("until height %d, because %s has ended a worker on this machine (%d times): %s", s.Until, name, s.Times, s.Reason)
		}
	}
	return ""
}

// avoid gives back what is held of a program, or of a requester, that is shunned, while
// that costs nothing.
func (a *Agent) avoid(w *assignment) {
	if w.giveUp || w.executing || a.height >= w.record.Deadlines.Prepare {
		return
	}
	j, known := a.jobs[w.record.JobID]
	if !known {
		return
	}
	if why := a.killerReason(j); why != "" {
		w.giveUp = true
		a.edit(w, func(r *store.Assignment) { r.LastError = "given back " + why })
	}
}
