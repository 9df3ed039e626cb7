package jobfile

import (
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Spec returns the job in the chain's form, without what its packer adds: program, inputs,
// array input and sink.
func (j Job) Spec() computetypes.JobSpec {
	return computetypes.JobSpec{
		Executor: j.Executor,
		Args:     j.Args,
		Env:      j.Env.variables(),
		Resources: computetypes.Resources{
			Fuel:        uint64(j.Resources.Fuel),
			MemoryBytes: uint64(j.Resources.Memory),
			OutputBytes: uint64(j.Resources.Output),
			DeviceBytes: uint64(j.Resources.Device),
		},
		Seed:           j.Seed,
		Class:          j.Class,
		Policy:         j.Policy.spec(),
		Placement:      j.Placement.spec(),
		Reward:         j.Reward.Coin,
		Grant:          uint64(j.Grant),
		Tasks:          uint64(max(j.Tasks, 1)),
		ChunkTasks:     chunkTasks(j.Chunk),
		PrepareBlocks:  uint64(j.PrepareBlocks),
		CommitBlocks:   uint64(j.CommitBlocks),
		LifetimeBlocks: uint64(j.LifetimeBlocks),
	}
}

// chunkTasks returns the size of a chunk in the chain's form: 0 stands for 1.
func chunkTasks(c Chunk) uint64 {
	if c.Tasks == 1 {
		return 0
	}
	return uint64(c.Tasks)
}
