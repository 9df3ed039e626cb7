package chain

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/thetaedge/theta/client/tx"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/internal/private"
)

// WorkerKey is the name of the machine's key in its keyring.
const WorkerKey = "worker"

// KeyringConfig says where the keys are.
type KeyringConfig struct {
	// Dir is the folder of the keyring. The backend creates its own subfolder.
	Dir string
	// Backend is "test" (unencrypted files), "file" (encrypted files), or "os".
	Backend string
	// PassphraseFile contains the passphrase of the file backend, so that a daemon can open
	// it. If it is empty, the keyring asks for the passphrase on Input.
	PassphraseFile string
	// Input is where a user types. It is nil if there is no user.
	Input io.Reader
}

// These are the errors of a keyring that a caller distinguishes.
var (
	// ErrNoKey means that the keyring was read and does not contain the key.
	ErrNoKey = errors.New("no such key")
	// ErrPassphrase means that the passphrase does not open the keyring.
	ErrPassphrase = errors.New("wrong passphrase")
)

// ExplainKeyring explains why a key cannot be read. Errors of the operating system, a wrong
// passphrase and a missing key have different remedies.
func ExplainKeyring(err error) error {
	switch {
	case errors.Is(err, keyring.ErrMaxPassPhraseAttempts):
		return fmt.Errorf("%w: it is not the one with which this keyring was made; correct what was typed, or keyring.passphrase-file for the key of a node. The key is as it was (%w)", ErrPassphrase, err)
	case errors.Is(err, sdkerrors.ErrKeyNotFound):
		return fmt.Errorf("%w: %w", ErrNoKey, err)
	default:
		return osfault.Explain("", err)
	}
}

// OpenKeyring opens a keyring.
func OpenKeyring(cfg KeyringConfig, cdc Codec) (keyring.Keyring, error) {
	input := cfg.Input
	if cfg.PassphraseFile != "" {
		passphrase, err := readSecret(cfg.PassphraseFile)
		if err != nil {
			return nil, fmt.Errorf("cannot read the keyring's passphrase: %w", osfault.Explain(cfg.PassphraseFile, err))
		}
		// The keyring asks for the passphrase up to three times: once to open the keyring and
		// twice to create it.
		line := strings.TrimRight(string(passphrase), "\r\n") + "\n"
		input = strings.NewReader(strings.Repeat(line, 3))
	}
	if input == nil {
		input = bytes.NewReader(nil)
	}
	ring, err := keyring.New(sdk.KeyringServiceName(), cfg.Backend, cfg.Dir, input, cdc)
	if err != nil {
		return nil, fmt.Errorf("cannot open the %q keyring in %s: %w", cfg.Backend, cfg.Dir, osfault.Explain(cfg.Dir, err))
	}
	return ring, nil
}

// readSecret returns the content of a file that only its owner may read.
func readSecret(path string) ([]byte, error) {
	if err := private.Check(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// keySigner is a signer that explains why a keyring does not sign.
type keySigner struct{ *tx.KeyringSigner }

// NewSigner returns a signer for a key in the ring, by name or address. It returns ErrNoKey if
// the key does not exist and ErrPassphrase if the ring does not open.
func NewSigner(ring keyring.Keyring, name string) (tx.Signer, error) {
	record, err := ring.Key(name)
	if err != nil {
		if address, parseErr := sdk.AccAddressFromBech32(name); parseErr == nil {
			record, err = ring.KeyByAddress(address)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("expected a key named %q in the keyring: %w", name, ExplainKeyring(err))
	}
	signer, err := tx.NewKeyringSigner(ring, record.Name)
	if err != nil {
		return nil, ExplainKeyring(err)
	}
	return keySigner{signer}, nil
}

// Sign signs with the keyring.
func (s keySigner) Sign(doc []byte) ([]byte, error) {
	signature, err := s.KeyringSigner.Sign(doc)
	if err != nil {
		return nil, ExplainKeyring(err)
	}
	return signature, nil
}

// CreateWorkerKey creates the machine's key. It discards the mnemonic, because a lost worker
// key is replaced by rotation and nothing else depends on it. It fails if a worker key already
// exists.
func CreateWorkerKey(ring keyring.Keyring) (sdk.AccAddress, error) {
	_, err := ring.Key(WorkerKey)
	if err == nil {
		return nil, errors.New("expected no worker key yet, found one; keep it, or choose another --home and rotate the worker on chain")
	}
	// A key that exists but cannot be read must not be overwritten.
	if err := ExplainKeyring(err); !errors.Is(err, ErrNoKey) {
		return nil, fmt.Errorf("cannot tell whether there is a worker key: %w", err)
	}
	path := sdk.GetConfig().GetFullBIP44Path()
	record, _, err := ring.NewMnemonic(WorkerKey, keyring.English, path, keyring.DefaultBIP39Passphrase, hd.Secp256k1)
	if err != nil {
		return nil, fmt.Errorf("cannot create the worker key: %w", ExplainKeyring(err))
	}
	return record.GetAddress()
}
