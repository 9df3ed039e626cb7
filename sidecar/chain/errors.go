package chain

import (
	"errors"
	"fmt"
)

// The decisions that a caller makes about a failed query or transaction.
var (
	// ErrNotFound: the chain has no such record.
	ErrNotFound = errors.New("not found on chain")
	// ErrUnreachable: the node gave no usable answer; the same call may succeed later.
	ErrUnreachable = errors.New("chain is unreachable")
	// ErrStarting: the node answers, and cannot say anything of the state before it
	// has seen a block. Every such error is an ErrUnreachable too.
	ErrStarting = errors.New("the node has been restarted and has not seen a block since: the chain has halted, or the node waits for peers; it answers with its next block")
	// ErrTooLarge: the answer is larger than this client reads; asking again is of no use.
	ErrTooLarge = errors.New("answer is too large")
	// ErrNotIncluded: the transaction was accepted but is in no block up to its
	// timeout height; query the state and send again.
	ErrNotIncluded = errors.New("transaction was not included")
	// ErrPoolFull: the node has no room for the transaction; send again in the next block.
	ErrPoolFull = errors.New("the mempool of the node is full; it is sent again with the next block")
	// ErrRejected: the chain refused the transaction as a whole.
	ErrRejected = errors.New("transaction was rejected")
	// ErrContradicted: a node shows what the chain proves to be otherwise.
	ErrContradicted = errors.New("the node contradicts the chain: it lies, or its state is damaged; name another in chain.grpc")
	// ErrNoAccount: the signing account does not exist on chain.
	ErrNoAccount = errors.New("account does not exist")
)

// MessageError says that one message of a transaction failed and with it the
// whole transaction; the others may be sent without it.
type MessageError struct {
	// Index of the message in the transaction.
	Index int
	// Log is the chain's reason.
	Log string
	// inBlock: it failed in a block, not in the simulation before.
	inBlock bool
}

// Error implements error.
func (e *MessageError) Error() string {
	return fmt.Sprintf("message %d of the transaction failed: %s", e.Index, e.Log)
}

// Unwrap makes a MessageError an ErrRejected.
func (e *MessageError) Unwrap() error { return ErrRejected }
