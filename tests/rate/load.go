package rate

import (
	"fmt"
	"strconv"
	"time"

	"github.com/thetaedge/theta/client/jobfile"
)

// Load is an array of tasks that all need the same time.
type Load struct {
	// Name is how the report calls it.
	Name string `json:"name"`
	// Each is the processor time that a task is meant to need.
	Each time.Duration `json:"each_ns"`
	// Tasks is the number of tasks, and Turns the number of turns of each task's loop.
	Tasks uint64 `json:"tasks"`
	Turns uint64 `json:"turns"`
	// Loose is resources.fuel per fuel that a task needs.
	Loose uint64 `json:"loose"`
	// Chunk is what the job file says; "" leaves it out.
	Chunk string `json:"chunk,omitempty"`
	// Audit is the probability with which a chunk is audited, such as "10%".
	Audit string `json:"audit"`
}

// job returns the job file of a load.
func (l Load) job(program, relay string) (jobfile.Job, error) {
	text := fmt.Sprintf(`
executor: wasm/1
program: %s
args: ["%d", "{task}"]
tasks: %d
resources: {fuel: %d, memory: 1MiB, output: 4KiB}
class: cpu-small
reward: 0.001tfuel
policy: {audit: %s}
lifetime_blocks: 20000
`, strconv.Quote(program), l.Turns, l.Tasks, l.Loose*SpinFuel(l.Turns), l.Audit)
	if l.Chunk != "" {
		text += "chunk: " + l.Chunk + "\n"
	}
	job, err := jobfile.Parse([]byte(text))
	job.Relay = relay
	return job, err
}
