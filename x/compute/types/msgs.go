package types

import edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"

// Bounds of the items of batches.
const (
	minSaltBytes     = 16
	maxSaltBytes     = 64
	maxDeviceBytes   = 64
	maxEnergySources = 16
)

// Item is one item of a batch message.
type Item interface {
	// GetChunkRef returns the reference to the task and round that the item is about.
	GetChunkRef() ChunkRef
	// Validate checks everything that does not depend on state.
	Validate() error
}

// GetChunkRef returns the reference itself.
func (r ChunkRef) GetChunkRef() ChunkRef { return r }

// GetChunkRef returns the reference to the round of the commitment.
func (i CommitItem) GetChunkRef() ChunkRef { return i.Ref }

// GetChunkRef returns the reference to the round of the tag.
func (i RevealItem) GetChunkRef() ChunkRef { return i.Ref }

// GetChunkRef returns the reference to the round in which the node revealed.
func (i OpenItem) GetChunkRef() ChunkRef { return i.Ref }

// GetChunkRef returns the reference to the round that the node gives back.
func (i ReleaseItem) GetChunkRef() ChunkRef { return i.Ref }

// GetChunkRef returns the reference to the first round of the reviewed task: under TRUST there
// is no other.
func (i ReviewItem) GetChunkRef() ChunkRef { return ChunkRef{JobId: i.JobId, Task: i.Task} }

// Validate checks the job id.
func (r ChunkRef) Validate() error {
	_, err := ParseJobID(r.JobId)
	return err
}

// Validate checks the reference and the length of the commitment.
func (i CommitItem) Validate() error {
	if len(i.Commitment) != HashSize {
		return ErrInvalidCommitment.Wrapf("expected %d bytes, found %d", HashSize, len(i.Commitment))
	}
	return i.Ref.Validate()
}

// Validate checks the reference, the lengths and the reported metrics.
func (i RevealItem) Validate() error {
	if len(i.Tag) != HashSize {
		return ErrInvalidBatch.Wrapf("tag: expected %d bytes, found %d", HashSize, len(i.Tag))
	}
	if n := len(i.Salt); n < minSaltBytes || n > maxSaltBytes {
		return ErrInvalidBatch.Wrapf("salt: expected %d to %d bytes, found %d", minSaltBytes, maxSaltBytes, n)
	}
	if err := edgenodetypes.CheckText("metrics: device", i.Metrics.Device, maxDeviceBytes); err != nil {
		return ErrInvalidBatch.Wrap(err.Error())
	}
	if err := edgenodetypes.CheckText("metrics: energy source", i.Metrics.EnergySource, maxEnergySources); err != nil {
		return ErrInvalidBatch.Wrap(err.Error())
	}
	return i.Ref.Validate()
}

// Validate checks the reference and the lengths of digest and traces.
func (i OpenItem) Validate() error {
	if len(i.Digest) != HashSize {
		return ErrInvalidBatch.Wrapf("digest: expected %d bytes, found %d", HashSize, len(i.Digest))
	}
	if len(i.Trace) != HashSize {
		return ErrInvalidBatch.Wrapf("trace: expected %d bytes, found %d", HashSize, len(i.Trace))
	}
	if n := len(i.OwnTrace); n != HashSize && n != 0 {
		return ErrInvalidBatch.Wrapf("own_trace: expected %d bytes, or none in the first round of a job that judges none, found %d", HashSize, n)
	}
	return i.Ref.Validate()
}

// NewOpenItem returns the item that opens a result of the round that ref names.
func NewOpenItem(ref ChunkRef, shown Opening) OpenItem {
	return OpenItem{
		Ref: ref, Digest: shown.Digest, Fuel: shown.Fuel, Trace: shown.Trace, OwnTrace: shown.OwnTrace,
		ExitCode: shown.ExitCode, Position: shown.Position,
	}
}

// Opening returns the item in the form in which a task stores it.
func (i OpenItem) Opening() Opening {
	return Opening{
		Round: i.Ref.Round, Digest: i.Digest, Fuel: i.Fuel, Trace: i.Trace, OwnTrace: i.OwnTrace,
		ExitCode: i.ExitCode, Position: i.Position,
	}
}

// Validate checks the reference.
func (i ReleaseItem) Validate() error { return i.Ref.Validate() }

// Validate checks the reference.
func (i ReviewItem) Validate() error { return i.GetChunkRef().Validate() }

// ValidateBatch checks the number and form of the items, before anything is written. A
// malformed item makes the whole batch fail.
func ValidateBatch[T Item](items []T, most uint32) error {
	if n := len(items); n == 0 || n > int(most) {
		return ErrInvalidBatch.Wrapf("expected 1 to %d items, found %d", most, n)
	}
	seen := map[string]bool{}
	for n, item := range items {
		if err := item.Validate(); err != nil {
			return ErrInvalidBatch.Wrapf("item %d: %s", n, err)
		}
		ref := item.GetChunkRef()
		key := string(uint64Bytes(ref.Task)) + ref.JobId
		if o, ok := any(item).(OpenItem); ok { // a node opens each task of a chunk
			key = string(uint64Bytes(uint64(o.Position))) + key
		}
		if seen[key] {
			return ErrInvalidBatch.Wrapf("item %d: task %d of job %s is named twice", n, ref.Task, ref.JobId)
		}
		seen[key] = true
	}
	return nil
}
