package types

import sdk "github.com/cosmos/cosmos-sdk/types"

// CheckCost checks the fields that determine the cost of a job, its policy and the number of
// its tasks, against the parameters. It returns ErrUnsupported or ErrInvalidSpec.
func (s *JobSpec) CheckCost(p Params) error {
	if err := s.Policy.validate(); err != nil {
		return err
	}
	_, slashed := p.Effective(s)
	if err := s.Policy.checkParams(p, slashed); err != nil {
		return err
	}
	if s.Tasks > p.MaxTasks {
		return ErrInvalidSpec.Wrapf("tasks: expected at most %d, found %d", p.MaxTasks, s.Tasks)
	}
	if err := s.validateChunk(); err != nil {
		return err
	}
	if err := s.checkLeaves(); err != nil {
		return err
	}
	if s.PerChunk() > p.MaxChunkTasks {
		return ErrInvalidSpec.Wrapf("chunk_tasks: expected at most %d, found %d", p.MaxChunkTasks, s.ChunkTasks)
	}
	return nil
}

// CheckDemand checks the fields that determine which nodes a job fits. It returns
// ErrInvalidSpec.
func (s *JobSpec) CheckDemand() error {
	if err := s.Placement.validate(); err != nil {
		return err
	}
	return s.CheckProfile()
}

// NewQuoteRequest returns the request for the cost of posting a spec.
func NewQuoteRequest(s *JobSpec) *QueryQuoteRequest {
	return &QueryQuoteRequest{
		Class: s.Class, Reward: s.Reward.String(), SpecBytes: uint64(s.Size()),
		Tasks: s.Tasks, Executor: s.Executor, Program: s.Program.Sha256,
		Kind: s.Policy.Kind, Replicas: s.Policy.Replicas, AuditBps: s.Policy.AuditBps, Auditors: s.Policy.Auditors,
		OwnRisk: s.Policy.OwnRisk, NamedNode: s.Policy.Node, ChallengeBlocks: s.Policy.ChallengeBlocks,
		Fuel: s.Resources.Fuel, MemoryBytes: s.Resources.MemoryBytes, OutputBytes: s.Resources.OutputBytes, DeviceBytes: s.Resources.DeviceBytes,
		InputBytes: s.InputBytes(), CommitBlocks: s.CommitBlocks,
		Regions: s.Placement.Regions, Denied: s.Placement.Denied, MinBond: s.Placement.MinBond,
		ChunkTasks: s.ChunkTasks, Samples: s.Policy.Samples, Grant: s.Grant,
		MaxGco2PerKwh: s.Placement.MaxGco2PerKwh,
	}
}

// Spec returns a spec with the fields that determine the cost of posting it.
func (r *QueryQuoteRequest) Spec(p Params, reward sdk.Coin) *JobSpec {
	spec := &JobSpec{
		Class: r.Class, Reward: reward, Executor: r.Executor, Tasks: max(1, r.Tasks), Program: Blob{Sha256: r.Program},
		Policy: Policy{
			Kind: r.Kind, Replicas: r.Replicas, AuditBps: r.AuditBps, Auditors: r.Auditors, OwnRisk: r.OwnRisk, Node: r.NamedNode,
			ChallengeBlocks: r.ChallengeBlocks, Samples: r.Samples,
		},
		ChunkTasks:   r.ChunkTasks,
		Grant:        r.Grant,
		Resources:    Resources{Fuel: r.Fuel, MemoryBytes: r.MemoryBytes, OutputBytes: r.OutputBytes, DeviceBytes: r.DeviceBytes},
		CommitBlocks: r.CommitBlocks,
		Placement:    Placement{Regions: r.Regions, Denied: r.Denied, MinBond: r.MinBond, MaxGco2PerKwh: r.MaxGco2PerKwh},
	}
	if spec.Executor == "" {
		spec.Executor = p.Executors[0]
	}
	if spec.Policy.Kind == POLICY_KIND_UNSPECIFIED {
		spec.Policy.Kind = POLICY_KIND_QUORUM
	}
	if spec.Policy.Kind == POLICY_KIND_TRUST {
		spec.Policy.ReviewBlocks = 1 // it does not affect the cost
	}
	return spec
}
