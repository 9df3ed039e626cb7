package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cosmos/cosmos-sdk/client"
	clientconfig "github.com/cosmos/cosmos-sdk/client/config"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"
	signingtypes "github.com/cosmos/cosmos-sdk/types/tx/signing"

	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/client/tx"
)

// signing is how a command's transaction is paid for, signed and sent. It has the options
// of the SDK's own commands.
type signing struct {
	ctx    client.Context
	signer tx.Signer
	terms  requester.Terms

	// dryRun shows what the transaction would cost and sends nothing; generate prints it
	// unsigned; offline contacts no node.
	dryRun, generate, offline bool
	// number and sequence of the account, for offline use.
	number, sequence uint64
	// yes spends without confirmation.
	yes bool
	// home is the folder in --home, or "" without that flag.
	home string

	stdin       io.Reader
	out, errOut io.Writer
}

// addSigningFlags adds the flags of a command that signs. payer describes the key.
func addSigningFlags(cmd *cobra.Command, payer string) {
	f := cmd.Flags()
	f.String(flags.FlagFrom, "", "name or address of "+payer)
	f.String(flags.FlagGas, flags.GasFlagAuto, "gas limit, or auto to simulate the transaction and add a reserve")
	f.Float64(flags.FlagGasAdjustment, requester.DefaultGasAdjustment, "factor by which the simulated gas is multiplied")
	f.String(flags.FlagGasPrices, "", "price per unit of gas, such as 1000000000atfuel (default: the lowest that the chain and its node accept)")
	f.String(flags.FlagFees, "", "total fee, such as 0.001tfuel, instead of a price")
	f.String(flags.FlagFeeGranter, "", "address whose fee grant pays the fee")
	f.String(flags.FlagFeePayer, "", "address that pays the fee and also signs; only with --"+flags.FlagGenerateOnly)
	f.String(flags.FlagNote, "", "note in the transaction; it is public")
	f.String(flags.FlagSignMode, "", "direct or amino-json (default: what the key supports)")
	f.Bool(flags.FlagUseLedger, false, "refuse a key that is not on a Ledger")
	f.Bool(flags.FlagDryRun, false, "show what the transaction would cost, and send nothing")
	f.Bool(flags.FlagGenerateOnly, false, "print the transaction unsigned, for another machine or a multisig")
	f.Bool(flags.FlagOffline, false, "contact no node: print the transaction, signed with --account-number and --sequence, or unsigned with --"+flags.FlagGenerateOnly)
	f.Uint64P(flags.FlagAccountNumber, "a", 0, "number of the account; only with --"+flags.FlagOffline)
	f.Uint64P(flags.FlagSequence, "s", 0, "sequence of the account; only with --"+flags.FlagOffline)
	f.Uint64(flags.FlagTimeoutHeight, 0, "highest block that can include a transaction that is printed; 0 means no limit")
	f.BoolP(flags.FlagSkipConfirmation, "y", false, "spend without confirmation")
	flags.AddKeyringFlags(f)
	addComputeFlags(cmd)
}

// readSigning reads these flags. The signer is nil without --from.
func readSigning(cmd *cobra.Command) (*signing, error) {
	f := cmd.Flags()
	s := &signing{stdin: cmd.InOrStdin(), out: cmd.OutOrStdout(), errOut: cmd.ErrOrStderr()}
	s.dryRun, _ = f.GetBool(flags.FlagDryRun)
	s.generate, _ = f.GetBool(flags.FlagGenerateOnly)
	s.offline, _ = f.GetBool(flags.FlagOffline)
	s.yes, _ = f.GetBool(flags.FlagSkipConfirmation)
	s.number, _ = f.GetUint64(flags.FlagAccountNumber)
	s.sequence, _ = f.GetUint64(flags.FlagSequence)
	var err error
	if s.ctx, err = signingContext(cmd, s.dryRun); err != nil {
		return nil, err
	}
	if f.Changed(flags.FlagHome) {
		s.home = s.ctx.HomeDir
	}
	if s.terms, err = readTerms(f, s.ctx); err != nil {
		return nil, err
	}
	if s.signer, err = s.readSigner(f); err != nil {
		return nil, err
	}
	return s, s.check(f)
}

