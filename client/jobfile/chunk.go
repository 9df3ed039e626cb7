package jobfile

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// autoChunk is how a job file asks for a proposal.
const autoChunk = "auto"

// Chunk says how many tasks of an array a node takes at once: a number, or "auto" for the
// size that the client proposes. The zero value means that the file does not say.
type Chunk struct {
	// Tasks is the number of tasks, or 0.
	Tasks Count
	// Auto asks for a proposal.
	Auto bool
}

// UnmarshalYAML reads a number from 1 on, or "auto".
func (c *Chunk) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode && node.Value == autoChunk {
		*c = Chunk{Auto: true}
		return nil
	}
	if err := c.Tasks.UnmarshalYAML(node); err != nil {
		return fmt.Errorf("line %d: chunk: expected auto or the number of tasks that a node takes at once, from 1 on, found %s", node.Line, found(node))
	}
	return nil
}

// several reports whether the file asks for chunks that can have several tasks.
func (c Chunk) several() bool { return c.Auto || c.Tasks > 1 }

// array reports whether the job can have several tasks.
func (j Job) array() bool { return j.Tasks > 1 || j.ArrayInput != nil }

// chunkable reports whether the client proposes chunks of several tasks under the policy. A
// file may ask for such chunks in all cases.
func (p *Policy) chunkable() bool { return p.Quorum == 0 && p.ChallengeBlocks == 0 }

// setChunkDefault has the client propose the size of the chunks of arrays under audits or
// trust. All other jobs have chunks of one task, unless the file says otherwise.
func (j *Job) setChunkDefault() {
	if j.Chunk == (Chunk{}) && j.array() {
		j.Chunk.Auto = true
	}
	if !j.array() || !j.Policy.chunkable() {
		j.Chunk.Auto = false
	}
}

// validateChunk finds chunks that no chain would accept. The number of files of an array
// input is not known yet.
func (j Job) validateChunk() error {
	n := j.Chunk.Tasks
	switch {
	case n <= 1:
		return nil
	case !j.array():
		return fmt.Errorf("chunk: expected at most the job's one task, found %d; leave chunk out, or add tasks or array_input", n)
	case j.Tasks > 0 && n > j.Tasks:
		return fmt.Errorf("chunk: expected at most the %d tasks of the job, found %d", j.Tasks, n)
	case n > computetypes.MaxChunkTasks:
		return fmt.Errorf("chunk: expected at most %d tasks, found %d", computetypes.MaxChunkTasks, n)
	case j.Policy.Quorum != 0 && n > computetypes.MaxQuorumLeaves/j.Policy.Quorum:
		return fmt.Errorf("chunk: expected at most %d tasks with a quorum of %d, found %d", computetypes.MaxQuorumLeaves/j.Policy.Quorum, j.Policy.Quorum, n)
	}
	return nil
}
