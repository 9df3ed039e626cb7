package chain

import (
	"errors"
	"fmt"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

const (
	// nextWorkerKey is the name of the key that replaces the worker key once the chain has it.
	nextWorkerKey = "worker-next"
	// oldWorkerKey is the beginning of the names of keys that were replaced. They are kept, because their
	// accounts may hold coins.
	oldWorkerKey = "worker-until-"
)

// WaitingWorkerKey returns the address of the key of NextWorkerKey; nil if there is none.
func WaitingWorkerKey(ring keyring.Keyring) (sdk.AccAddress, error) {
	record, err := ring.Key(nextWorkerKey)
	if err == nil {
		return record.GetAddress()
	}
	if err := explainKeyring(err); !errors.Is(err, ErrNoKey) {
		return nil, fmt.Errorf("cannot tell whether there is a new worker key: %w", err)
	}
	return nil, nil
}

// NextWorkerKey returns the address of the key that is to replace the worker key of a keyring. It creates the
// key, unless an earlier rotation that was interrupted has. The worker key does not change.
func NextWorkerKey(ring keyring.Keyring) (sdk.AccAddress, error) {
	waiting, err := WaitingWorkerKey(ring)
	if err != nil || waiting != nil {
		return waiting, err
	}
	record, _, err := ring.NewMnemonic(nextWorkerKey, keyring.English, sdk.GetConfig().GetFullBIP44Path(), keyring.DefaultBIP39Passphrase, hd.Secp256k1)
	if err != nil {
		return nil, fmt.Errorf("cannot create the new worker key: %w", explainKeyring(err))
	}
	return record.GetAddress()
}

// AdoptWorkerKey makes the key of NextWorkerKey the worker key. The old one keeps another name. It may be called
// again after it was interrupted.
func AdoptWorkerKey(ring keyring.Keyring) error {
	if _, err := ring.Key(nextWorkerKey); err != nil {
		return fmt.Errorf("expected a new worker key in the keyring: %w", explainKeyring(err))
	}
	old, err := ring.Key(WorkerKey)
	if err == nil {
		var address sdk.AccAddress
		if address, err = old.GetAddress(); err == nil {
			err = ring.Rename(WorkerKey, oldWorkerKey+address.String())
		}
	} else if explained := explainKeyring(err); errors.Is(explained, ErrNoKey) {
		err = nil // it was renamed before an interruption
	}
	if err == nil {
		err = ring.Rename(nextWorkerKey, WorkerKey)
	}
	if err != nil {
		return fmt.Errorf("cannot replace the worker key in the keyring: %w", explainKeyring(err))
	}
	return nil
}

// ResumeRotation ends a rotation that was interrupted after the old worker key had got another name. It reports
// whether there was one.
func ResumeRotation(ring keyring.Keyring) (bool, error) {
	_, err := ring.Key(WorkerKey)
	if err == nil || !errors.Is(explainKeyring(err), ErrNoKey) {
		return false, nil
	}
	if _, err := ring.Key(nextWorkerKey); err != nil {
		return false, nil
	}
	return true, AdoptWorkerKey(ring)
}
