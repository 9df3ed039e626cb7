package bid

import (
	"crypto/sha256"
	"fmt"
	"slices"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Trust says which jobs under TRUST the owner accepts. In such a job, the requester alone
// judges the result, and may reject it by paying only the attempt fee.
type Trust string

// These are the values of Trust.
const (
	// TrustOff accepts no jobs under TRUST.
	TrustOff Trust = "off"
	// TrustNamed accepts the jobs under TRUST that name this node.
	TrustNamed Trust = "named"
	// TrustAny accepts all jobs under TRUST.
	TrustAny Trust = "any"
)

// Grants says which jobs the owner accepts that a grant pays for. Such a job pays its price for the
// fuel that the result has used, not for the fuel limit that its reward states. The pay is held for the
// hold_epochs of the grant, and is void if the grant is revoked within them.
type Grants string

// These are the values of Grants.
const (
	// GrantsAll accepts them like other jobs.
	GrantsAll Grants = "all"
	// GrantsNone accepts none of them.
	GrantsNone Grants = "none"
)

// Policy contains the limits that the owner of the machine has set. A limit of 0 is not
// applied.
type Policy struct {
	// MaxJobs is the largest number of programs that run at the same time. If the rate of a
	// profile is not set, it also bounds the number of assignments that are claimed but not executed yet.
	MaxJobs int
	// MinRewards is the smallest reward per task that the owner accepts, by denom. The node
	// does not work for a denom that is not listed. If the list is empty, the node accepts
	// every reward that the chain allows. The reward of a job of a grant is the price of its fuel
	// limit, which is the most that it pays.
	MinRewards sdk.Coins
	// MinPrices is the least pay for 10^9 fuel, by executor and denom. Requesters do not see it.
	MinPrices []Price
	// MaxFuel, MaxMemoryBytes and MaxOutputBytes bound what a program may ask for.
	MaxFuel, MaxMemoryBytes, MaxOutputBytes uint64
	// MaxDeviceBytes bounds the memory of the program's tensors.
	MaxDeviceBytes uint64
	// ContainerFuel bounds the fuel of a task of container/1, which is the time that its program may take; 0 for no limit.
	// ContainerGPUs reports whether its tasks get a graphics card, without which they cannot ask for device memory.
	ContainerFuel uint64
	ContainerGPUs bool
	// FuelPerBlock is the amount of fuel that one program on this machine is certain to burn
	// between two blocks. The node does not take a chunk if, at that rate and in addition to
	// the work that it already holds, the fuel of its tasks does not fit into its commit window.
	// It counts for the profiles that Rates does not list.
	FuelPerBlock uint64
	// Rates are the rates of single executor profiles, sorted by executor.
	Rates []Rate
	// MaxInputBytes bounds the total size of a task's program and inputs.
	MaxInputBytes uint64
	// MaxChallengeBlocks bounds the number of blocks for which a paid task may keep its
	// liability locked.
	MaxChallengeBlocks uint64
	// Trust says which jobs under TRUST the node takes. Empty means TrustNamed.
	Trust Trust
	// Grants says which jobs of grants the node takes. Empty means GrantsAll.
	Grants Grants
	// OwnRiskPrograms contains the digests of programs that, according to the owner, give
	// equal results on all machines, although neither their executor nor governance guarantees
	// that.
	OwnRiskPrograms [][sha256.Size]byte
	// DenyRequesters contains the addresses of requesters whose jobs the node does not take.
	DenyRequesters []string
	// Hosts are the servers that a job may name. If it is nil, a job may name all.
	Hosts Hosts
}

// Limits returns the part of the policy that the operator declares on chain, so that
// requesters know which nodes accept their jobs. It does not contain Grants, OwnRiskPrograms,
// DenyRequesters, Hosts or the room that the machine has at the moment.
func (p Policy) Limits() edgenodetypes.TaskLimits {
	stance := edgenodetypes.TRUST_STANCE_NAMED
	switch p.Trust {
	case TrustOff:
		stance = edgenodetypes.TRUST_STANCE_OFF
	case TrustAny:
		stance = edgenodetypes.TRUST_STANCE_ANY
	case TrustNamed:
	}
	limits := edgenodetypes.TaskLimits{
		MemoryBytes:     min(p.MaxMemoryBytes, edgenodetypes.MaxLimit),
		InputBytes:      min(p.MaxInputBytes, edgenodetypes.MaxLimit),
		OutputBytes:     min(p.MaxOutputBytes, edgenodetypes.MaxLimit),
		Fuel:            min(p.MaxFuel, edgenodetypes.MaxLimit),
		FuelPerBlock:    min(p.FuelPerBlock, edgenodetypes.MaxLimit),
		Rates:           limitRates(p.Rates),
		ChallengeBlocks: min(p.MaxChallengeBlocks, edgenodetypes.MaxLimit),
		DeviceBytes:     min(p.MaxDeviceBytes, edgenodetypes.MaxLimit),
		Trust:           stance,
	}
	if n := len(p.MinRewards); n > 0 && n <= edgenodetypes.MaxMinRewards && p.MinRewards.Validate() == nil {
		limits.MinRewards = p.MinRewards
	}
	return limits
}

// refusal returns the reason why the owner of an operator's node does not want a job, or "".
// tasks is the number of tasks that the node would execute.
func (p Policy) refusal(j Job, tasks uint64, operator string, params computetypes.Params) string {
	if slices.Contains(p.DenyRequesters, j.Requester) {
		return "its requester " + j.Requester + " is in policy.deny-requesters"
	}
	if p.Grants == GrantsNone && j.Spec.Grant != 0 {
		return fmt.Sprintf("is paid by grant %d, which holds its pay and may be revoked, and policy.grants is none", j.Spec.Grant)
	}
	if why := p.distrust(j.Spec, operator, params); why != "" {
		return why
	}
	return p.exceeded(j.Spec, tasks)
}

// distrust returns the reason why the owner does not want a result to be judged under a job's
// policy, or "".
func (p Policy) distrust(spec *computetypes.JobSpec, operator string, params computetypes.Params) string {
	if spec.Policy.Reviewed() {
		switch {
		case p.Trust == TrustOff:
			return "is under TRUST, and policy.trust is off"
		case p.Trust == TrustNamed && spec.Policy.Node != operator:
			return "is under TRUST without naming this node, and policy.trust is named"
		}
	}
	if spec.Policy.OwnRisk && !params.Deterministic(spec) &&
		!slices.ContainsFunc(p.OwnRiskPrograms, func(d [sha256.Size]byte) bool { return slices.Equal(d[:], spec.Program.Sha256) }) {
		return fmt.Sprintf("slashes over a program that nobody vouches for, and %x is not in policy.own-risk-programs", spec.Program.Sha256)
	}
	return ""
}

// Price is the least pay for 10^9 fuel of an executor.
type Price struct {
	Executor string
	Amount   sdk.Coin
}

// underpaid returns the least price that a job is below, or "". The fuel that its tasks may use counts.
func (p Policy) underpaid(spec *computetypes.JobSpec) string {
	for _, price := range p.MinPrices {
		if price.Executor != spec.Executor || price.Amount.Denom != spec.Reward.Denom {
			continue
		}
		least := price.Amount.Amount.Mul(sdkmath.NewIntFromUint64(spec.Resources.Fuel)).AddRaw(priceFuel - 1).QuoRaw(priceFuel)
		if spec.Reward.Amount.LT(least) {
			return fmt.Sprintf("pays %s for up to %d fuel, less than %s at the %s of policy.min-prices for each 10^9", spec.Reward, spec.Resources.Fuel,
				sdk.NewCoin(price.Amount.Denom, least), price.Amount)
		}
	}
	return ""
}

// priceFuel is the fuel to which a price belongs.
const priceFuel = 1_000_000_000

// containers is the profile of container images. Its fuel is in nanoseconds.
const (
	containers  = "container/1"
	nanoseconds = 1_000_000_000
)

// exceeded returns the owner's limit that a number of tasks of a job exceeds, or "".
func (p Policy) exceeded(spec *computetypes.JobSpec, tasks uint64) string {
	if len(p.MinRewards) > 0 {
		found, least := p.MinRewards.Find(spec.Reward.Denom)
		if !found {
			return fmt.Sprintf("pays in %s, which is none of %s", spec.Reward.Denom, p.MinRewards)
		}
		if spec.Reward.Amount.LT(least.Amount) {
			return fmt.Sprintf("pays %s, less than %s", spec.Reward, least)
		}
	}
	if why := p.underpaid(spec); why != "" {
		return why
	}
	if fuel, rate := fuelOf(spec, tasks), p.RateOf(spec.Executor); rate > 0 && fuel/rate >= spec.CommitBlocks {
		return fmt.Sprintf("asks for %d fuel in %d blocks, this machine surely does %d a block",
			fuel, spec.CommitBlocks, rate)
	}
	if spec.Executor == containers {
		switch asked := spec.Resources.Fuel; {
		case p.ContainerFuel > 0 && asked > p.ContainerFuel:
			return fmt.Sprintf("may run for %d s, and work.execution-limit is %d s", asked/nanoseconds, p.ContainerFuel/nanoseconds)
		case spec.Resources.DeviceBytes > 0 && !p.ContainerGPUs:
			return "asks for a graphics card, and container.gpus allows none"
		}
	}
	for _, bound := range []struct {
		name        string
		asked, most uint64
	}{
		{"fuel", spec.Resources.Fuel, p.MaxFuel},
		{"memory bytes", spec.Resources.MemoryBytes, p.MaxMemoryBytes},
		{"output bytes", spec.Resources.OutputBytes, p.MaxOutputBytes},
		{"bytes of tensors", spec.Resources.DeviceBytes, p.MaxDeviceBytes},
		{"input bytes", spec.InputBytes(), p.MaxInputBytes},
		{"challenge blocks", spec.Policy.ChallengeBlocks, p.MaxChallengeBlocks},
	} {
		if bound.most > 0 && bound.asked > bound.most {
			return fmt.Sprintf("asks for %d %s, more than %d", bound.asked, bound.name, bound.most)
		}
	}
	return ""
}
