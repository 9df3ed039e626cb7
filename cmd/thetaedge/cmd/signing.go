package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	sdkmath "cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client/input"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"
	signingtypes "github.com/cosmos/cosmos-sdk/types/tx/signing"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/client/tx"
)

// signing is how the operator's transaction is paid for, signed and sent. It has the
// options of the SDK's own commands.
type signing struct {
	wallet
	from                                string
	gas, gasPrices, fees, note          string
	feeGranter, signMode                string
	gasAdjustment                       float64
	ledger, dryRun, generate, confirmed bool
	// once reports that executing a message twice costs the operator twice.
	once bool
}

func (s *signing) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.from, "from", "", "operator key: name or address (required)")
	s.wallet.addFlags(flags)
	flags.StringVar(&s.gas, "gas", "auto", "gas limit, or auto to simulate the transaction and add a reserve")
	flags.Float64Var(&s.gasAdjustment, "gas-adjustment", 0, "factor by which the simulated gas is multiplied (default: tx.gas-adjustment)")
	flags.StringVar(&s.gasPrices, "gas-prices", "", "price per unit of gas, such as 1000000000atfuel (default: the lowest that the chain and its node accept)")
	flags.StringVar(&s.fees, "fees", "", "total fee, such as 0.001tfuel, instead of a price")
	flags.StringVar(&s.feeGranter, "fee-granter", "", "address whose fee grant pays the fee")
	flags.StringVar(&s.note, "note", "", "note in the transaction; it is public")
	flags.StringVar(&s.signMode, "sign-mode", "", "direct or amino-json (default: what the key supports)")
	flags.BoolVar(&s.ledger, "ledger", false, "refuse a key that is not on a Ledger")
	flags.BoolVar(&s.dryRun, "dry-run", false, "show what the transaction would cost, and send nothing")
	flags.BoolVar(&s.generate, "generate-only", false, "print the transaction unsigned, for another machine or a multisig")
	flags.BoolVarP(&s.confirmed, "yes", "y", false, "send without confirmation")
}

// operator opens the key that --from names, or takes the account if nothing is signed here.
func (s *signing) operator(command *cobra.Command, n *node) (tx.Signer, error) {
	address, err := sdk.AccAddressFromBech32(s.from)
	if err == nil && (s.generate || s.dryRun) && s.dir == "" {
		return tx.NewAccount(address, nil), nil
	}
	ring, _, err := s.open(command, n.codec)
	if err != nil {
		return nil, err
	}
	record, err := s.find(ring, s.from)
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	return s.signer(ring, record)
}

func (s *signing) signer(ring keyring.Keyring, record *keyring.Record) (tx.Signer, error) {
	kind := record.GetType()
	if s.ledger && kind != keyring.TypeLedger {
		return nil, fmt.Errorf("--ledger: expected a key on a Ledger in --from, found %q, which is %s; leave out --ledger", record.Name, kind)
	}
	if kind == keyring.TypeMulti || kind == keyring.TypeOffline {
		key, err := record.GetPubKey()
		if err != nil {
			return nil, err
		}
		if !s.generate && !s.dryRun {
			return nil, fmt.Errorf("--from %s: %w: its key is a multisig or is not in this keyring; print the transaction with --generate-only", record.Name, tx.ErrCannotSign)
		}
		return tx.NewAccount(sdk.AccAddress(key.Address()), key), nil
	}
	signer, err := tx.NewKeyringSigner(ring, record.Name)
	if err != nil {
		return nil, err
	}
	switch {
	case s.signMode == "":
		return signer, nil
	case s.signMode == "amino-json":
		return signer.In(signingtypes.SignMode_SIGN_MODE_LEGACY_AMINO_JSON), nil
	case s.signMode == "direct" && kind != keyring.TypeLedger:
		return signer.In(signingtypes.SignMode_SIGN_MODE_DIRECT), nil
	}
	return nil, fmt.Errorf("--sign-mode: expected amino-json or, for a key that is not on a Ledger, direct, found %q; this chain accepts no other mode", s.signMode)
}

