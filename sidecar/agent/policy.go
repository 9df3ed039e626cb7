package agent

import (
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Policy is what the owner of the machine allows. A limit of 0 does not bind.
type Policy struct {
	// MaxJobs is the most assignments that are not revealed yet, and the most
	// programs that run at once.
	MaxJobs int
	// MinRewards is the least pay of a task by denom; a denom that is not listed
	// is not worked for. Empty takes everything that the chain allows.
	MinRewards sdk.Coins
	// MaxFuel, MaxMemoryBytes, MaxOutputBytes bound what a program may ask for.
	MaxFuel, MaxMemoryBytes, MaxOutputBytes uint64
	// FuelPerBlock is what this machine surely burns between two blocks. A job
	// whose fuel does not fit into its commit window at that rate is not taken.
	FuelPerBlock uint64
	// MaxInputBytes bounds program and inputs of a task together.
	MaxInputBytes uint64
	// Paused tells whether the owner wants no new work now.
	Paused func() bool
}

// refusal returns why the owner does not want a job, or "".
func (p Policy) refusal(spec *computetypes.JobSpec) string {
	if len(p.MinRewards) > 0 {
		found, least := p.MinRewards.Find(spec.Reward.Denom)
		if !found {
			return fmt.Sprintf("pays in %s, which is none of %s", spec.Reward.Denom, p.MinRewards)
		}
		if spec.Reward.Amount.LT(least.Amount) {
			return fmt.Sprintf("pays %s, less than %s", spec.Reward, least)
		}
	}
	if p.FuelPerBlock > 0 && spec.Resources.Fuel/p.FuelPerBlock >= spec.CommitBlocks {
		return fmt.Sprintf("asks for %d fuel in %d blocks, this machine surely does %d a block",
			spec.Resources.Fuel, spec.CommitBlocks, p.FuelPerBlock)
	}
	inputs := spec.Program.Size_
	for i := range spec.Inputs {
		inputs += spec.Inputs[i].Blob.Size_
	}
	for _, bound := range []struct {
		name        string
		asked, most uint64
	}{
		{"fuel", spec.Resources.Fuel, p.MaxFuel},
		{"memory bytes", spec.Resources.MemoryBytes, p.MaxMemoryBytes},
		{"output bytes", spec.Resources.OutputBytes, p.MaxOutputBytes},
		{"input bytes", inputs, p.MaxInputBytes},
	} {
		if bound.most > 0 && bound.asked > bound.most {
			return fmt.Sprintf("asks for %d %s, more than %d", bound.asked, bound.name, bound.most)
		}
	}
	return ""
}
