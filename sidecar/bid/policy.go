package bid

import (
	"crypto/sha256"
	"fmt"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Trust says which jobs under TRUST the owner takes: there the requester alone
// judges the result, and may reject it for the attempt fee.
type Trust string

// The kinds of trust.
const (
	// TrustOff takes none.
	TrustOff Trust = "off"
	// TrustNamed takes those that name this node.
	TrustNamed Trust = "named"
	// TrustAny takes all.
	TrustAny Trust = "any"
)

// Policy is what the owner of the machine allows. A limit of 0 does not bind.
type Policy struct {
	// MaxJobs is the most programs that run at once. Without FuelPerBlock it bounds
	// what is claimed and not executed yet, too.
	MaxJobs int
	// MinRewards is the least pay of a task by denom; a denom that is not listed
	// is not worked for. Empty takes everything that the chain allows.
	MinRewards sdk.Coins
	// MaxFuel, MaxMemoryBytes, MaxOutputBytes bound what a program may ask for.
	MaxFuel, MaxMemoryBytes, MaxOutputBytes uint64
	// FuelPerBlock is what this machine surely burns between two blocks with one
	// program. A task whose fuel does not fit into its commit window at that rate,
	// beside what is held, is not taken.
	FuelPerBlock uint64
	// MaxInputBytes bounds program and inputs of a task together.
	MaxInputBytes uint64
	// MaxChallengeBlocks bounds for how long paid work may keep its liability locked.
	MaxChallengeBlocks uint64
	// Trust says which jobs under TRUST are taken; empty is TrustNamed.
	Trust Trust
	// OwnRiskPrograms are digests of programs that the owner believes to give equal
	// results on all machines, though neither their executor nor governance vouches for it.
	OwnRiskPrograms [][sha256.Size]byte
	// DenyRequesters are addresses whose jobs are not taken.
	DenyRequesters []string
}

// Limits are what the operator declares of the policy on chain, so that requesters
// know whom their jobs fit. Programs at own risk, denied requesters and what this
// machine has room for at a moment are not among it.
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
		ChallengeBlocks: min(p.MaxChallengeBlocks, edgenodetypes.MaxLimit),
		Trust:           stance,
	}
	if n := len(p.MinRewards); n > 0 && n <= edgenodetypes.MaxMinRewards && p.MinRewards.Validate() == nil {
		limits.MinRewards = p.MinRewards
	}
	return limits
}

// refusal returns why the owner of an operator's node does not want a job, or "".
func (p Policy) refusal(j Job, operator string, params computetypes.Params) string {
	if slices.Contains(p.DenyRequesters, j.Requester) {
		return "its requester " + j.Requester + " is in policy.deny-requesters"
	}
	if why := p.distrust(j.Spec, operator, params); why != "" {
		return why
	}
	return p.exceeded(j.Spec)
}

// distrust returns why the owner does not want to be judged by a job's policy,
// or "".
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

// exceeded returns which limit of the owner a job exceeds, or "".
func (p Policy) exceeded(spec *computetypes.JobSpec) string {
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
	for _, bound := range []struct {
		name        string
		asked, most uint64
	}{
		{"fuel", spec.Resources.Fuel, p.MaxFuel},
		{"memory bytes", spec.Resources.MemoryBytes, p.MaxMemoryBytes},
		{"output bytes", spec.Resources.OutputBytes, p.MaxOutputBytes},
		{"input bytes", spec.InputBytes(), p.MaxInputBytes},
		{"challenge blocks", spec.Policy.ChallengeBlocks, p.MaxChallengeBlocks},
	} {
		if bound.most > 0 && bound.asked > bound.most {
			return fmt.Sprintf("asks for %d %s, more than %d", bound.asked, bound.name, bound.most)
		}
	}
	return ""
}