// connect returns a client that pays as the flags and the settings of the home say.
func (s *signing) connect(ctx context.Context, n *node, tell func(string)) (*client.Client, error) {
	adjustment := s.gasAdjustment
	if adjustment == 0 {
		adjustment = n.config.Tx.GasAdjustment
	}
	terms, err := client.ParseTerms(s.gas, adjustment, s.gasPrices, s.fees)
	if err != nil {
		return nil, err
	}
	terms.Note, terms.Tell = s.note, tell
	elsewhere := func(endpoint string) bool { return !grpcnode.OnThisMachine(endpoint) }
	if !s.once || !slices.ContainsFunc(n.config.Chain.Endpoints(), elsewhere) {
		// Executing the message twice has the same effect as executing it once, or all nodes are
		// on this machine and are believed.
		terms.Overtaken = client.BelieveNode
	}
	if s.feeGranter != "" {
		if terms.FeeGranter, err = sdk.AccAddressFromBech32(s.feeGranter); err != nil {
			return nil, fmt.Errorf("--fee-granter: %w", err)
		}
	}
	c, err := client.New(ctx, n.conn)
	if err != nil {
		return nil, err
	}
	if s.gasPrices == "" && s.fees == "" && n.config.Tx.GasPriceFactor > 1 {
		least, err := c.LeastGasPrice(ctx)
		if err != nil {
			return nil, err
		}
		factor, err := sdkmath.LegacyNewDecFromStr(fmt.Sprintf("%.6f", n.config.Tx.GasPriceFactor))
		if err != nil {
			return nil, err
		}
		terms.GasPrice = factor.MulInt(least)
	}
	return c.With(terms), nil
}

// printUnsigned prints the transaction in the form that the SDK's commands read.
func (s *signing) printUnsigned(command *cobra.Command, n *node, c *client.Client, cost client.Cost, msgs []sdk.Msg) error {
	raw, err := c.Unsigned(cost, msgs...)
	if err != nil {
		return err
	}
	decoded, err := n.codec.Tx.TxDecoder()(raw)
	if err != nil {
		return err
	}
	text, err := n.codec.Tx.TxJSONEncoder()(decoded)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(command.OutOrStdout(), "%s\n", text)
	return err
}

// confirm asks a person at a terminal. Without a terminal and without --yes, nothing is
// spent.
func (s *signing) confirm(command *cobra.Command) error {
	if s.confirmed {
		return nil
	}
	if terminal, ok := command.InOrStdin().(*os.File); !ok || !isatty.IsTerminal(terminal.Fd()) {
		return errors.New("nothing was sent: expected confirmation at a terminal, found no terminal on standard input; pass -y (--yes) to send without confirmation")
	}
	sure, err := input.GetConfirmation("Send this transaction?", newLineReader(command), command.ErrOrStderr())
	if err != nil || !sure {
		return errors.Join(err, errors.New("nothing was sent"))
	}
	return nil
}

// send shows what a message does and costs, asks for confirmation, and executes or prints the transaction.
func (s *signing) send(ctx context.Context, command *cobra.Command, n *node, operator tx.Signer, msg sdk.Msg, does string) error {
	c, err := s.connect(ctx, n, func(line string) { fmt.Fprintln(command.ErrOrStderr(), line) })
	if err != nil {
		return err
	}
	cost, err := c.Estimate(ctx, operator, msg)
	if err != nil {
		return fmt.Errorf("nothing was sent: %w", err)
	}
	// Standard output is reserved for a transaction that is printed.
	say := command.OutOrStdout()
	if s.generate {
		say = command.ErrOrStderr()
	}
	fmt.Fprintf(say, "%s\nfee %s for %d gas\nsigned by %s\n", does, money.FormatAmount(cost.Fee), cost.Gas, operator.Address())
	if s.dryRun {
		fmt.Fprintln(say, "nothing was sent")
		return nil
	}
	if s.generate {
		return s.printUnsigned(command, n, c, cost, []sdk.Msg{msg})
	}
	if err := s.confirm(command); err != nil {
		return err
	}
	result, err := c.Execute(ctx, operator, msg)
	if err != nil {
		return err
	}
	fmt.Fprintf(say, "done in block %d, transaction %s\n", result.Height, result.TxHash)
	return nil
}
