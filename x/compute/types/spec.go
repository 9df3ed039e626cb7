package types

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Bounds of a spec that do not depend on parameters.
const (
	maxInputs    = 16
	maxArgs      = 64
	maxArgBytes  = 512
	maxEnv       = 64
	maxEnvBytes  = 512
	maxPathBytes = 128
	maxURIs      = 4
	maxURIBytes  = 256
	maxBlobBytes = 1 << 40
	maxSizeBytes = 1 << 40
	seedBytes    = 32
	maxSinkBytes = 256
)

var (
	profilePattern = regexp.MustCompile(`^[a-z0-9-]{1,24}/[0-9]{1,6}$`)
	classPattern   = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	uriPattern     = regexp.MustCompile(`^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/(?:[\x21-\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*)?$`)
	envPattern     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)
	pathPattern    = regexp.MustCompile(`^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$`)
)

// Validate checks everything about a spec that does not depend on chain state. It returns
// ErrInvalidSpec, ErrSpecTooLarge, ErrInvalidReward or ErrUnsupported.
func (s *JobSpec) Validate() error {
	if err := s.ValidateWork(); err != nil {
		return err
	}
	if s.FirstTask > maxArrayInputs {
		return ErrInvalidSpec.Wrapf("first_task: expected at most %d, found %d", uint64(maxArrayInputs), s.FirstTask)
	}
	if err := s.checkLeaves(); err != nil {
		return err
	}
	return ValidateSink(s.Sink)
}

// ValidateWork checks a spec except for its sink, which a judging job does not have, for
// the bound of first_task, which in a judging job is the number of the judged task, and for
// that of the chunks of a quorum. Any task or chunk of a posted job can be judged, including
// tasks that were added later.
func (s *JobSpec) ValidateWork() error {
	if n := s.Size(); n > MaxSpecBytes {
		return ErrSpecTooLarge.Wrapf("expected at most %d bytes encoded, found %d; move data into inputs", MaxSpecBytes, n)
	}
	if !profilePattern.MatchString(s.Executor) {
		return ErrInvalidSpec.Wrapf("executor: expected a profile like \"wasm/1\", found %.64q", s.Executor)
	}
	if !classPattern.MatchString(s.Class) {
		return ErrInvalidSpec.Wrapf("class: expected lower case letters, digits and dashes, found %.64q", s.Class)
	}
	if err := s.Program.validate("program"); err != nil {
		return err
	}
	if err := s.validateInputs(); err != nil {
		return err
	}
	if err := s.validateArgs(); err != nil {
		return err
	}
	if err := s.validateEnv(); err != nil {
		return err
	}
	if err := s.Resources.validate(); err != nil {
		return err
	}
	if err := s.CheckProfile(); err != nil {
		return err
	}
	if n := len(s.Seed); n != 0 && n != seedBytes {
		return ErrInvalidSpec.Wrapf("seed: expected none or %d bytes, found %d", seedBytes, n)
	}
	if err := s.Policy.validate(); err != nil {
		return err
	}
	if err := ValidateReward(s.Reward); err != nil {
		return err
	}
	if err := s.Placement.validate(); err != nil {
		return err
	}
	if s.Tasks == 0 || s.Tasks > MaxTasks {
		return ErrInvalidSpec.Wrapf("tasks: expected 1 to %d, found %d", MaxTasks, s.Tasks)
	}
	if err := s.validateChunk(); err != nil {
		return err
	}
	if s.FirstTask > maxArrayInputs+MaxTasks {
		return ErrInvalidSpec.Wrapf("first_task: expected at most %d, found %d", uint64(maxArrayInputs+MaxTasks), s.FirstTask)
	}
	if s.PrepareBlocks == 0 || s.CommitBlocks <= s.PrepareBlocks {
		return ErrInvalidSpec.Wrapf("expected commit_blocks above prepare_blocks, and prepare_blocks above 0, found %d and %d",
			s.CommitBlocks, s.PrepareBlocks)
	}
	if s.LifetimeBlocks == 0 {
		return ErrInvalidSpec.Wrap("lifetime_blocks: expected 1 or more, found 0")
	}
	return nil
}

// PerChunk returns the number of tasks of a chunk, at least 1.
func (s *JobSpec) PerChunk() uint64 { return max(1, s.ChunkTasks) }

// MaxQuorumLeaves bounds the results that the replicas of a chunk show together if their roots
// differ.
const MaxQuorumLeaves = 512

