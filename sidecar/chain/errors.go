package chain

import (
	"errors"
	"fmt"

	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/tx"
)

// The decisions that a caller makes about a failed query or transaction.
var (
	// ErrNotFound: the chain has no such record.
	ErrNotFound = grpcnode.ErrNotFound
	// ErrUnreachable: the node gave no usable answer; the same call may succeed later.
	ErrUnreachable = grpcnode.ErrUnreachable
	// ErrStarting: the node answers, and cannot say anything of the state before it
	// has seen a block. Every such error is an ErrUnreachable too.
	ErrStarting = grpcnode.ErrStarting
	// ErrNotIncluded: the transaction was accepted but is in no block up to its
	// timeout height; query the state and send again.
	ErrNotIncluded = tx.ErrNotIncluded
	// ErrPoolFull: the node has no room for the transaction; send again in the next block.
	ErrPoolFull = errors.New("the mempool of the node is full; it is sent again with the next block")
	// ErrRejected: the chain refused the transaction as a whole.
	ErrRejected = tx.ErrRejected
	// ErrContradicted: a node shows what the chain proves to be otherwise.
	ErrContradicted = errors.New("the node contradicts the chain: it lies, or its state is damaged; name another in chain.grpc")
	// ErrNoAccount: the signing account does not exist on chain.
	ErrNoAccount = errors.New("account does not exist")
)

// noAccount names the remedy for an account that does not exist yet.
func noAccount(err error) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %w; a worker's account is created by its fee grant: run thetaedge register", ErrNoAccount, err)
	}
	return err
}

// CheckPlaintext returns grpcnode.ErrPlaintext, with what the owner can do about it, for the
// endpoint of a node that is not on this machine and is contacted without transport security.
func CheckPlaintext(endpoint string) error {
	if err := grpcnode.CheckPlaintext(endpoint); err != nil {
		return fmt.Errorf("%w; for a tunnel or a network of your own set chain.insecure-plaintext = true (thetaedge init --insecure-plaintext)", err)
	}
	return nil
}
