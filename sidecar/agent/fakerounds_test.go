package agent

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// stage is the progress of a fake task in its round.
type stage struct {
	// until is the height at which the event that the round waits for happens.
	until int64
	// seeded reports whether the seed of the audit is awaited or known.
	seeded bool
	// joined reports whether auditors were drawn.
	joined bool
	// review is the last height at which the requester may reject.
	review int64
}

// advanceRound makes the other nodes of a committed task's round act.
func (c *fakeChain) advanceRound(t *fakeTask) {
	s := &t.stage
	switch {
	case t.phase == computetypes.ROUND_PHASE_COMMIT && c.othersCommit && c.auditBlocks > 0 && !s.seeded:
		t.phase, s.seeded, s.until = computetypes.ROUND_PHASE_AUDIT, true, c.height+c.auditBlocks
	case t.phase == computetypes.ROUND_PHASE_AUDIT && c.height >= s.until && c.auditorBlocks > 0 && !s.joined:
		t.phase, s.joined, s.until = computetypes.ROUND_PHASE_COMMIT, true, c.height+c.auditorBlocks
	case t.phase == computetypes.ROUND_PHASE_AUDIT || t.phase == computetypes.ROUND_PHASE_COMMIT && c.othersCommit:
		if c.height >= s.until {
			t.phase, t.reveal = computetypes.ROUND_PHASE_REVEAL, c.height+c.revealBlocks
		}
	}
}

// reviewing starts the review of a revealed task and reports whether the review continues.
func (c *fakeChain) reviewing(t *fakeTask) bool {
	if c.reviewBlocks > 0 && t.stage.review == 0 {
		t.phase, t.stage.review = computetypes.ROUND_PHASE_REVIEW, c.height+c.reviewBlocks
	}
	return c.height < t.stage.review
}

// postArray adds a job of n tasks. Each task has its own input on the web: "input i".
func (c *fakeChain) postArray(web *fakeWeb, job, n int) []*fakeTask {
	const prefix = "http://relay.example/arrays/a"
	var leaves [][]byte
	proofs := make([]computetypes.InputProof, n)
	for i := range n {
		content := fmt.Appendf(nil, "input %d", i)
		digest := sha256.Sum256(content)
		proofs[i] = computetypes.InputProof{Sha256: digest[:], Size: uint64(len(content))}
		leaves = append(leaves, computetypes.InputLeaf(digest[:], proofs[i].Size))
		web.set(func(w *fakeWeb) { w.content[computetypes.ContentURI(prefix, digest[:])] = content })
	}
	var tasks []*fakeTask
	for i := range n {
		proofs[i].Path = computetypes.MerklePath(leaves, uint64(i))
		raw, err := proofs[i].Encode()
		if err != nil {
			c.t.Fatal(err)
		}
		web.set(func(w *fakeWeb) { w.content[computetypes.ProofURI(prefix, uint64(i))] = raw })
		task := c.post(web, job)
		task.ref.Task, task.tasks = uint64(i), uint64(n)
		task.spec.Tasks, task.spec.Args = uint64(n), []string{"--number", "{task}"}
		task.spec.ArrayInput = &computetypes.ArrayInput{
			Path: "own.txt", Root: computetypes.MerkleRoot(leaves), Count: uint64(n), MaxBytes: 100, Uris: []string{prefix},
		}
		tasks = append(tasks, task)
	}
	return tasks
}

func (c *fakeChain) ClaimablePage(_ context.Context, _ string, from []byte) (chain.Draws, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := len(c.tasks) - 1
	if from != nil {
		var err error
		if at, err = strconv.Atoi(string(from)); err != nil {
			return chain.Draws{}, err
		}
	}
	var out chain.Draws
	for n := 0; at >= 0; at-- {
		if n++; n > c.page {
			out.Next = []byte(strconv.Itoa(at))
			break
		}
		t := c.tasks[at]
		if t.a == nil && t.receipt == nil && t.released == nil && c.height < t.close {
			out.Tasks = append(out.Tasks, computetypes.ClaimableTask{
				Ref: t.ref, Rank: []byte{t.rank}, CloseHeight: t.close, Reward: t.spec.Reward, Leading: t.rank < 255,
			})
		}
	}
	return out, nil
}

func (c *fakeChain) findTask(id string, task uint64) *fakeTask {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.tasks {
		if t.ref.JobId == id && t.ref.Task == task {
			return t
		}
	}
	return nil
}

// Task returns a task that continues without this node if departed is set.
func (c *fakeChain) Task(_ context.Context, id string, task uint64) (computetypes.Task, error) {
	t := c.findTask(id, task)
	c.mu.Lock()
	defer c.mu.Unlock()
	if t == nil || t.receipt != nil {
		return computetypes.Task{}, chain.ErrNotFound
	}
	return computetypes.Task{JobId: id, Index: task, Departed: t.departed}, nil
}

// Redeliveries returns one request per page.
func (c *fakeChain) Redeliveries(_ context.Context, from int64, page []byte) (chain.Redeliveries, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []computetypes.JobRedelivery
	for _, t := range c.tasks {
		if t.redelivery != nil && t.redelivery.Height >= from {
			all = append(all, computetypes.JobRedelivery{JobId: t.ref.JobId, Redelivery: *t.redelivery})
		}
	}
	at, _ := strconv.Atoi(string(page))
	out := chain.Redeliveries{}
	if at < len(all) {
		out.Requests = all[at : at+1]
	}
	if at+1 < len(all) {
		out.Next = []byte(strconv.Itoa(at + 1))
	}
	return out, nil
}

func (c *fakeChain) EndedAt(_ context.Context, height int64) ([]computetypes.Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.noResults {
		return nil, fmt.Errorf("this node keeps no results of blocks")
	}
	return c.ended[height], nil
}

// depart removes this node from a task that continues.
func (c *fakeChain) depart(t *fakeTask, status computetypes.AssignmentStatus, slashed int64) {
	t.a = nil
	t.released = &computetypes.ReleaseItem{} // the node is not drawn again
	t.departed = []computetypes.Outcome{{
		Operator: c.operator.String(), Round: t.ref.Round, Status: status,
		Paid: math.ZeroInt(), Slashed: math.NewInt(slashed), Share: math.ZeroInt(),
	}}
}
