package chain

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/tx"
	"github.com/thetaedge/theta/relay"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// UploadSigner signs uploads with a worker key. It signs only what package blob writes for an
// upload.
type UploadSigner struct{ signer tx.Signer }

// NewUploadSigner returns a signer for uploads.
func NewUploadSigner(signer tx.Signer) UploadSigner { return UploadSigner{signer} }

// Public implements blob.Signer.
func (s UploadSigner) Public() []byte { return s.signer.PubKey().Bytes() }

// Sign implements blob.Signer.
func (s UploadSigner) Sign(message []byte) ([]byte, error) { return s.signer.Sign(message) }

// Ledger tells a relay which workers work for its boxes. It trusts what its node reports.
type Ledger struct{ reader *Reader }

// NewLedger returns a ledger that queries through a reader.
func NewLedger(reader *Reader) *Ledger { return &Ledger{reader} }

// Worker implements relay.Ledger. It returns the address of the secp256k1 key that signed.
func (l *Ledger) Worker(key, message, signature []byte) (string, error) {
	if len(key) != secp256k1.PubKeySize {
		return "", fmt.Errorf("expected a key of %d bytes, found %d", secp256k1.PubKeySize, len(key))
	}
	public := &secp256k1.PubKey{Key: key}
	if !public.VerifySignature(message, signature) {
		return "", errors.New("the signature is not of this key and content")
	}
	return sdk.AccAddress(public.Address()).String(), nil
}

// Task implements relay.Ledger. It queries the job, the task or its receipt, and the node of
// each operator in it.
func (l *Ledger) Task(ctx context.Context, id string, index uint64, ended int64) (relay.Task, error) {
	found, err := l.task(ctx, id, index, ended)
	if err == nil || errors.Is(err, relay.ErrNoTask) || errors.Is(err, ErrUnreachable) || ctx.Err() != nil {
		return found, err
	}
	// The node answers, but it does not have what was asked for: for example, it does not have
	// the height, or the id is not that of a job.
	return relay.Task{}, fmt.Errorf("%w: %w", relay.ErrNoTask, err)
}

func (l *Ledger) task(ctx context.Context, id string, index uint64, ended int64) (relay.Task, error) {
	job, spec, err := l.reader.Job(ctx, id)
	// A job that judges a challenge has no sink of its own: its judges deliver on request.
	if err == nil && job.SinkOf(&spec) == "" || errors.Is(err, ErrNotFound) {
		return relay.Task{}, relay.ErrNoTask // missing, pruned, or a job whose outputs are not delivered
	}
	if err != nil {
		return relay.Task{}, err
	}
	operators, tasks, err := l.operators(ctx, &job, index, ended)
	if err != nil {
		return relay.Task{}, err
	}
	found := relay.Task{OutputBytes: outputsOf(&spec, tasks), Workers: make(map[string]string, len(operators))}
	if spec.Sink != "" {
		found.Sinks = append(found.Sinks, computetypes.TaskSink(spec.Sink, index))
	}
	if now := job.SinkOf(&spec); now != spec.Sink {
		found.Sinks = append(found.Sinks, computetypes.TaskSink(now, index))
	}
	for _, operator := range operators {
		node, err := l.reader.NodeOf(ctx, operator)
		if errors.Is(err, ErrNotFound) {
			continue // the node has retired, so that no worker works for it
		}
		if err != nil {
			return relay.Task{}, err
		}
		found.Workers[node.Profile.Worker] = operator
	}
	found.Chain, err = l.reader.ChainID(ctx)
	return found, err
}

// outputsOf returns the largest size in bytes of the outputs of a number of tasks together.
func outputsOf(spec *computetypes.JobSpec, tasks uint64) int64 {
	high, low := bits.Mul64(spec.Resources.OutputBytes, max(tasks, 1))
	if high > 0 || low > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(low)
}

// operators returns the operators of a chunk that have something to deliver, and the number of
// its tasks. While the chunk is open, these have committed; once it has ended, these have taken
// part without a fault.
func (l *Ledger) operators(ctx context.Context, job *computetypes.Job, index uint64, ended int64) ([]string, uint64, error) {
	task, err := l.reader.Task(ctx, job.Id, index)
	if errors.Is(err, ErrNotFound) {
		return l.settled(ctx, job, index, ended)
	}
	if err != nil {
		return nil, 0, err
	}
	var found []string
	for _, round := range task.Rounds {
		for _, replica := range round.Replicas {
			if replica.Status == computetypes.ASSIGNMENT_STATUS_COMMITTED || replica.Status == computetypes.ASSIGNMENT_STATUS_REVEALED {
				found = append(found, replica.Operator)
			}
		}
	}
	return found, task.Count, nil
}

func (l *Ledger) settled(ctx context.Context, job *computetypes.Job, index uint64, ended int64) ([]string, uint64, error) {
	receipt, err := l.reader.Receipt(ctx, job.Id, index)
	if errors.Is(err, ErrNotFound) && job.Tasks > 1 && ended > 0 {
		receipt, err = l.ofArray(ctx, job.Id, index, ended)
	}
	if errors.Is(err, ErrNotFound) {
		return nil, 0, relay.ErrNoTask
	}
	if err != nil {
		return nil, 0, err
	}
	var found []string
	for i := range receipt.Outcomes {
		outcome := &receipt.Outcomes[i]
		if outcome.Status == computetypes.ASSIGNMENT_STATUS_PAID || outcome.Status == computetypes.ASSIGNMENT_STATUS_UNPAID {
			found = append(found, outcome.Operator)
		}
	}
	return found, receipt.Count, nil
}

// ofArray searches for the receipt of an array's task in the block in which the task ended,
// because the state does not keep such receipts.
func (l *Ledger) ofArray(ctx context.Context, id string, index uint64, ended int64) (computetypes.Receipt, error) {
	receipts, err := l.reader.EndedAt(ctx, ended)
	if err != nil {
		return computetypes.Receipt{}, err
	}
	for i := range receipts {
		if receipts[i].JobId == id && receipts[i].Task == index {
			return receipts[i], nil
		}
	}
	return computetypes.Receipt{}, ErrNotFound
}
