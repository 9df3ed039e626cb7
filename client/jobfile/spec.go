package jobfile

import (
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Spec returns the job in the chain's form, without what its packer adds: program, inputs,
// array input and sink.
func (j Job) Spec() (computetypes.JobSpec, error) {
	reward, err := j.reward()
	if err != nil {
		return computetypes.JobSpec{}, err
	}
	seed, err := j.seed()
	if err != nil {
		return computetypes.JobSpec{}, err
	}
	placement, err := j.Placement.spec()
	if err != nil {
		return computetypes.JobSpec{}, err
	}
	return computetypes.JobSpec{
		Executor: j.Executor,
		Args:     j.Args,
		Env:      j.Env.variables(),
		Resources: computetypes.Resources{
			Fuel:        uint64(j.Resources.Fuel),
			MemoryBytes: uint64(j.Resources.Memory),
			OutputBytes: uint64(j.Resources.Output),
		},
		Seed:           seed,
		Class:          j.Class,
		Policy:         j.Policy.spec(),
		Placement:      placement,
		Reward:         reward,
		Tasks:          uint64(max(j.Tasks, 1)),
		PrepareBlocks:  uint64(j.PrepareBlocks),
		CommitBlocks:   uint64(j.CommitBlocks),
		LifetimeBlocks: uint64(j.LifetimeBlocks),
	}, nil
}
