package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cosmos/go-bip39"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cosmos/cosmos-sdk/client/input"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/config"
)

// wallet says where the keyring of an operator is. It is the keyring of thetad: both see the same keys.
type wallet struct{ dir, backend string }

func (w *wallet) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&w.dir, "keyring-dir", "", "folder of the operator's keyring (default: ."+params.AppName+" in the folder of the user, as of thetad)")
	flags.StringVar(&w.backend, "keyring-backend", keyring.BackendOS, "backend of the operator's keyring: os, file or test")
}

// folder returns the folder of the keyring. Shells of Windows hand ~ on as it is, so it is resolved here.
func (w *wallet) folder() (string, error) {
	rest, ofUser := strings.CutPrefix(w.dir, "~")
	if ofUser && rest != "" && !strings.HasPrefix(filepath.ToSlash(rest), "/") {
		return w.dir, nil // a name that begins with ~
	}
	if w.dir != "" && !ofUser {
		return w.dir, nil
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("--keyring-dir: expected the folder of your keyring, found none, and the folder of the user is not known: %w", err)
	}
	if w.dir == "" {
		return filepath.Join(user, "."+params.AppName), nil
	}
	return filepath.Join(user, rest), nil
}

// open opens the keyring, and returns what a user types. Commands read that reader only: what another one has buffered
// would be lost.
func (w *wallet) open(command *cobra.Command, codec chain.Codec) (keyring.Keyring, *bufio.Reader, error) {
	dir, err := w.folder()
	if err != nil {
		return nil, nil, err
	}
	switch w.backend {
	case keyring.BackendOS, keyring.BackendFile, keyring.BackendTest:
	default:
		return nil, nil, fmt.Errorf("--keyring-backend: expected os, file or test, found %q", w.backend)
	}
	typed := newLineReader(command)
	ring, err := chain.OpenKeyring(chain.KeyringConfig{Dir: dir, Backend: w.backend, Input: typed}, codec)
	return ring, typed, err
}

// flags returns the flags that name this keyring in another command, with a space before each.
func (w *wallet) flags() string {
	said := ""
	if w.dir != "" {
		said += " --keyring-dir " + client.ShellQuote(w.dir)
	}
	if w.backend != keyring.BackendOS {
		said += " --keyring-backend " + w.backend
	}
	return said
}

// ofNoNode refuses the home of a node as the folder of a wallet.
func (w *wallet) ofNoNode() error {
	dir, err := w.folder()
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, config.FileName)); err == nil {
		return fmt.Errorf("--keyring-dir: expected the folder of your wallet, found %s, which is the home of a node; operator keys do not belong on a node", dir)
	}
	return nil
}

// find returns a key by its name or address.
func (w *wallet) find(ring keyring.Keyring, name string) (*keyring.Record, error) {
	record, err := ring.Key(name)
	if err != nil {
		if address, parseErr := sdk.AccAddressFromBech32(name); parseErr == nil {
			record, err = ring.KeyByAddress(address)
		}
	}
	if err == nil {
		return record, nil
	}
	dir, folderErr := w.folder()
	if folderErr != nil {
		return nil, folderErr
	}
	return nil, fmt.Errorf("expected a key named %q in the keyring %s (%s): %w; thetaedge keys list shows those that are there, and thetaedge keys add makes one", name, dir, w.backend, chain.ExplainKeyring(err))
}

// free refuses a name that a key of the keyring has.
func free(ring keyring.Keyring, name string) error {
	if strings.TrimSpace(name) != name || name == "" {
		return fmt.Errorf("expected a name for the key, found %q", name)
	}
	_, err := ring.Key(name)
	if err == nil {
		return fmt.Errorf("expected a name that no key of the keyring has, found %q; nothing was added", name)
	}
	// A key that exists but cannot be read must not be overwritten.
	if err := chain.ExplainKeyring(err); !errors.Is(err, chain.ErrNoKey) {
		return fmt.Errorf("cannot tell whether there is a key %q: %w; nothing was added", name, err)
	}
	return nil
}

// askMnemonic asks for the words of a key. They are not shown.
func askMnemonic(typed *bufio.Reader) (string, error) {
	mnemonic, err := input.GetPassword("Mnemonic (it is not shown):", typed)
	if err != nil && mnemonic == "" {
		return "", fmt.Errorf("cannot read the mnemonic: %w", err)
	}
	mnemonic = strings.Join(strings.Fields(mnemonic), " ")
	if !bip39.IsMnemonicValid(mnemonic) {
		return "", errors.New("expected the 12 to 24 words of a mnemonic, found something else; check each word. Nothing was added")
	}
	return mnemonic, nil
}
