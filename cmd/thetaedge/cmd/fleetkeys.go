package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/chain"
)

// mostAccount is the largest account of a path: those above are hardened by their number.
const mostAccount = 1<<31 - 1

// fleetKeys holds the flags of the command.
type fleetKeys struct {
	wallet
	first uint32
}

func fleetKeysCommand() *cobra.Command {
	k := &fleetKeys{}
	command := &cobra.Command{
		Use:   "keys NAME...",
		Short: "Add an operator key for each machine to your keyring, all from one mnemonic",
		Long: `keys derives an operator key for each NAME from one mnemonic, and adds them to your keyring. The
first has the account --first-account of BIP-44, the next one the account after it, and so on:
thetaedge keys add NAME --recover --account N gives the same keys. The mnemonic is asked for and
not kept. Run this on the machine of your wallet, and not on a node: a node needs the address of
its operator only. Then run register for each node with --from NAME.`,
		Example: "thetaedge fleet keys rig-1 rig-2 rig-3 --first-account 1",
		Args:    cobra.MinimumNArgs(1),
		RunE:    k.run,
	}
	flags := command.Flags()
	k.addFlags(flags)
	flags.Uint32Var(&k.first, "first-account", 1, "account of the first key; the others follow")
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
	ring, typed, err := k.open(command, codec)
	if err != nil {
		return err
	}
	// All names are looked at before the first key is added.
	for _, name := range names {
		if err := free(ring, name); err != nil {
			return err
		}
	}
	mnemonic, err := askMnemonic(typed)
	if err != nil {
		return err
	}
	for i, name := range names {
		if err := k.add(command, ring, name, mnemonic, k.first+uint32(i)); err != nil { //nolint:gosec // checked before
			return err
		}
	}
	fmt.Fprintf(command.OutOrStdout(), "\nNext, for the home of each machine: thetaedge register --from %s%s --home HOME\n", names[0], k.flags())
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
	if err := accountFits(k.first, len(names)); err != nil {
		return fmt.Errorf("--first-account: %w", err)
	}
	return k.ofNoNode()
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
