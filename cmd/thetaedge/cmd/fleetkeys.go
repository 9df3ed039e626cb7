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

	"github.com/cosmos/cosmos-sdk/client/input"
	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/config"
)

// mostAccount is the largest account of a path: those above are hardened by their number.
const mostAccount = 1<<31 - 1

// fleetKeys holds the flags of the command.
type fleetKeys struct {
	dir, backend string
	first        uint32
}

func fleetKeysCommand() *cobra.Command {
	k := &fleetKeys{}
	command := &cobra.Command{
		Use:   "keys NAME...",
		Short: "Add an operator key for each machine to your keyring, all from one mnemonic",
		Long: `keys derives an operator key for each NAME from one mnemonic, and adds them to your keyring. The
first has the account --first-account of BIP-44, the next one the account after it, and so on:
thetad keys add NAME --recover --account N gives the same keys. The mnemonic is asked for and
not kept. Run this on the machine of your wallet, and not on a node: a node needs the address of
its operator only. Then run register for each node with --from NAME.`,
		Example: "thetaedge fleet keys rig-1 rig-2 rig-3 --keyring-dir ~/.thetad --first-account 1",
		Args:    cobra.MinimumNArgs(1),
		RunE:    k.run,
	}
	flags := command.Flags()
	flags.StringVar(&k.dir, "keyring-dir", "", "folder of your keyring (required)")
	flags.StringVar(&k.backend, "keyring-backend", "os", "backend of your keyring: os, file or test")
	flags.Uint32Var(&k.first, "first-account", 1, "account of the first key; the others follow")
	if err := command.MarkFlagRequired("keyring-dir"); err != nil {
		panic(err)
	}
	return command
}

func (k *fleetKeys) run(command *cobra.Command, names []string) error {
	if err := k.check(names); err != nil {
		return err
	}
	codec, err := chain.NewCodec()
	if err != nil {
		return err
	}
	ring, err := chain.OpenKeyring(chain.KeyringConfig{Dir: k.dir, Backend: k.backend, Input: command.InOrStdin()}, codec)
	if err != nil {
		return err
	}
	// All names are looked at before the first key is added.
	for _, name := range names {
		if _, err := ring.Key(name); err == nil {
			return fmt.Errorf("expected a name that no key of the keyring has, found %q; nothing was added", name)
		}
	}
	mnemonic, err := input.GetPassword("Mnemonic (it is not shown):", bufio.NewReader(command.InOrStdin()))
	if err != nil && mnemonic == "" {
		return fmt.Errorf("cannot read the mnemonic: %w", err)
	}
	mnemonic = strings.Join(strings.Fields(mnemonic), " ")
	if !bip39.IsMnemonicValid(mnemonic) {
		return errors.New("expected the 12 to 24 words of a mnemonic, found something else; check each word. Nothing was added")
	}
	for i, name := range names {
		if err := k.add(command, ring, name, mnemonic, k.first+uint32(i)); err != nil { //nolint:gosec // checked before
			return err
		}
	}
	fmt.Fprintf(command.OutOrStdout(), "\nNext, for the home of each machine: thetaedge register --from %s --keyring-dir %s --home HOME\n", names[0], k.dir)
	return nil
}

// check reports what is wrong before anything is asked.
func (k *fleetKeys) check(names []string) error {
	seen := map[string]bool{}
	for _, name := range names {
		if strings.TrimSpace(name) != name || name == "" || seen[name] {
			return fmt.Errorf("expected a different name for each key, found %q", name)
		}
		seen[name] = true
	}
	if uint64(k.first)+uint64(len(names)) > mostAccount {
		return fmt.Errorf("--first-account: expected accounts below 2^31, found %d", k.first)
	}
	if _, err := os.Stat(filepath.Join(k.dir, config.FileName)); err == nil {
		return fmt.Errorf("--keyring-dir: expected the folder of your wallet, found %s, which is the home of a node; operator keys do not belong on a node", k.dir)
	}
	return nil
}

func (k *fleetKeys) add(command *cobra.Command, ring keyring.Keyring, name, mnemonic string, account uint32) error {
	path := hd.CreateHDPath(params.CoinType, account, 0).String()
	record, err := ring.NewAccount(name, mnemonic, keyring.DefaultBIP39Passphrase, path, hd.Secp256k1)
	if err != nil {
		return fmt.Errorf("cannot add the key %q (%s): %w; those before it were added", name, path, err)
	}
	address, err := record.GetAddress()
	if err != nil {
		return err
	}
	fmt.Fprintf(command.OutOrStdout(), "%s  %s  %s\n", name, address, path)
	return nil
}
