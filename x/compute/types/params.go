package types

import (
	"bytes"
	"slices"

	"cosmossdk.io/math"
)

// Bounds that parameters cannot exceed.
const (
	// MaxSpecBytes is the largest size of an encoded spec.
	MaxSpecBytes = 4096
	// BasisPoints is 100%.
	BasisPoints = 10_000
	// MaxRoundReplicas bounds the replicas of any round.
	MaxRoundReplicas = 64
	// MaxDepartures is the number of nodes that may leave a task (released, missed) before it
	// gives up. It bounds the task's record.
	MaxDepartures = 32
	// MaxTasks is the largest number of tasks of a job.
	MaxTasks = 1_000_000
	// maxDeterministicPrograms bounds the list of programs for which governance vouches.
	maxDeterministicPrograms = 256
)

// DefaultDenom is the denom of the default parameters, and DefaultDisplay the unit in which people
// write its amounts.
const (
	DefaultDenom   = "atfuel"
	DefaultDisplay = "tfuel"
)

// DefaultParams returns the parameters of a new chain with blocks of 1.5 s.
func DefaultParams() Params {
	return Params{
		Executors: []string{"wasm/1", "tensor/1", "container/1"},
		Denoms: []PaymentDenom{{
			Denom:           DefaultDenom,
			MinReward:       math.NewIntWithDecimal(1, 15), // 0.001 tfuel
			BondNumerator:   1,
			BondDenominator: 1,
			Display:         DefaultDisplay,
			Exponent:        18,
		}},
		SpareNodes:        1,
		PostingFeePerByte: math.NewIntWithDecimal(1, 12), // 4 KiB cost 0.004 tfuel
		MinLiability:      math.NewIntWithDecimal(1, 17), // 0.1 tfuel
		MaxReplicas:       15,
		Escalation:        []uint32{7, 15},
		SortitionFactor:   4,
		ClaimBlocks:       4,
		MaxDraws:          20,      // with their pauses, half an hour
		RevealBlocks:      400,     // ten minutes: longer than a short outage at home; keeping reveals out of blocks that long is expensive
		MaxCommitBlocks:   57_600,  // a day
		MaxLifetimeBlocks: 403_200, // a week
		SeedTimeoutBlocks: 14_400,  // six hours, well inside what x/beacon keeps
		InputReports:      3,
		AttemptFeeBps:     1_000,
		MissedFaultBps:    1_000,
		QueueLimit:        500,
		MaxBatch:          100,
		MinPrepareBlocks:  10,
		MinCommitBlocks:   40,

		RetentionBlocks:        201_600,   // three and a half days
		ReceiptRetentionBlocks: 2_419_200, // six weeks

		DeterministicExecutors: []string{"wasm/1"},
		AuditFloorBps:          500,
		MaxAuditors:            7,
		HonestBps:              5_000,
		MaxReviewBlocks:        57_600, // a day
		MaxTasks:               MaxTasks,
		MaxChunkTasks:          MaxChunkTasks,
		MinSamples:             4,
		MaxOpenTasks:           512,
		RegionDraws:            2,
		MaxWaitBlocks:          2_400,  // an hour
		MaxChallengeBlocks:     57_600, // a day
		PriceWeightBps:         1_000,
	}
}

// Validate checks that the parameters are complete and that the amounts are consistent under
// them. It returns ErrInvalidParams.
func (p Params) Validate() error {
	bad := ErrInvalidParams
	if len(p.Executors) == 0 || len(p.Executors) > 32 {
		return bad.Wrapf("executors: expected 1 to 32 profiles, found %d", len(p.Executors))
	}
	for _, e := range p.Executors {
		if !profilePattern.MatchString(e) {
			return bad.Wrapf("executors: expected profiles like \"wasm/1\", found %q", e)
		}
	}
	if err := p.validateDeterminism(); err != nil {
		return err
	}
	if err := p.validateMoney(); err != nil {
		return err
	}
	if p.MaxReplicas < 3 || p.MaxReplicas > MaxRoundReplicas {
		return bad.Wrapf("max_replicas: expected 3 to %d, found %d", MaxRoundReplicas, p.MaxReplicas)
	}
	if p.MaxAuditors < 1 || p.MaxAuditors > MaxRoundReplicas || p.MaxReplicas+p.MaxAuditors > MaxRoundReplicas {
		return bad.Wrapf("max_auditors: expected at least 1, and at most %d with max_replicas, found %d and %d",
			MaxRoundReplicas, p.MaxAuditors, p.MaxReplicas)
	}
	if err := p.validateEscalation(); err != nil {
		return err
	}
	for _, f := range []struct {
		name      string
		value     uint64
		low, high uint64
	}{
		{"spare_nodes", uint64(p.SpareNodes), 0, 1_000},
		{"sortition_factor", uint64(p.SortitionFactor), 1, 1_000},
		{"claim_blocks", p.ClaimBlocks, 1, 10_000},
		{"max_draws", uint64(p.MaxDraws), 1, 100},
		{"reveal_blocks", p.RevealBlocks, 1, 1_000_000},
		{"min_prepare_blocks", p.MinPrepareBlocks, 1, 10_000},
		{"min_commit_blocks", p.MinCommitBlocks, 2, 10_000},
		{"max_commit_blocks", p.MaxCommitBlocks, p.MinCommitBlocks, 10_000_000},
		{"retention_blocks", p.RetentionBlocks, 1, 100_000_000},
		{"receipt_retention_blocks", p.ReceiptRetentionBlocks, 1, 100_000_000},
		{"max_lifetime_blocks", p.MaxLifetimeBlocks, 1, 10_000_000},
		{"seed_timeout_blocks", p.SeedTimeoutBlocks, 10, 10_000_000},
		{"input_reports", uint64(p.InputReports), 1, MaxDepartures},
		{"attempt_fee_bps", uint64(p.AttemptFeeBps), 0, BasisPoints},
		{"missed_fault_bps", uint64(p.MissedFaultBps), 0, BasisPoints},
		{"queue_limit", uint64(p.QueueLimit), 1, 100_000},
		{"max_batch", uint64(p.MaxBatch), 1, 1_000},
		{"audit_floor_bps", uint64(p.AuditFloorBps), 0, BasisPoints},
		{"honest_bps", uint64(p.HonestBps), 1, BasisPoints},
		{"max_review_blocks", p.MaxReviewBlocks, 1, 10_000_000},
		{"max_tasks", p.MaxTasks, 1, MaxTasks},
		{"max_chunk_tasks", p.MaxChunkTasks, 1, MaxChunkTasks},
		{"min_samples", uint64(p.MinSamples), 1, MaxWholeSamples},
		{"max_open_tasks", uint64(p.MaxOpenTasks), 1, 100_000},
		{"region_draws", uint64(p.RegionDraws), 0, 100},
		{"max_wait_blocks", p.MaxWaitBlocks, 1, 10_000_000},
		{"max_challenge_blocks", p.MaxChallengeBlocks, 0, 10_000_000},
		{"price_weight_bps", uint64(p.PriceWeightBps), 1, BasisPoints},
	} {
		if f.value < f.low || f.value > f.high {
			return bad.Wrapf("%s: expected %d to %d, found %d", f.name, f.low, f.high, f.value)
		}
	}
	return nil
}

