package proven

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// ErrNoTask means that an array has no receipt of a task.
var ErrNoTask = errors.New("the array has no receipt of that task")

// Blocks returns the receipts of the chunks of all jobs that ended in a block.
type Blocks interface {
	Receipts(ctx context.Context, height int64) ([]computetypes.Receipt, error)
}

// Array holds the receipts of an array's chunks, in the order of the tree over them: by
// height, and within a block by first task.
type Array struct {
	job      string
	receipts []computetypes.Receipt
	leaves   [][]byte
}

// NewArray returns the tree of the receipts of a job, given in any order. It fails if a
// receipt belongs to another job or if two receipts are about the same task.
func NewArray(job string, receipts []computetypes.Receipt) (*Array, error) {
	a := &Array{job: job, receipts: slices.Clone(receipts)}
	slices.SortFunc(a.receipts, func(x, y computetypes.Receipt) int {
		return cmp.Or(cmp.Compare(x.Height, y.Height), cmp.Compare(x.Task, y.Task))
	})
	if err := disjoint(a.receipts); err != nil {
		return nil, err
	}
	for _, receipt := range a.receipts {
		if receipt.JobId != job {
			return nil, fmt.Errorf("expected receipts of job %s, found one of job %s", job, receipt.JobId)
		}
		leaf, err := computetypes.ReceiptLeaf(receipt)
		if err != nil {
			return nil, err
		}
		a.leaves = append(a.leaves, leaf)
	}
	return a, nil
}

// disjoint returns an error if two receipts are about the same task.
func disjoint(receipts []computetypes.Receipt) error {
	inOrder := slices.Clone(receipts)
	slices.SortFunc(inOrder, func(x, y computetypes.Receipt) int { return cmp.Compare(x.Task, y.Task) })
	for i := 1; i < len(inOrder); i++ {
		if task := inOrder[i].Task; inOrder[i-1].Covers(task) {
			return fmt.Errorf("expected one receipt per task, found two of task %d", task)
		}
	}
	return nil
}

// Leaves returns the number of receipts in the tree of a job: one for each chunk that was
// opened and has ended. Records of jobs without chunks do not count them.
func Leaves(job *computetypes.Job) uint64 {
	if job.ChunksEnded > 0 {
		return job.ChunksEnded
	}
	return job.TasksEnded - job.TasksDropped
}

// ReadArray collects the receipts of an ended job from the blocks of its lifetime, and
// checks them against the root in its record. It returns ErrProof if they do not give that
// root, because a node has left some out or has pruned their blocks.
func ReadArray(ctx context.Context, blocks Blocks, job *computetypes.Job) (*Array, error) {
	if !job.Ended() {
		return nil, fmt.Errorf("job %s has not ended; its root comes with its end", job.Id)
	}
	var receipts []computetypes.Receipt
	for height := job.PostedHeight; height <= job.ClosedHeight; height++ {
		ended, err := blocks.Receipts(ctx, height)
		if err != nil {
			return nil, err
		}
		for _, receipt := range ended {
			if receipt.JobId == job.Id {
				receipts = append(receipts, receipt)
			}
		}
	}
	array, err := NewArray(job.Id, receipts)
	if err != nil {
		return nil, err
	}
	return array, array.Check(job)
}

// Check compares the tree with the record of the job, after the job has ended. It returns
// ErrProof.
func (a *Array) Check(job *computetypes.Job) error {
	if want := Leaves(job); uint64(len(a.leaves)) != want {
		return fmt.Errorf("%w: expected %d receipts of job %s, found %d; ask a node that keeps the results of all blocks from %d to %d",
			ErrProof, want, job.Id, len(a.leaves), job.PostedHeight, job.ClosedHeight)
	}
	if root := a.Root(); !bytes.Equal(root, job.ResultsRoot) {
		return fmt.Errorf("%w: the receipts give the root %X, job %s has %X", ErrProof, root, job.Id, job.ResultsRoot)
	}
	return nil
}

// Root returns the root of the tree, 32 bytes.
func (a *Array) Root() []byte { return computetypes.MerkleRoot(a.leaves) }

