package adversary

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// partTactics describe how the nodes of a ring treat chunks. Its auditors repeat the lies of
// its replicas, so that these are not found out, and tell the truth about others.
type partTactics struct {
	// skips reports whether the task at a position is not executed.
	skips func(position uint32) bool
	// states is the fuel that is stated for a skipped task; 0 is the fuel that it uses.
	states uint64
	// first is the number of tasks to which a replica commits, and leaves the rest to others; 0
	// is all.
	first uint64
	// hides reports whether a replica shows only samples that it has executed.
	hides bool
}

// chunkSecret is what a node keeps of a chunk between its commitment and its openings.
type chunkSecret struct {
	// positions are those of the tasks that the node executes.
	positions []uint32
	shown     []computetypes.Opening
	leaves    []computetypes.Subtree
	root      computetypes.Subtree
	// lies reports whether the node states results of tasks that it has not executed.
	lies bool
}

// serveChunk adds the items that an assignment of a chunk of several tasks requires.
func (h *hand) serveChunk(ctx context.Context, item computetypes.WorkItem, batch *chain.Batch) error {
	sealed, known := h.secrets[keyOf(item.Ref)]
	switch item.Assignment.Status {
	case computetypes.ASSIGNMENT_STATUS_ASSIGNED:
		if !known {
			var err error
			if sealed, err = h.sealChunk(ctx, item); err != nil {
				return err
			}
			h.secrets[keyOf(item.Ref)] = sealed
		}
		commit := computetypes.CommitItem{
			Ref: item.Ref, Fuel: sealed.chunk.root.Fuel, Commitment: computetypes.Commitment(h.operator.Address(), sealed.tag, 0, sealed.salt),
		}
		if n := uint64(len(sealed.chunk.leaves)); len(item.Samples) == 0 && n < item.Count {
			commit.Tasks = n
		}
		batch.Commits = append(batch.Commits, commit)
	case computetypes.ASSIGNMENT_STATUS_COMMITTED:
		reveals := item.CurrentRound == item.Ref.Round && item.Phase == computetypes.ROUND_PHASE_REVEAL
		if !known || !reveals || h.tactics.part.hides && sealed.chunk.lies && slices.ContainsFunc(item.Shows, h.tactics.part.skips) {
			return nil
		}
		batch.Reveals = append(batch.Reveals, sealed.revealChunk(item))
	case computetypes.ASSIGNMENT_STATUS_REVEALED:
		if known && item.MustOpen {
			batch.Opens = append(batch.Opens, sealed.openChunk(item)...)
		}
	default:
	}
	return nil
}

// sealChunk finds the results of the tasks that an assignment requires, or makes them up.
func (h *hand) sealChunk(ctx context.Context, item computetypes.WorkItem) (secret, error) {
	lies, err := h.liesAboutChunk(ctx, item)
	if err != nil {
		return secret{}, err
	}
	s := secret{chunk: &chunkSecret{positions: item.Samples, lies: lies}, salt: make([]byte, saltBytes)}
	_, _ = rand.Read(s.salt) // never fails
	if len(item.Samples) == 0 {
		count := item.Count
		if first := h.tactics.part.first; first > 0 {
			count = min(count, first)
		}
		for position := range uint32(count) { //nolint:gosec // small
			s.chunk.positions = append(s.chunk.positions, position)
		}
	}
	for _, position := range s.chunk.positions {
		task := item.Ref.Task + uint64(position)
		found := h.stage.truthOf(item.Ref.JobId, task)
		if lies && h.tactics.part.skips(position) {
			found = found.altered(fmt.Sprintf("skipped %d", task))
			if h.tactics.part.states > 0 {
				found.fuel = h.tactics.part.states
			}
		}
		shown, err := found.shown(ctx, h.stage.lab, item)
		if err != nil {
			return s, err
		}
		shown.Position = position
		s.chunk.shown = append(s.chunk.shown, shown)
		s.chunk.leaves = append(s.chunk.leaves, computetypes.Subtree{
			Hash: computetypes.Tag(h.stage.chainID(), item.Ref.JobId, task, shown), Fuel: shown.Fuel,
		})
	}
	s.chunk.root = computetypes.ChunkRoot(s.chunk.leaves)
	s.tag = s.chunk.root.Hash
	return s, nil
}

// liesAboutChunk reports whether the node's ring lies about a chunk: if one of its nodes is the
// replica.
func (h *hand) liesAboutChunk(ctx context.Context, item computetypes.WorkItem) (bool, error) {
	if item.Ref.Round > 0 || len(item.Samples) == 0 {
		return item.Ref.Round == 0, nil
	}
	answer, err := computetypes.NewQueryClient(h.stage.net.Conn()).Chunk(ctx, &computetypes.QueryChunkRequest{JobId: item.Ref.JobId, Task: item.Ref.Task})
	if err != nil {
		return false, err
	}
	if rounds := answer.Chunk.Rounds; len(rounds) > 0 && len(rounds[0].Replicas) > 0 {
		return h.ring[rounds[0].Replicas[0].Operator], nil
	}
	return false, errors.New("expected an audited chunk with a replica, found none")
}

// revealChunk returns the item that reveals the results of a chunk, with those of its samples.
func (s secret) revealChunk(item computetypes.WorkItem) computetypes.RevealItem {
	out := computetypes.RevealItem{Ref: item.Ref, Tag: s.tag, Salt: s.salt, Metrics: computetypes.Metrics{Fuel: s.chunk.root.Fuel}}
	switch {
	case len(item.Samples) > 0:
		out.Leaves = s.chunk.leaves
	case len(item.Shows) > 0:
		for _, position := range item.Shows {
			out.Leaves = append(out.Leaves, s.chunk.leaves[position])
		}
		out.Siblings = computetypes.ChunkSiblings(s.chunk.leaves, item.Shows)
	}
	return out
}

// openChunk returns the items that open the results which judges check.
func (s secret) openChunk(item computetypes.WorkItem) []computetypes.OpenItem {
	var items []computetypes.OpenItem
	for _, position := range item.Opens {
		if at, found := slices.BinarySearch(s.chunk.positions, position); found {
			items = append(items, computetypes.NewOpenItem(item.Ref, s.chunk.shown[at]))
		}
	}
	return items
}
