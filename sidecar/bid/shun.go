package bid

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// These constants say for how many blocks a program that has crashed a worker process, or with
// which a device has failed, is shunned, together with its requester. The number doubles each time. The first time is short,
// because the machine itself may have been the cause.
const (
	crashFirst = 1_200
	crashMost  = 57_600
	// maxCrashes bounds the number of crashes that are remembered. If there are more, those
	// that would expire first are forgotten.
	maxCrashes = 1024
	// maxJobs bounds the number of jobs that are shunned.
	maxJobs = 4096
)

// Shuns is what a node leaves to other nodes for a while: jobs of which a task has failed on
// this machine, programs that have crashed a worker process, and the requesters of such
// programs. The agent keeps the programs and requesters in its journal.
type Shuns struct {
	jobs    map[string]leave
	crashes map[string]Crash
}

// leave is a job that is left to other nodes.
type leave struct {
	until  int64
	reason string
}

// Crash is a program that has crashed a worker process, or the requester of such a program.
type Crash struct {
	// Name has the form "program/<sha256>" or "requester/<address>".
	Name string
	// Until is the first height at which the program or the requester is not shunned any more.
	Until int64
	// Times is the number of crashes since it was last forgotten.
	Times uint32
	// Reason is a text for the owner.
	Reason string
}

// NewShuns returns shuns that contain the crashes from a journal.
func NewShuns(crashes []Crash) *Shuns {
	s := &Shuns{jobs: map[string]leave{}, crashes: map[string]Crash{}}
	for _, c := range crashes {
		s.crashes[c.Name] = c
	}
	return s
}

// LeaveJob leaves a job to other nodes for some blocks from a height on. If the job is an
// array, the node would otherwise be given its next task, and the next failure.
func (s *Shuns) LeaveJob(id string, height, blocks int64, reason string) {
	if len(s.jobs) >= maxJobs {
		maps.DeleteFunc(s.jobs, func(_ string, l leave) bool { return height >= l.until })
	}
	if len(s.jobs) >= maxJobs {
		clear(s.jobs)
	}
	s.jobs[id] = leave{until: height + blocks, reason: reason}
}

// Job returns the reason why a job is left to other nodes at a height. It returns "" if the
// job is not shunned.
func (s *Shuns) Job(id string, height int64) string {
	l, found := s.jobs[id]
	if !found || height >= l.until {
		return ""
	}
	return fmt.Sprintf("until height %d: %s", l.until, l.reason)
}

// Program returns the reason why the program of a spec, or its requester, is shunned at a
// height. It returns "" if neither of them is.
func (s *Shuns) Program(spec *computetypes.JobSpec, requester string, height int64) string {
	for _, name := range crashNames(spec, requester) {
		if c, found := s.crashes[name]; found && height < c.Until {
			return fmt.Sprintf("until height %d, because %s has ended a worker or failed a device of this machine (%d times): %s", c.Until, name, c.Times, c.Reason)
		}
	}
	return ""
}

// Crashed shuns the program of a job and its requester from a height on, because the program
// has crashed a worker process, or a device has failed with it. It returns the entries that changed and the names that it has
// forgotten.
func (s *Shuns) Crashed(spec *computetypes.JobSpec, requester, reason string, height int64) (changed []Crash, forgotten []string) {
	for _, name := range crashNames(spec, requester) {
		c := s.crashes[name]
		c.Name, c.Reason = name, reason
		blocks := int64(crashMost)
		if c.Times < 6 {
			blocks = min(int64(crashFirst)<<c.Times, crashMost)
		}
		c.Times, c.Until = c.Times+1, height+blocks
		s.crashes[name] = c
		changed = append(changed, c)
	}
	return changed, s.forget(height)
}

// crashNames returns the names under which a job is shunned. A job that judges a challenge
// does not have a sink, and its requester has not chosen its program.
func crashNames(spec *computetypes.JobSpec, requester string) []string {
	names := []string{"program/" + hex.EncodeToString(spec.Program.Sha256)}
	if spec.Sink != "" && requester != "" {
		names = append(names, "requester/"+requester)
	}
	return names
}

// forget removes entries that have not crashed again for as long as the longest shun lasts,
// and then as many more as needed to make room. It returns the removed names, those with the
// shortest shuns first.
func (s *Shuns) forget(height int64) []string {
	list := slices.SortedFunc(maps.Values(s.crashes), func(x, y Crash) int {
		return cmp.Or(cmp.Compare(x.Until, y.Until), cmp.Compare(x.Name, y.Name))
	})
	var names []string
	for i, c := range list {
		if len(list)-i <= maxCrashes && c.Until+crashMost > height {
			break
		}
		names = append(names, c.Name)
		delete(s.crashes, c.Name)
	}
	return names
}
