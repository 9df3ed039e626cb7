package chain

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/internal/osfault"
)

// WorkerFile is the name of the file in a home that names the worker key in the keyring, once the first one has
// been replaced. Keys are neither renamed nor deleted: a keyring deletes a key before it writes it under another
// name, and the account of an old key may hold coins.
const WorkerFile = "worker-key"

// WorkerName returns the name of the worker key of a home.
func WorkerName(home string) (string, error) {
	path := filepath.Join(home, WorkerFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return WorkerKey, nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot read which key is the worker key: %w", osfault.Explain(path, err))
	}
	name := strings.TrimSpace(string(raw))
	if _, err := generation(name); err != nil {
		return "", fmt.Errorf("%s: %w; delete the file and run thetaedge register --rotate", path, err)
	}
	return name, nil
}

// generation returns how many keys of a home have been made up to the one of a name.
func generation(name string) (uint64, error) {
	if name == WorkerKey {
		return 1, nil
	}
	number, is := strings.CutPrefix(name, WorkerKey+"-")
	n, err := strconv.ParseUint(number, 10, 32)
	if !is || err != nil || n < 2 || strconv.FormatUint(n, 10) != number {
		return 0, fmt.Errorf("expected the name of a worker key such as %s-2, found %q", WorkerKey, name)
	}
	return n, nil
}

// nextName returns the name of the key that is to replace the worker key of a home.
func nextName(home string) (string, error) {
	name, err := WorkerName(home)
	if err != nil {
		return "", err
	}
	n, err := generation(name)
	return WorkerKey + "-" + strconv.FormatUint(n+1, 10), err
}

// WaitingWorkerKey returns the address of the key of NextWorkerKey; nil if there is none.
func WaitingWorkerKey(ring keyring.Keyring, home string) (sdk.AccAddress, error) {
	name, err := nextName(home)
	if err != nil {
		return nil, err
	}
	record, err := ring.Key(name)
	if err == nil {
		return record.GetAddress()
	}
	if err := ExplainKeyring(err); !errors.Is(err, ErrNoKey) {
		return nil, fmt.Errorf("cannot tell whether there is a new worker key: %w", err)
	}
	return nil, nil
}

// NextWorkerKey returns the address of the key that is to replace the worker key of a home. It creates the
// key, unless an earlier rotation that was interrupted has. The worker key does not change.
func NextWorkerKey(ring keyring.Keyring, home string) (sdk.AccAddress, error) {
	waiting, err := WaitingWorkerKey(ring, home)
	if err != nil || waiting != nil {
		return waiting, err
	}
	name, err := nextName(home)
	if err != nil {
		return nil, err
	}
	record, _, err := ring.NewMnemonic(name, keyring.English, sdk.GetConfig().GetFullBIP44Path(), keyring.DefaultBIP39Passphrase, hd.Secp256k1)
	if err != nil {
		return nil, fmt.Errorf("cannot create the new worker key: %w", ExplainKeyring(err))
	}
	return record.GetAddress()
}

// AdoptWorkerKey makes the key of NextWorkerKey the worker key of a home.
func AdoptWorkerKey(ring keyring.Keyring, home string) error {
	name, err := nextName(home)
	if err != nil {
		return err
	}
	if _, err := ring.Key(name); err != nil {
		return fmt.Errorf("expected a new worker key in the keyring: %w", ExplainKeyring(err))
	}
	path := filepath.Join(home, WorkerFile)
	if err := replaceWhole(path, []byte(name+"\n")); err != nil {
		return fmt.Errorf("cannot write which key is the worker key: %w", osfault.Explain(path, err))
	}
	return nil
}

// replaceWhole replaces a file in one step, once the disk has the new content.
func replaceWhole(path string, content []byte) error {
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path+".new"))
	}
	return osfault.Replace(path+".new", path)
}
