package chain

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/client/tx"
)

// These are the errors of a failed query or transaction that a caller distinguishes.
var (
	// ErrNotFound means that the chain does not have the record.
	ErrNotFound = grpcnode.ErrNotFound
	// ErrUnreachable means that the node did not give a usable answer. The same call may
	// succeed later.
	ErrUnreachable = grpcnode.ErrUnreachable
	// ErrStarting means that the node answers but does not know the state, because it has not
	// seen a block yet. Every such error is an ErrUnreachable too.
	ErrStarting = grpcnode.ErrStarting
	// ErrNotIncluded means that the transaction was accepted but is not in any block up to its
	// timeout height. Callers query the state and send again.
	ErrNotIncluded = tx.ErrNotIncluded
	// ErrStalled means that a transaction was accepted, and that the node names neither a block with it
	// nor heights at which it cannot be in one any more: the chain stands still, or the node says so.
	// Callers query the state and send again.
	ErrStalled = errors.New("the node shows neither a block with the transaction nor enough blocks after it")
	// ErrPoolFull means that the node's mempool has no room for the transaction. Callers send
	// again in the next block.
	ErrPoolFull = errors.New("the mempool of the node is full; it is sent again with the next block")
	// ErrRejected means that the chain refused the transaction as a whole.
	ErrRejected = tx.ErrRejected
	// ErrContradicted means that a node's answer contradicts what the chain proves.
	ErrContradicted = errors.New("the node contradicts the chain: it lies, or its state is damaged; name another in chain.grpc")
	// ErrWitness means that headers could not be compared, which is not the fault of the node that is
	// asked.
	ErrWitness = proven.ErrWitness
	// ErrNoAccount means that the signing account does not exist on chain.
	ErrNoAccount = errors.New("account does not exist")
)

// noAccount adds the remedy to the error for an account that does not exist yet.
func noAccount(err error) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %w; a worker's account is created by its fee grant: run thetaedge register", ErrNoAccount, err)
	}
	return err
}

// CheckPlaintext returns grpcnode.ErrPlaintext if the endpoint is a node that is not on this
// machine and is contacted without transport security. The error says what the owner can do.
func CheckPlaintext(endpoint string) error {
	if err := grpcnode.CheckPlaintext(endpoint); err != nil {
		return fmt.Errorf("%w; for a tunnel or a network of your own set chain.insecure-plaintext = true (thetaedge init --insecure-plaintext)", err)
	}
	return nil
}