// signingContext reads the client's context. A dry run may name a key as well, so the
// function hides the dry-run flag from the SDK, which would not open the keyring.
func signingContext(cmd *cobra.Command, dryRun bool) (client.Context, error) {
	if dryRun {
		ctx, err := clientconfig.ReadFromClientConfig(client.GetClientContextFromCmd(cmd).WithSimulation(false))
		if err != nil {
			return ctx, err
		}
		if err := client.SetCmdClientContext(cmd, ctx); err != nil {
			return ctx, err
		}
		if err := cmd.Flags().Set(flags.FlagDryRun, "false"); err != nil {
			return ctx, err
		}
	}
	return txContext(cmd)
}

// readTerms reads how the transaction is paid for and described.
func readTerms(f *pflag.FlagSet, ctx client.Context) (requester.Terms, error) {
	gas, _ := f.GetString(flags.FlagGas)
	adjustment, _ := f.GetFloat64(flags.FlagGasAdjustment)
	prices, _ := f.GetString(flags.FlagGasPrices)
	fees, _ := f.GetString(flags.FlagFees)
	terms, err := requester.ParseTerms(gas, adjustment, prices, fees)
	terms.FeeGranter, terms.FeePayer = ctx.FeeGranter, ctx.FeePayer
	terms.Note, _ = f.GetString(flags.FlagNote)
	terms.TimeoutHeight, _ = f.GetUint64(flags.FlagTimeoutHeight)
	return terms, err
}

// readSigner opens the key that --from names, if the flag is set.
func (s *signing) readSigner(f *pflag.FlagSet) (tx.Signer, error) {
	if s.ctx.FromName == "" {
		if s.ctx.FromAddress.Empty() {
			return nil, nil
		}
		return tx.NewAccount(s.ctx.FromAddress, nil), nil
	}
	record, err := s.ctx.Keyring.Key(s.ctx.FromName)
	if err != nil {
		return nil, err
	}
	if ledger, _ := f.GetBool(flags.FlagUseLedger); ledger && record.GetType() != keyring.TypeLedger {
		return nil, fmt.Errorf("--%s: expected a key on a Ledger in --%s, found %q, which is %s; leave out --%s, or add the device's key with: thetad keys add NAME --ledger",
			flags.FlagUseLedger, flags.FlagFrom, s.ctx.FromName, record.GetType(), flags.FlagUseLedger)
	}
	key, err := record.GetPubKey()
	if err != nil {
		return nil, err
	}
	if kind := record.GetType(); kind == keyring.TypeMulti || kind == keyring.TypeOffline {
		return tx.NewAccount(s.ctx.FromAddress, key), nil
	}
	signer, err := tx.NewKeyringSigner(s.ctx.Keyring, s.ctx.FromName)
	if err != nil {
		return nil, err
	}
	switch mode := s.ctx.SignModeStr; {
	case mode == "":
		return signer, nil
	case mode == flags.SignModeLegacyAminoJSON:
		return signer.In(signingtypes.SignMode_SIGN_MODE_LEGACY_AMINO_JSON), nil
	case mode == flags.SignModeDirect && record.GetType() != keyring.TypeLedger:
		return signer.In(signingtypes.SignMode_SIGN_MODE_DIRECT), nil
	}
	return nil, fmt.Errorf("--%s: expected %s or, for a key that is not on a Ledger, %s, found %q; this chain accepts no other mode",
		flags.FlagSignMode, flags.SignModeLegacyAminoJSON, flags.SignModeDirect, s.ctx.SignModeStr)
}