// Receipts returns the receipts of the chunks, in the order of the tree.
func (a *Array) Receipts() []computetypes.Receipt { return a.receipts }

// Inclusion proves the receipt of one chunk under the root of an array's results.
type Inclusion struct {
	// Receipt of the chunk.
	Receipt computetypes.Receipt
	// Index is the position of its leaf among Size leaves.
	Index, Size uint64
	// Path holds the sibling hashes from the leaf up, 32 bytes each.
	Path [][]byte
}

// Prove returns the inclusion of the receipt of the chunk that contains a task. It returns
// ErrNoTask.
func (a *Array) Prove(task uint64) (*Inclusion, error) {
	index := slices.IndexFunc(a.receipts, func(r computetypes.Receipt) bool { return r.Covers(task) })
	if index < 0 {
		return nil, fmt.Errorf("%w: task %d of job %s was never opened, or does not exist", ErrNoTask, task, a.job)
	}
	return &Inclusion{
		Receipt: a.receipts[index], Index: uint64(index), Size: uint64(len(a.leaves)),
		Path: computetypes.MerklePath(a.leaves, uint64(index)),
	}, nil
}

// Place proves the position of the receipt of a task's chunk in the tree, in the form that a challenge
// needs. It returns ErrNoTask.
func (a *Array) Place(task uint64) (*computetypes.ReceiptProof, error) {
	inclusion, err := a.Prove(task)
	if err != nil {
		return nil, err
	}
	return &computetypes.ReceiptProof{
		Receipt: inclusion.Receipt, Index: inclusion.Index, Path: computetypes.FrontierPath(a.leaves, inclusion.Index),
	}, nil
}

// Verify checks the receipt against the root in a job's record. It returns ErrProof.
func (i *Inclusion) Verify(job *computetypes.Job) error {
	leaf, err := computetypes.ReceiptLeaf(i.Receipt)
	if err != nil {
		return err
	}
	if i.Receipt.JobId != job.Id || i.Size != Leaves(job) ||
		!computetypes.VerifyMerklePath(job.ResultsRoot, i.Size, i.Index, leaf, i.Path) {
		return fmt.Errorf("%w: the path does not lead from the receipt of task %d to the root %X of job %s",
			ErrProof, i.Receipt.Task, job.ResultsRoot, job.Id)
	}
	return nil
}

// ArrayReceipt proves how the chunk with one task of an ended array ended. It proves the record of the job
// with its root against a header, and the receipt against the root; the receipt is
// collected from blocks that need not be trusted. The inclusion is nil if the chain has no
// record of the job, or if the job is not an array. It returns ErrNoTask for a task without
// a receipt.
func (r *Reader) ArrayReceipt(
	ctx context.Context, blocks Blocks, id computetypes.JobID, task uint64, height int64,
) (*Inclusion, *Record, error) {
	job, record, err := r.Job(ctx, id, height)
	if err != nil || job == nil || job.Tasks == 1 {
		return nil, record, err
	}
	array, err := ReadArray(ctx, blocks, job)
	if err != nil {
		return nil, record, err
	}
	inclusion, err := array.Prove(task)
	if err != nil {
		return nil, record, err
	}
	return inclusion, record, inclusion.Verify(job)
}

// Receipts returns the receipts in the events of a block. The node must keep the
// results of its blocks.
func (e *Endpoint) Receipts(ctx context.Context, height int64) ([]computetypes.Receipt, error) {
	results, err := e.BlockResults(ctx, &height)
	if err != nil {
		return nil, fmt.Errorf("results of block %d: %w", height, err)
	}
	var receipts []computetypes.Receipt
	add := func(events []abci.Event) error {
		for _, event := range events {
			ended, err := computetypes.ReceiptsIn(event)
			if err != nil {
				return fmt.Errorf("block %d: event %s: %w; this program may be older than the chain", height, event.Type, err)
			}
			receipts = append(receipts, ended...)
		}
		return nil
	}
	for _, result := range results.TxsResults {
		if err := add(result.Events); err != nil {
			return nil, err
		}
	}
	return receipts, add(results.FinalizeBlockEvents)
}
