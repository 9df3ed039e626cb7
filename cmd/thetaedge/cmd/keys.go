package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/input"
	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/chain"
)

func keysCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "keys",
		Short: "Make, show and move the keys of operators",
		Long: `keys works on your keyring, which is not in the home of a node: an operator's key owns the bond and
the earnings, and a node needs its address only. The folder and the formats are those of thetad, so
that both programs see the same keys.`,
	}
	command.AddCommand(keysAddCommand(), keysShowCommand(), keysListCommand(), keysImportCommand(), keysExportCommand())
	return command
}

// withRing returns what opens the keyring of a wallet for a command.
func withRing(w *wallet, do func(command *cobra.Command, args []string, ring *openRing) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		codec, err := chain.NewCodec()
		if err != nil {
			return err
		}
		ring, typed, err := w.open(command, codec)
		if err != nil {
			return err
		}
		return do(command, args, &openRing{Keyring: ring, typed: typed, wallet: w})
	}
}

// openRing is an open keyring with what a user types.
type openRing struct {
	keyring.Keyring
	typed  *bufio.Reader
	wallet *wallet
}

func keysAddCommand() *cobra.Command {
	w := &wallet{}
	var again, ledger bool
	var account uint32
	command := &cobra.Command{
		Use:   "add NAME",
		Short: "Make a key, or add one that you have already",
		Long: `add makes a key and shows its 24 words once. They are the only way to recover the key, and with it the
bond and the earnings: write them down. With --recover it asks for the words of a key that you
have. With --ledger the key stays on a Ledger. A key that is in the keyring is never replaced.`,
		Example: "thetaedge keys add operator",
		Args:    cobra.ExactArgs(1),
		RunE: withRing(w, func(command *cobra.Command, args []string, ring *openRing) error {
			if err := w.ofNoNode(); err != nil {
				return err
			}
			if err := accountFits(account, 1); err != nil {
				return fmt.Errorf("--account: %w", err)
			}
			if again && ledger {
				return errors.New("expected --recover or --ledger, found both")
			}
			if err := free(ring, args[0]); err != nil {
				return err
			}
			return ring.add(command, args[0], account, again, ledger)
		}),
	}
	w.addFlags(command.Flags())
	command.Flags().BoolVar(&again, "recover", false, "ask for the words of a key that you have")
	command.Flags().BoolVar(&ledger, "ledger", false, "use a key on a Ledger")
	command.Flags().Uint32Var(&account, "account", 0, "account of BIP-44")
	return command
}

// accountFits refuses a number of keys whose accounts do not fit into a path.
func accountFits(first uint32, keys int) error {
	if uint64(first)+uint64(keys) > mostAccount { //nolint:gosec // a number of arguments
		return fmt.Errorf("expected accounts below 2^31, found %d", first)
	}
	return nil
}

func (ring *openRing) add(command *cobra.Command, name string, account uint32, again, ledger bool) error {
	path := hd.CreateHDPath(params.CoinType, account, 0).String()
	var record *keyring.Record
	var fresh string
	var err error
	switch {
	case ledger:
		record, err = ring.SaveLedgerKey(name, hd.Secp256k1, params.Bech32Prefix, params.CoinType, account, 0)
	case again:
		var mnemonic string
		if mnemonic, err = askMnemonic(ring.typed); err != nil {
			return err
		}
		record, err = ring.NewAccount(name, mnemonic, keyring.DefaultBIP39Passphrase, path, hd.Secp256k1)
	default:
		record, fresh, err = ring.NewMnemonic(name, keyring.English, path, keyring.DefaultBIP39Passphrase, hd.Secp256k1)
	}
	if err != nil {
		return fmt.Errorf("cannot add the key %q: %w; nothing was added", name, chain.ExplainKeyring(err))
	}
	if err := printKey(command.OutOrStdout(), record); err != nil {
		return err
	}
	if fresh != "" {
		fmt.Fprintf(command.ErrOrStderr(), "\nWrite these words down and keep them safe. They are shown once, and nothing else recovers the key,\nwhich owns the bond and the earnings:\n\n%s\n", fresh)
	}
	return nil
}

// kindOf says where the secret of a key is.
func kindOf(record *keyring.Record) string {
	switch record.GetType() {
	case keyring.TypeLocal:
		return "in this keyring"
	case keyring.TypeLedger:
		return "on a Ledger"
	case keyring.TypeMulti:
		return "multisig"
	case keyring.TypeOffline:
		return "elsewhere"
	default:
		return record.GetType().String()
	}
}

func printKey(out io.Writer, record *keyring.Record) error {
	address, err := record.GetAddress()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "name     %s\naddress  %s\nsecret   %s\n", record.Name, address, kindOf(record))
	return err
}