// validateChunk checks the number of tasks of a chunk.
func (s *JobSpec) validateChunk() error {
	if most := min(s.Tasks, MaxChunkTasks); s.ChunkTasks > most {
		return ErrInvalidSpec.Wrapf("chunk_tasks: expected at most the %d tasks of the job and %d, found %d", s.Tasks, MaxChunkTasks, s.ChunkTasks)
	}
	if p := &s.Policy; s.ChunkTasks > p.MostTasks() {
		return ErrInvalidSpec.Wrapf("chunk_tasks: expected at most %d tasks with more than one auditor or %d samples, because nodes could often not commit to more, found %d with %d and %d; ask for one auditor, fewer samples or smaller chunks",
			p.MostTasks(), MaxWholeSamples, s.ChunkTasks, p.Auditors, p.Samples)
	}
	return nil
}

// checkLeaves bounds the chunks of a quorum, whose replicas may have to show all results. The
// judges of a whole chunk show its root alone.
func (s *JobSpec) checkLeaves() error {
	most := MaxQuorumLeaves / uint64(max(1, s.Policy.Replicas))
	if s.Policy.Kind == POLICY_KIND_QUORUM && s.PerChunk() > 1 && s.ChunkTasks > most {
		return ErrInvalidSpec.Wrapf("chunk_tasks: expected at most %d for a quorum of %d, which shows all results if it disagrees, found %d",
			most, s.Policy.Replicas, s.ChunkTasks)
	}
	return nil
}

// validateInputs checks the files under /in: those of all tasks, and the file of each task of
// an array.
func (s *JobSpec) validateInputs() error {
	if n := len(s.Inputs); n > maxInputs {
		return ErrInvalidSpec.Wrapf("inputs: expected at most %d, found %d", maxInputs, n)
	}
	var paths []string
	for i := range s.Inputs {
		p := s.Inputs[i].Path
		if err := validatePath(fmt.Sprintf("input %d", i+1), p); err != nil {
			return err
		}
		if err := s.Inputs[i].Blob.validate("input " + p); err != nil {
			return err
		}
		paths = append(paths, p)
	}
	if s.ArrayInput != nil {
		if err := s.ArrayInput.validate(s.FirstTask + s.Tasks); err != nil {
			return err
		}
		paths = append(paths, s.ArrayInput.Path)
	}
	seen := map[string]bool{}
	for i, p := range paths {
		if seen[p] {
			return ErrInvalidSpec.Wrapf("input %d: path %q is named twice", i+1, p)
		}
		seen[p] = true
	}
	for i, p := range paths {
		for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
			if seen[dir] {
				return ErrInvalidSpec.Wrapf("input %d: %q is a file, and %q lies below it", i+1, dir, p)
			}
		}
	}
	return nil
}

func (s *JobSpec) validateArgs() error {
	if n := len(s.Args); n > maxArgs {
		return ErrInvalidSpec.Wrapf("args: expected at most %d, found %d", maxArgs, n)
	}
	for i, a := range s.Args {
		if len(a) > maxArgBytes || !utf8.ValidString(a) || strings.ContainsRune(a, 0) {
			return ErrInvalidSpec.Wrapf("arg %d: expected at most %d bytes of UTF-8 without zero bytes", i+1, maxArgBytes)
		}
	}
	return nil
}

func (s *JobSpec) validateEnv() error {
	if n := len(s.Env); n > maxEnv {
		return ErrInvalidSpec.Wrapf("env: expected at most %d variables, found %d", maxEnv, n)
	}
	seen := make(map[string]bool, len(s.Env))
	for i, v := range s.Env {
		if !envPattern.MatchString(v.Name) {
			return ErrInvalidSpec.Wrapf("env %d: expected a name of letters, digits and underscores without a digit first, at most 64 bytes, found %.80q", i+1, v.Name)
		}
		if seen[v.Name] {
			return ErrInvalidSpec.Wrapf("env %d: %s is set twice", i+1, v.Name)
		}
		seen[v.Name] = true
		if len(v.Value) > maxEnvBytes || !utf8.ValidString(v.Value) || strings.ContainsRune(v.Value, 0) {
			return ErrInvalidSpec.Wrapf("env %s: expected at most %d bytes of UTF-8 without zero bytes", v.Name, maxEnvBytes)
		}
	}
	return nil
}

// ValidateReward checks the pay of one replica. It returns ErrInvalidReward.
func ValidateReward(r sdk.Coin) error {
	if r.Amount.IsNil() || !r.Amount.IsPositive() {
		return ErrInvalidReward.Wrap("expected an amount above 0 per replica")
	}
	if err := r.Validate(); err != nil {
		return ErrInvalidReward.Wrap(err.Error())
	}
	if r.Amount.GT(maxReward) {
		return ErrInvalidReward.Wrapf("expected at most %s%s per replica, found %s", maxReward, r.Denom, r)
	}
	return nil
}

