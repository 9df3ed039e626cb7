package soak

import (
	"fmt"
	"sync"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Counts are what became of jobs. They are safe for concurrent use.
type Counts struct {
	mu sync.Mutex
	// kinds are counts by kind of job.
	kinds map[string]*KindCount
	// lostResults, orphans and settled are those of all kinds.
	lostResults, orphans, settled int
	problems                      []string
}

// KindCount is what became of the jobs of a kind.
type KindCount struct {
	Posted    int `json:"posted"`
	Completed int `json:"completed"`
	// Unpostable counts tries at which too few nodes took such a job.
	Unpostable int `json:"unpostable"`
}

// NewCounts returns counts of zero.
func NewCounts() *Counts { return &Counts{kinds: make(map[string]*KindCount)} }

func (c *Counts) kind(name string) *KindCount {
	if c.kinds[name] == nil {
		c.kinds[name] = &KindCount{}
	}
	return c.kinds[name]
}

func (c *Counts) posted(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kind(name).Posted++
}

func (c *Counts) skipped(name string, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.kind(name)
	if k.Unpostable++; k.Unpostable == 1 {
		c.problems = append(c.problems, fmt.Sprintf("%s: %v", name, why))
	}
}

func (c *Counts) ended(name string, status computetypes.JobStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settled++
	if status == computetypes.JOB_STATUS_COMPLETED {
		c.kind(name).Completed++
	}
}

func (c *Counts) lost(name string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lostResults++
	c.problems = append(c.problems, fmt.Sprintf("%s: %v", name, err))
}

func (c *Counts) orphan(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.orphans++
	c.problems = append(c.problems, err.Error())
}

// Settled returns the number of jobs that have ended.
func (c *Counts) Settled() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settled
}

// fill writes the counts into a report.
func (c *Counts) fill(r *Report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Kinds = make(map[string]KindCount, len(c.kinds))
	r.Jobs, r.Completed = 0, 0
	for name, k := range c.kinds {
		r.Kinds[name] = *k
		r.Jobs += k.Posted
		r.Completed += k.Completed
	}
	r.LostResults, r.OrphanProcesses = c.lostResults, c.orphans
	r.Problems = append(r.Problems, c.problems...)
}