// check returns an error for options that exclude each other.
func (s *signing) check(f *pflag.FlagSet) error {
	switch {
	case s.dryRun && (s.generate || s.offline):
		return fmt.Errorf("expected --%s without other output modes, found it with --%s or --%s", flags.FlagDryRun, flags.FlagGenerateOnly, flags.FlagOffline)
	case len(s.terms.FeePayer) > 0 && !s.generate:
		return fmt.Errorf("--%s: the fee payer must sign too; print the transaction with --%s and sign it with both keys: thetad tx sign", flags.FlagFeePayer, flags.FlagGenerateOnly)
	case s.offline && !s.generate && !(f.Changed(flags.FlagAccountNumber) && f.Changed(flags.FlagSequence)):
		return fmt.Errorf("--%s: expected --%s and --%s of the account too, because no node is contacted", flags.FlagOffline, flags.FlagAccountNumber, flags.FlagSequence)
	case !s.offline && (f.Changed(flags.FlagAccountNumber) || f.Changed(flags.FlagSequence)):
		return fmt.Errorf("expected --%s and --%s only with --%s, because otherwise a node reports both; leave them out", flags.FlagAccountNumber, flags.FlagSequence, flags.FlagOffline)
	case s.terms.TimeoutHeight > 0 && !s.elsewhere():
		return fmt.Errorf("expected --%s only with --%s or --%s, because a transaction that is sent at once has a limit of its own; leave it out", flags.FlagTimeoutHeight, flags.FlagGenerateOnly, flags.FlagOffline)
	}
	return nil
}

// elsewhere reports whether the transaction is printed instead of sent.
func (s *signing) elsewhere() bool { return s.generate || s.offline }

// need returns an error without a key, or with a key that cannot sign.
func (s *signing) need() error {
	if s.signer == nil {
		return errors.New("expected the key that pays in --from, found none; list your keys with: thetad keys list")
	}
	if _, elsewhere := s.signer.(*tx.Account); elsewhere && !s.generate && !s.dryRun {
		return fmt.Errorf("--%s %s: %w: its key is a multisig or is not in this keyring; print the transaction with --%s, sign it with thetad tx sign or thetad tx multisign, and send it with thetad tx broadcast",
			flags.FlagFrom, s.ctx.From, tx.ErrCannotSign, flags.FlagGenerateOnly)
	}
	return nil
}

// connect returns a client that pays and signs as the flags say.
func (s *signing) connect(ctx context.Context) (*requester.Client, error) {
	terms := s.terms
	terms.Tell = func(line string) { fmt.Fprintln(s.errOut, line) }
	if terms.Overtaken == nil && grpcnode.OnThisMachine(s.ctx.NodeURI) {
		// The user's own node has no reason to lie about the account.
		terms.Overtaken = requester.BelieveNode
	}
	if s.signer != nil {
		terms.Exclusive = keyLock(s.ctx.KeyringDir, s.signer.Address(), terms.Tell)
	}
	if s.offline {
		c, err := requester.NewOffline(s.ctx.ChainID)
		if err != nil {
			return nil, err
		}
		return c.With(terms), nil
	}
	c, err := computeClient(ctx, s.ctx)
	if err != nil {
		return nil, err
	}
	return c.With(terms), nil
}

// cost returns what the message costs to execute.
func (s *signing) cost(ctx context.Context, c *requester.Client, msg sdk.Msg) (requester.Cost, error) {
	if s.offline {
		return c.CostOffline()
	}
	return c.Estimate(ctx, s.signer, msg)
}

// show prints what a message would cost, for a dry run.
func (s *signing) show(cost requester.Cost) {
	fmt.Fprintf(s.errOut, "gas estimate: %d\n", cost.Gas)
	fmt.Fprintf(s.out, "Nothing was sent. The transaction would take %d gas, for %s\n", cost.Gas, money.FormatAmount(cost.Fee))
}

// handOut prints the transaction of a message, to be signed or sent elsewhere.
func (s *signing) handOut(ctx context.Context, c *requester.Client, msg sdk.Msg, cost requester.Cost) error {
	raw, err := s.encode(ctx, c, msg, cost)
	if err != nil {
		return err
	}
	return s.printTx(raw)
}

func (s *signing) encode(ctx context.Context, c *requester.Client, msg sdk.Msg, cost requester.Cost) ([]byte, error) {
	if s.generate {
		return c.Unsigned(cost, msg)
	}
	return c.Signed(ctx, s.signer, cost, s.number, s.sequence, msg)
}

// printTx prints a transaction in the form that the SDK's commands read.
func (s *signing) printTx(raw []byte) error {
	decoded, err := s.ctx.TxConfig.TxDecoder()(raw)
	if err != nil {
		return err
	}
	text, err := s.ctx.TxConfig.TxJSONEncoder()(decoded)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s\n", text)
	return err
}