// validateDeterminism checks the executors and programs for which governance vouches.
func (p Params) validateDeterminism() error {
	bad := ErrInvalidParams
	for i, e := range p.DeterministicExecutors {
		if !p.SupportsExecutor(e) || slices.Contains(p.DeterministicExecutors[:i], e) {
			return bad.Wrapf("deterministic_executors: expected each of executors at most once, found %q", e)
		}
		if untraced(e) {
			return bad.Wrapf("deterministic_executors: expected profiles whose runs leave a trace, found %q; leave it out", e)
		}
	}
	if n := len(p.DeterministicPrograms); n > maxDeterministicPrograms {
		return bad.Wrapf("deterministic_programs: expected at most %d, found %d", maxDeterministicPrograms, n)
	}
	for i, d := range p.DeterministicPrograms {
		if len(d) != HashSize {
			return bad.Wrapf("deterministic_programs: expected digests of %d bytes, found %d", HashSize, len(d))
		}
		if slices.ContainsFunc(p.DeterministicPrograms[:i], func(e []byte) bool { return bytes.Equal(d, e) }) {
			return bad.Wrapf("deterministic_programs: %x is named twice", d)
		}
	}
	return nil
}

// validateEscalation checks that the nodes that cause a further round can pay for it. A first
// round has between one replica (a single executor) and all replicas and auditors. It
// escalates after a single lie, whose liability is at least the cost of the next round. A
// later round escalates if no result has two thirds of the votes. Then more than a third of
// the votes are false, and as many liabilities pay all judges of the further rounds up to the
// next one, except for the liars among them.
func (p Params) validateEscalation() error {
	bad := ErrInvalidParams
	if len(p.Escalation) == 0 || len(p.Escalation) > 4 {
		return bad.Wrapf("escalation: expected 1 to 4 rounds, found %d", len(p.Escalation))
	}
	for _, n := range p.Escalation {
		if n < 1 || n > MaxRoundReplicas {
			return bad.Wrapf("escalation: expected rounds of 1 to %d replicas, found %d", MaxRoundReplicas, n)
		}
	}
	liability := max(2, p.Escalation[0])
	for replicas := uint32(1); replicas <= p.MaxReplicas+p.MaxAuditors; replicas++ {
		votes, judges := replicas, uint32(0)
		for i, n := range p.Escalation[:len(p.Escalation)-1] {
			votes += n
			judges += n
			liars := votes/3 + 1
			unpaid := liars - min(liars, replicas)
			if cost := judges + p.Escalation[i+1] - unpaid; liars*liability < cost {
				return bad.Wrapf("escalation: after a first round of %d and further ones up to %d, %d liars pay for %d judges, "+
					"round %d may cost %d; make the first entry larger or the later ones smaller",
					replicas, n, liars, liars*liability, i+2, cost)
			}
		}
	}
	return nil
}

func (p Params) validateMoney() error {
	bad := ErrInvalidParams
	if err := p.validateDenoms(); err != nil {
		return err
	}
	if f := p.PostingFeePerByte; f.IsNil() || f.IsNegative() || f.GT(maxReward) {
		return bad.Wrapf("posting_fee_per_byte: expected 0 to %s, found %s", maxReward, f)
	}
	if l := p.MinLiability; l.IsNil() || !l.IsPositive() || l.GT(maxReward) {
		return bad.Wrapf("min_liability: expected 1 to %s, found %s", maxReward, l)
	}
	return nil
}

// SupportsExecutor reports whether jobs may name the profile.
func (p Params) SupportsExecutor(profile string) bool { return slices.Contains(p.Executors, profile) }
