package bid

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// For how many blocks a program that has ended a worker, and its requester, are shunned:
// twice as long each time. The machine itself may have been the cause, so the first time is
// short.
const (
	crashFirst = 1_200
	crashMost  = 57_600
	// maxCrashes bounds what is remembered of crashes. What would be forgotten first goes.
	maxCrashes = 1024
	// maxJobs bounds the jobs that are shunned.
	maxJobs = 4096
)

// Shuns are what a node leaves to others for a while: jobs of which a task has gone wrong
// here, and programs and requesters whose programs have ended a worker. The agent keeps the
// latter in its journal.
type Shuns struct {
	jobs    map[string]leave
	crashes map[string]Crash
}

// leave is a job that is left to others.
type leave struct {
	until  int64
	reason string
}

// Crash is a program that has ended a worker, or the requester of one.
type Crash struct {
	// Name such as "program/<sha256>" or "requester/<address>".
	Name string
	// Until is the height from which it is not shunned any more.
	Until int64
	// Times that it has ended a worker before it was forgotten.
	Times uint32
	// Reason for the owner to read.
	Reason string
}

// NewShuns returns what a journal has of crashes.
func NewShuns(crashes []Crash) *Shuns {
	s := &Shuns{jobs: map[string]leave{}, crashes: map[string]Crash{}}
	for _, c := range crashes {
		s.crashes[c.Name] = c
	}
	return s
}

// LeaveJob leaves a job to others for some blocks from a height on. An array would
// otherwise hand out the next of its tasks, and the next fault.
func (s *Shuns) LeaveJob(id string, height, blocks int64, reason string) {
	if len(s.jobs) >= maxJobs {
		maps.DeleteFunc(s.jobs, func(_ string, l leave) bool { return height >= l.until })
	}
	if len(s.jobs) >= maxJobs {
		clear(s.jobs)
	}
	s.jobs[id] = leave{until: height + blocks, reason: reason}
}

// Job returns why a job is left to others at a height, "" if it is not.
func (s *Shuns) Job(id string, height int64) string {
	l, found := s.jobs[id]
	if !found || height >= l.until {
		return ""
	}
	return fmt.Sprintf("until height %d: %s", l.until, l.reason)
}

// Program returns why the programs of a requester are left to others at a height, "" if
// they are not.
func (s *Shuns) Program(spec *computetypes.JobSpec, requester string, height int64) string {
	for _, name := range crashNames(spec, requester) {
		if c, found := s.crashes[name]; found && height < c.Until {
			return fmt.Sprintf("until height %d, because %s has ended a worker on this machine (%d times): %s", c.Until, name, c.Times, c.Reason)
		}
	}
	return ""
}

// Crashed shuns the program of a job, and its requester, for having ended a worker at a
// height. It returns what has changed and the names of what is forgotten.
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

// crashNames are the names under which a job is shunned. A job that judges a challenge has
// no sink, and its requester has not chosen its program.
func crashNames(spec *computetypes.JobSpec, requester string) []string {
	names := []string{"program/" + hex.EncodeToString(spec.Program.Sha256)}
	if spec.Sink != "" && requester != "" {
		names = append(names, "requester/"+requester)
	}
	return names
}

// forget forgets what has not crashed again for as long as it can be shunned, and makes
// room. It returns the names, those that were shunned for the shortest time first.
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
