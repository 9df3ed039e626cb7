package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// part returns what an assignment executes of its chunk: what was proven, or else what the
// node shows, which has to be proven before the commitment leaves this machine. It returns
// false if that cannot be.
func (w *assignment) part() (chain.Part, bool) {
	var p chain.Part
	switch {
	case w.clearance.part != nil:
		p = *w.clearance.part
	case w.item != nil:
		p = chain.Part{Count: w.item.Count, Samples: w.item.Samples, Judges: w.judges}
	}
	p.Count = max(p.Count, 1)
	last := int64(-1)
	for _, position := range p.Samples {
		if int64(position) <= last || uint64(position) >= p.Count {
			return p, false
		}
		last = int64(position)
	}
	return p, p.Count <= computetypes.MaxChunkTasks && len(p.Samples) <= computetypes.MaxSamples
}

// samePart reports whether a record was executed for a part of a chunk.
func samePart(r *store.Assignment, p *chain.Part) bool {
	sameChunk := r.Judges == nil && p.Judges == nil || r.Judges != nil && p.Judges != nil && *r.Judges == keyOf(*p.Judges)
	return max(r.Count, 1) == max(p.Count, 1) && slices.Equal(r.Samples, p.Samples) && sameChunk
}

// judged returns what a node that judges a whole chunk has found. The chunk begins with the
// task judges, and the node's own work with the task key.
func judged(chainID string, key, judges store.Key, list []taskResult) computetypes.Opening {
	all := positionsOf(chain.Part{Count: uint64(len(list))})
	found, own := leavesOf(chainID, judges, all, false, list), leavesOf(chainID, key, all, true, list)
	repeated := leavesOf(chainID, store.Key{JobID: key.JobID, Task: key.Task}, all, false, list)
	return computetypes.JudgedChunk(key.Round, computetypes.ChunkRoot(found), computetypes.ChunkRoot(repeated), computetypes.ChunkRoot(own))
}

// tasks returns the number of tasks that an assignment still has to execute.
func (w *assignment) tasks() uint64 {
	all := max(w.drawnTasks, 1)
	if w.item != nil {
		if p, ok := w.part(); ok {
			all = uint64(len(positionsOf(p)))
		}
	}
	if w.run != nil {
		all -= min(uint64(max(w.run.done.Load(), 0)), all-1) //nolint:gosec // not negative
	}
	return all
}

// positionsOf returns the positions of the tasks of a part.
func positionsOf(p chain.Part) []uint32 {
	if len(p.Samples) > 0 {
		return p.Samples
	}
	all := make([]uint32, p.Count)
	for i := range all {
		all[i] = uint32(i) //nolint:gosec // at most computetypes.MaxChunkTasks
	}
	return all
}

// divisible reports whether a node may commit to the first tasks of a part: it is the only one
// that executes the whole chunk.
func divisible(key store.Key, spec *computetypes.JobSpec, p chain.Part) bool {
	return p.Count > 1 && len(p.Samples) == 0 && key.Round == 0 && spec.Policy.Replicas <= 1
}

// workOfChunk returns the digest of what an execution of a chunk consists of. Results of other
// work are not continued.
func workOfChunk(key store.Key, spec *computetypes.JobSpec, keys [][]byte, p chain.Part) [sha256.Size]byte {
	raw := fmt.Appendf(nil, "%s\n%x\n%d\n", key, workDigest(spec), p.Count)
	for _, key := range keys {
		raw = append(raw, key...)
	}
	for _, position := range p.Samples {
		raw = binary.BigEndian.AppendUint32(raw, position)
	}
	return sha256.Sum256(raw)
}

// committable returns how many of the first results a divisible chunk commits to: as many as
// the chain accepts. If the tasks use much less fuel than they may, an audit would sample too
// many of them; the chain always accepts as many tasks as an audit may sample.
func committable(j *job, most uint64, list []taskResult) int {
	if j.auditBps == 0 {
		return len(list)
	}
	var fuel uint64
	accepted := 0
	for i := range list {
		fuel += list[i].fuel
		n := uint64(i) + 1 //nolint:gosec // not negative
		if n <= computetypes.MaxSamples || computetypes.SampleSize(n, j.samples, most, fuel) <= computetypes.MaxSamples {
			accepted = i + 1
		}
	}
	return accepted
}

