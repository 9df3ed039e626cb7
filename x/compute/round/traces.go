package round

import "github.com/thetaedge/theta/x/compute/types"

// List identifies one of the lists of draws.
type List int

const (
	// Unlisted is the list of a chunk that does not draw.
	Unlisted List = iota
	// ListedCall lists draws of judges or auditors: a node's bond or pay waits for them.
	ListedCall
	// ListedDraw lists draws of the replicas that a requester asks for.
	ListedDraw
)

// Traces is what the keeper's indexes contain about a chunk, outside of its own record.
type Traces struct {
	// Due is the height under which the chunk is queued, or 0 if it is not queued; Urgent says
	// in which queue.
	Due    int64
	Urgent bool
	// Listed is the list of draws in which the chunk looks for nodes, and Pinned is the height
	// of the draw's seed.
	Listed List
	Pinned int64
	// Board is the name under which nodes look for the chunk's draws: its class, or the only
	// node that may take it.
	Board string
	// Held is the number of replicas that nodes hold.
	Held int
	// Holders are the operators under which the chunk is listed: those of its replicas and of
	// the candidates of its draw.
	Holders []string
}

// TracesOf returns what the indexes contain about a chunk as it was last saved.
func TracesOf(job *types.Job, record types.Chunk) Traces {
	t := Chunk{job: *job, record: record}
	return t.traces(record.DueHeight)
}

// PartsOf returns the parts of a chunk that has not ended: those of its replicas, and then those
// of the candidates of its draw. Each locks bond and a slot of its node.
func PartsOf(record *types.Chunk) []*types.Assignment {
	var parts []*types.Assignment
	for r := range record.Rounds {
		for i := range record.Rounds[r].Replicas {
			parts = append(parts, &record.Rounds[r].Replicas[i])
		}
	}
	if draw := record.Rounds[len(record.Rounds)-1].Draw; draw != nil {
		for i := range draw.Candidates {
			parts = append(parts, &draw.Candidates[i])
		}
	}
	return parts
}

// traces returns what the indexes should contain about the chunk if it is queued under the
// height due.
func (t *Chunk) traces(due int64) Traces {
	left := Traces{Due: due, Board: t.board()}
	if t.Ended() {
		return left
	}
	for _, a := range PartsOf(&t.record) {
		left.Holders = append(left.Holders, a.Operator)
	}
	left.Held = len(left.Holders)
	if draw := t.current().Draw; draw != nil {
		left.Listed, left.Pinned = t.list(), draw.SeedHeight
		left.Held -= len(draw.Candidates)
	}
	left.Urgent = len(left.Holders) > 0 || t.calls()
	return left
}

// calls reports whether the chunk looks for judges or auditors, or looked for them last.
func (t *Chunk) calls() bool { return !t.drawsReplicas() || t.job.Challenged != nil }

// list returns the list to which a draw of the chunk belongs.
func (t *Chunk) list() List {
	if t.calls() {
		return ListedCall
	}
	return ListedDraw
}

// board returns the name under which nodes look for the chunk's draws.
func (t *Chunk) board() string {
	if t.job.Policy.NamesNode() {
		return t.job.Policy.Node
	}
	return t.job.Class
}

// Update is what the keeper has to write after a handler.
type Update struct {
	// Record is the chunk's record, and Note is what changed of its job.
	Record types.Chunk
	Note   types.ChunkNote
	// Before and After are what the indexes contained about the chunk, and what they should
	// contain.
	Before, After Traces
	// Rest contains tasks that become a chunk of their own. It is empty unless a node has
	// committed to a part of the chunk.
	Rest Span
}

// Update sets the height at which the chunk is next due, and returns what is to be written.
// Later changes go into a new note.
func (t *Chunk) Update() Update {
	t.record.DueHeight = t.NextDue()
	u := Update{Before: t.loaded, After: t.traces(t.record.DueHeight)}
	t.note.Held += int64(u.After.Held - u.Before.Held)
	u.Record, u.Note, u.Rest = t.record, t.note, t.rest
	t.loaded, t.note, t.rest = u.After, types.NewChunkNote(), Span{}
	return u
}