func keysShowCommand() *cobra.Command {
	w := &wallet{}
	bare := false
	command := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show the address of a key",
		Example: "thetaedge keys show operator --address",
		Args:    cobra.ExactArgs(1),
		RunE: withRing(w, func(command *cobra.Command, args []string, ring *openRing) error {
			record, err := w.find(ring, args[0])
			if err != nil {
				return err
			}
			if !bare {
				return printKey(command.OutOrStdout(), record)
			}
			address, err := record.GetAddress()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(command.OutOrStdout(), address.String())
			return err
		}),
	}
	w.addFlags(command.Flags())
	command.Flags().BoolVarP(&bare, "address", "a", false, "print the address only")
	return command
}

func keysListCommand() *cobra.Command {
	w := &wallet{}
	command := &cobra.Command{
		Use:     "list",
		Short:   "List the keys of your keyring",
		Example: "thetaedge keys list",
		Args:    cobra.NoArgs,
		RunE: withRing(w, func(command *cobra.Command, _ []string, ring *openRing) error {
			records, err := ring.List()
			if err != nil {
				return chain.ExplainKeyring(err)
			}
			if len(records) == 0 {
				dir, err := w.folder()
				if err != nil {
					return err
				}
				fmt.Fprintf(command.ErrOrStderr(), "no keys in %s (%s); thetaedge keys add makes one\n", dir, w.backend)
				return nil
			}
			table := tabwriter.NewWriter(command.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, record := range records {
				address, err := record.GetAddress()
				if err != nil {
					return fmt.Errorf("key %q: %w", record.Name, err)
				}
				fmt.Fprintf(table, "%s\t%s\t%s\n", record.Name, address, kindOf(record))
			}
			return table.Flush()
		}),
	}
	w.addFlags(command.Flags())
	return command
}

func keysImportCommand() *cobra.Command {
	w := &wallet{}
	command := &cobra.Command{
		Use:   "import NAME FILE",
		Short: "Add a key from a file that export has made",
		Long: `import adds a key from an encrypted file, which thetaedge keys export or thetad keys export has made.
It asks for the passphrase of the file.`,
		Example: "thetaedge keys import operator operator.key",
		Args:    cobra.ExactArgs(2),
		RunE: withRing(w, func(command *cobra.Command, args []string, ring *openRing) error {
			if err := w.ofNoNode(); err != nil {
				return err
			}
			armor, err := os.ReadFile(args[1])
			if err != nil {
				return fmt.Errorf("cannot read the key: %w", osfault.Explain(args[1], err))
			}
			if err := free(ring, args[0]); err != nil {
				return err
			}
			passphrase, err := input.GetPassword("Passphrase of "+args[1]+":", ring.typed)
			if err != nil && passphrase == "" {
				return fmt.Errorf("cannot read the passphrase: %w", err)
			}
			if err := ring.ImportPrivKey(args[0], string(armor), passphrase); err != nil {
				return fmt.Errorf("expected a key in %s that its passphrase opens: %w; nothing was added", args[1], chain.ExplainKeyring(err))
			}
			record, err := w.find(ring, args[0])
			if err != nil {
				return err
			}
			return printKey(command.OutOrStdout(), record)
		}),
	}
	w.addFlags(command.Flags())
	return command
}

func keysExportCommand() *cobra.Command {
	w := &wallet{}
	command := &cobra.Command{
		Use:   "export NAME",
		Short: "Print a key, encrypted with a passphrase",
		Long: `export prints a key, encrypted with a passphrase that it asks for twice. The result, with its
passphrase, spends what the key owns: keep both safe, and apart.`,
		Example: "thetaedge keys export operator > operator.key",
		Args:    cobra.ExactArgs(1),
		RunE: withRing(w, func(command *cobra.Command, args []string, ring *openRing) error {
			record, err := w.find(ring, args[0])
			if err != nil {
				return err
			}
			if record.GetType() != keyring.TypeLocal {
				return fmt.Errorf("expected a key in this keyring, found that the secret of %q is %s, from where it cannot be exported", record.Name, kindOf(record))
			}
			passphrase, err := input.GetPassword("New passphrase for the exported key:", ring.typed)
			if err != nil {
				return fmt.Errorf("nothing was exported: %w", err)
			}
			if again, err := input.GetPassword("The same passphrase again:", ring.typed); err != nil || again != passphrase {
				return errors.New("nothing was exported: expected the same passphrase twice, found two different ones")
			}
			armor, err := ring.ExportPrivKeyArmor(record.Name, passphrase)
			if err != nil {
				return fmt.Errorf("cannot export %q: %w", record.Name, chain.ExplainKeyring(err))
			}
			_, err = fmt.Fprintln(command.OutOrStdout(), armor)
			return err
		}),
	}
	w.addFlags(command.Flags())
	return command
}
