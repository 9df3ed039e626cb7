package proven

import (
	"context"
	"fmt"

	"github.com/cometbft/cometbft/libs/bytes"
	rpcclient "github.com/cometbft/cometbft/rpc/client"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	"github.com/cometbft/cometbft/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// firstProvable is the lowest height at which a node can prove anything.
const firstProvable = 2

// Node returns records; its answers are not trusted. *http.HTTP of CometBFT's rpc/client
// implements it.
type Node interface {
	ABCIQueryWithOptions(ctx context.Context, path string, key bytes.HexBytes, options rpcclient.ABCIQueryOptions) (*coretypes.ResultABCIQuery, error)
}

// Record is what the chain has under a key, or the fact that it has nothing there.
type Record struct {
	// Store and Key say where the record is.
	Store string
	Key   []byte
	// Value is nil if there is nothing under the key.
	Value []byte
	// Height is the height of the block after which this is the state.
	Height int64
	// Header is the header of the next block; its app hash commits to the record.
	Header *types.Header
}

// Reader reads records with proofs.
type Reader struct {
	node    Node
	headers Headers
}

// NewReader returns a reader that reads from node and checks against headers.
func NewReader(node Node, headers Headers) *Reader { return &Reader{node: node, headers: headers} }

// Grounds says why the headers are trusted.
func (r *Reader) Grounds() string { return r.headers.Grounds() }

// Read returns what is under key in a store after the block at height. 0 means the newest
// height that can be proven, one block behind the chain. It waits for a height that comes
// within seconds. It returns ErrHeader or ErrProof for an answer that cannot be trusted.
func (r *Reader) Read(ctx context.Context, store string, key []byte, height int64) (*Record, error) {
	if height != 0 && height < firstProvable {
		return nil, fmt.Errorf("expected height %d or above, found %d, before which nodes prove nothing; choose a later height", firstProvable, height)
	}
	next := height
	if next > 0 {
		next++
	}
	header, err := r.headers.Header(ctx, next)
	if err != nil {
		return nil, err
	}
	record := &Record{Store: store, Key: key, Height: header.Height - 1, Header: header}
	if record.Height < firstProvable {
		return nil, fmt.Errorf("expected a chain of %d blocks or more, found %d; try again in a few seconds", firstProvable+1, header.Height)
	}
	answer, err := r.node.ABCIQueryWithOptions(ctx, "/store/"+store+"/key", key,
		rpcclient.ABCIQueryOptions{Height: record.Height, Prove: true})
	if err != nil {
		return nil, fmt.Errorf("record at height %d: %w", record.Height, err)
	}
	if answer.Response.IsErr() {
		return nil, fmt.Errorf("record at height %d: the node refused: %s (%s %d); it may have pruned that height",
			record.Height, answer.Response.Log, answer.Response.Codespace, answer.Response.Code)
	}
	if len(answer.Response.Value) > 0 {
		record.Value = answer.Response.Value
	}
	// The answer's own key and height are ignored: the proof must hold for the request.
	if err := Verify(header.AppHash, store, key, record.Value, answer.Response.ProofOps); err != nil {
		return nil, fmt.Errorf("record at height %d: %w", record.Height, err)
	}
	return record, nil
}

// Receipt returns the receipt of a task; nil if there is no receipt, because the task has not
// ended, never existed, or its receipt was pruned.
func (r *Reader) Receipt(ctx context.Context, job computetypes.JobID, task uint64, height int64) (*computetypes.Receipt, *Record, error) {
	key, err := computetypes.ReceiptStoreKey(job, task)
	if err != nil {
		return nil, nil, err
	}
	var receipt computetypes.Receipt
	record, err := r.decode(ctx, key, height, &receipt)
	if err != nil || record.Value == nil {
		return nil, record, err
	}
	return &receipt, record, nil
}

// Job returns a job without its spec; nil if there is none.
func (r *Reader) Job(ctx context.Context, id computetypes.JobID, height int64) (*computetypes.Job, *Record, error) {
	key, err := computetypes.JobStoreKey(id)
	if err != nil {
		return nil, nil, err
	}
	var job computetypes.Job
	record, err := r.decode(ctx, key, height, &job)
	if err != nil || record.Value == nil {
		return nil, record, err
	}
	return &job, record, nil
}

// Spec returns the spec of a job; nil if there is none (any more).
func (r *Reader) Spec(ctx context.Context, id computetypes.JobID, height int64) (*computetypes.JobSpec, error) {
	key, err := computetypes.SpecStoreKey(id)
	if err != nil {
		return nil, err
	}
	var spec computetypes.JobSpec
	record, err := r.decode(ctx, key, height, &spec)
	if err != nil || record.Value == nil {
		return nil, err
	}
	return &spec, nil
}

// Task returns a task that has not ended; nil if there is none.
func (r *Reader) Task(ctx context.Context, id computetypes.JobID, task uint64, height int64) (*computetypes.Chunk, error) {
	key, err := computetypes.ChunkStoreKey(id, task)
	if err != nil {
		return nil, err
	}
	var found computetypes.Chunk
	record, err := r.decode(ctx, key, height, &found)
	if err != nil || record.Value == nil {
		return nil, err
	}
	return &found, nil
}

// decode reads a record of x/compute into a message.
func (r *Reader) decode(ctx context.Context, key []byte, height int64, into interface{ Unmarshal([]byte) error }) (*Record, error) {
	record, err := r.Read(ctx, computetypes.StoreKey, key, height)
	if err != nil || record.Value == nil {
		return record, err
	}
	if err := into.Unmarshal(record.Value); err != nil {
		return nil, fmt.Errorf("record at height %d: %w; this program may be older than the chain", record.Height, err)
	}
	return record, nil
}
