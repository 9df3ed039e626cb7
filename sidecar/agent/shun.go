package agent

import "fmt"

// For how many blocks a job is left to others after one of its tasks went wrong here.
// An array would otherwise hand out the next of its tasks, and the next fault.
const (
	// shunMissing: an input could not be had; another task may have another one.
	shunMissing = 100
	// shunFailed: this machine could not run it, or not in time.
	shunFailed = 2_400
	// shunCrashed: it has ended the daemon.
	shunCrashed = 57_600
)

// shunned is a job that is left to others for a while.
type shunned struct {
	until  int64
	reason string
}

// shun leaves a job to others for some blocks.
func (a *Agent) shun(jobID string, blocks int64, reason string) {
	if len(a.shuns) >= maxJobs {
		clear(a.shuns)
	}
	a.shuns[jobID] = shunned{until: a.height + blocks, reason: reason}
}

// shunReason returns why a job is left to others, or "".
func (a *Agent) shunReason(jobID string) string {
	s, found := a.shuns[jobID]
	switch {
	case !found:
		return ""
	case a.height >= s.until:
		delete(a.shuns, jobID)
		return ""
	}
	return fmt.Sprintf("until height %d: %s", s.until, s.reason)
}