// paysAudit reports whether a node may commit to these results and leave the rest of the chunk to
// others.
func paysAudit(j *job, most uint64, list []taskResult) bool {
	var fuel uint64
	for i := range list {
		fuel += list[i].fuel
	}
	policy := computetypes.Policy{AuditBps: j.auditBps, Samples: j.samples, Auditors: j.auditors}
	return len(list) > 0 && policy.PaysAudit(uint64(len(list)), most, fuel)
}

// leavesOf returns the leaves of the results of an assignment, in their order.
func leavesOf(chainID string, key store.Key, positions []uint32, ownTrace bool, list []taskResult) []computetypes.Subtree {
	leaves := make([]computetypes.Subtree, len(list))
	for i := range list {
		r := &list[i]
		leaves[i] = r.leaf(chainID, key.JobID, key.Task+uint64(positions[i]), r.opening(key.Round, ownTrace))
	}
	return leaves
}

// sealed contains the results of several tasks to which an assignment has committed.
type sealed struct {
	positions []uint32
	list      []taskResult
	leaves    []computetypes.Subtree
	// judged is what a node opens that judges a whole chunk.
	judged computetypes.Opening
}

// readSealed reads the results of an assignment from its folder and checks that they are those
// to which it has committed.
func readSealed(chainID string, r *store.Assignment) (*sealed, error) {
	s := &sealed{positions: r.Samples}
	if len(s.positions) == 0 {
		s.positions = positionsOf(chain.Part{Count: r.Tasks})
	}
	raw, err := os.ReadFile(filepath.Join(r.Folder, resultsFile))
	if err != nil {
		return nil, fmt.Errorf("results of the chunk: %w", err)
	}
	end := resultsHeadBytes + len(s.positions)*taskResultBytes
	if len(raw) < end || len(s.positions) == 0 || uint64(len(s.positions)) != r.Tasks {
		return nil, fmt.Errorf("results of the chunk: expected %d records, found %d bytes on this disk", r.Tasks, len(raw))
	}
	if found := sha256.Sum256(raw[resultsHeadBytes:end]); !bytes.Equal(found[:], r.ResultDigest) {
		return nil, fmt.Errorf("results of the chunk: expected sha256 %x, found %x on this disk", r.ResultDigest, found)
	}
	for at := resultsHeadBytes; at < end; at += taskResultBytes {
		result, ok := decodeResult(raw[at : at+taskResultBytes])
		if !ok {
			return nil, errors.New("results of the chunk: expected records, found something else on this disk")
		}
		s.list = append(s.list, result)
	}
	s.leaves = leavesOf(chainID, r.Key, s.positions, len(r.TraceKeys) > 1, s.list)
	root := computetypes.ChunkRoot(s.leaves)
	if r.Judges != nil {
		s.judged = judged(chainID, r.Key, *r.Judges, s.list)
		root.Hash = computetypes.Tag(chainID, r.JobID, r.Task, s.judged)
	}
	if !bytes.Equal(root.Hash, r.Tag) || root.Fuel != r.Metrics.Fuel {
		return nil, fmt.Errorf("results of the chunk: expected the tag %x with %d fuel, found %x with %d on this disk", r.Tag, r.Metrics.Fuel, root.Hash, root.Fuel)
	}
	return s, nil
}

// at returns the result of the task at a position.
func (s *sealed) at(position uint32) (*taskResult, bool) {
	i, found := slices.BinarySearch(s.positions, position)
	if !found {
		return nil, false
	}
	return &s.list[i], true
}

// sealed returns the results of several tasks, once they have been read and checked.
func (w *assignment) sealed(chainID string) (*sealed, error) {
	if w.read == nil {
		s, err := readSealed(chainID, &w.record)
		if err != nil {
			return nil, err
		}
		w.read = s
	}
	return w.read, nil
}

// outputsOf returns the folder with the outputs of the task at a position of a chunk.
func outputsOf(folder string, position uint32) string {
	return filepath.Join(folder, outputFolder, strconv.FormatUint(uint64(position), 10))
}

// outputsOfResult returns the folder with the outputs of a result of one task.
func outputsOfResult(r *store.Assignment) string {
	if r.Count > 1 {
		return outputsOf(r.Folder, 0)
	}
	return filepath.Join(r.Folder, outputFolder)
}