func (b *Blob) validate(name string) error {
	if len(b.Sha256) != HashSize {
		return ErrInvalidSpec.Wrapf("%s: expected a sha256 digest of %d bytes, found %d", name, HashSize, len(b.Sha256))
	}
	if b.Size_ > maxBlobBytes {
		return ErrInvalidSpec.Wrapf("%s: expected at most %d bytes, found %d", name, uint64(maxBlobBytes), b.Size_)
	}
	if n := len(b.Uris); n < 1 || n > maxURIs {
		return ErrInvalidSpec.Wrapf("%s: expected 1 to %d uris, found %d", name, maxURIs, n)
	}
	for _, u := range b.Uris {
		if err := validateURI(name, u); err != nil {
			return err
		}
	}
	return nil
}

// validateURI checks the form by a pattern of this module. A parser that changes with its
// version or with the environment must not determine what a block may contain.
func validateURI(name, raw string) error {
	if len(raw) > maxURIBytes {
		return ErrInvalidSpec.Wrapf("%s: uri: expected at most %d bytes, found %d", name, maxURIBytes, len(raw))
	}
	if !uriPattern.MatchString(raw) {
		return ErrInvalidSpec.Wrapf("%s: expected an http or https uri without credentials, found %.280q", name, raw)
	}
	return nil
}

func (r *Resources) validate() error {
	for _, f := range []struct {
		name  string
		value uint64
		high  uint64
	}{
		{"fuel", r.Fuel, 1 << 50},
		{"memory_bytes", r.MemoryBytes, maxSizeBytes},
		{"output_bytes", r.OutputBytes, maxSizeBytes},
	} {
		if f.value == 0 || f.value > f.high {
			return ErrInvalidSpec.Wrapf("resources: %s: expected 1 to %d, found %d", f.name, f.high, f.value)
		}
	}
	if r.DeviceBytes > maxSizeBytes {
		return ErrInvalidSpec.Wrapf("resources: device_bytes: expected at most %d, found %d", maxSizeBytes, r.DeviceBytes)
	}
	return nil
}

// CheckParams checks a valid spec against the parameters.
func (s *JobSpec) CheckParams(p Params) (PaymentDenom, error) {
	if !p.SupportsExecutor(s.Executor) {
		return PaymentDenom{}, ErrUnsupported.Wrapf("executor: expected one of %s, found %s",
			strings.Join(p.Executors, ", "), s.Executor)
	}
	if err := s.CheckCost(p); err != nil {
		return PaymentDenom{}, err
	}
	denom, ok := p.PaymentDenom(s.Reward.Denom)
	if !ok {
		return PaymentDenom{}, ErrInvalidReward.Wrapf("denom %s is not accepted; see the denoms in the params", s.Reward.Denom)
	}
	if s.Reward.Amount.LT(denom.MinReward) {
		return PaymentDenom{}, ErrInvalidReward.Wrapf("expected at least %s%s per replica, found %s", denom.MinReward, denom.Denom, s.Reward)
	}
	// x/rewards splits the pay of a chunk at once, and refuses more than 2^128 units.
	if pay := s.Reward.Amount.MulRaw(int64(s.PerChunk())); pay.GT(maxReward) {
		return PaymentDenom{}, ErrInvalidReward.Wrapf("expected a reward for a chunk of at most %s%s, found %s for each of %d tasks", maxReward, denom.Denom, s.Reward, s.PerChunk())
	}
	if denom.BondValue(s.Reward.Amount.MulRaw(int64(s.PerChunk()))).GT(maxReward) {
		return PaymentDenom{}, ErrInvalidReward.Wrapf("expected a reward for a chunk worth at most %s in the bond denom, found %s for each of %d tasks, which is worth more", maxReward, s.Reward, s.PerChunk())
	}
	if s.PrepareBlocks < p.MinPrepareBlocks {
		return PaymentDenom{}, ErrInvalidSpec.Wrapf("prepare_blocks: expected at least %d, found %d", p.MinPrepareBlocks, s.PrepareBlocks)
	}
	if s.CommitBlocks < p.MinCommitBlocks {
		return PaymentDenom{}, ErrInvalidSpec.Wrapf("commit_blocks: expected at least %d, found %d", p.MinCommitBlocks, s.CommitBlocks)
	}
	if s.CommitBlocks > p.MaxCommitBlocks {
		return PaymentDenom{}, ErrInvalidSpec.Wrapf("commit_blocks: expected at most %d, found %d", p.MaxCommitBlocks, s.CommitBlocks)
	}
	if s.LifetimeBlocks > p.MaxLifetimeBlocks {
		return PaymentDenom{}, ErrInvalidSpec.Wrapf("lifetime_blocks: expected at most %d, found %d", p.MaxLifetimeBlocks, s.LifetimeBlocks)
	}
	return denom, nil
}
