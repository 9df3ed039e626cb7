package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/client/tx"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// payoutRule holds the flags of payout set.
type payoutRule struct {
	signing
	to, delegate string
	operatorOnly bool
}

func payoutSetCommand() *cobra.Command {
	r := &payoutRule{}
	command := &cobra.Command{
		Use:   "set --from KEY",
		Short: "Set where the operator's earnings go",
		Long: `set sends a transaction of the operator that says where its earnings go: to another account, or
to a validator to which coins of the chain are delegated when they are collected. Delegated
coins stay the operator's. Nothing but the operator's key can change the rule.`,
		Example: `thetaedge payout set --to theta1... --from operator --keyring-dir ~/.thetad
thetaedge payout set --delegate thetavaloper1... --from operator --keyring-dir ~/.thetad
thetaedge payout set --to-operator --from operator --keyring-dir ~/.thetad`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := r.check(); err != nil {
				return err
			}
			n, err := openNode(command)
			if err != nil {
				return err
			}
			return errors.Join(r.run(command, n), n.close())
		},
	}
	flags := command.Flags()
	r.addFlags(flags)
	flags.StringVar(&r.to, "to", "", "account that is paid")
	flags.StringVar(&r.delegate, "delegate", "", "validator to which collected coins are delegated; the operator is paid then")
	flags.BoolVar(&r.operatorOnly, "to-operator", false, "pay the operator and delegate nothing, as without a rule")
	if err := command.MarkFlagRequired("from"); err != nil {
		panic(err)
	}
	return command
}

// check finds flags that contradict each other, and addresses that are none, before the chain is asked.
func (r *payoutRule) check() error {
	given := 0
	for _, is := range []bool{r.to != "", r.delegate != "", r.operatorOnly} {
		if is {
			given++
		}
	}
	if given != 1 {
		return fmt.Errorf("expected one of --to ADDRESS, --delegate VALIDATOR and --to-operator, found %d of them; only the operator's own coins are delegated", given)
	}
	if r.to != "" {
		if _, err := sdk.AccAddressFromBech32(r.to); err != nil {
			return fmt.Errorf("--to: expected the address of an account such as theta1..., found %q: %w", r.to, err)
		}
	}
	if r.delegate != "" {
		if _, err := sdk.ValAddressFromBech32(r.delegate); err != nil {
			return fmt.Errorf("--delegate: expected the address of a validator such as thetavaloper1..., found %q: %w", r.delegate, err)
		}
	}
	return nil
}

// summary says what the rule does.
func (r *payoutRule) summary() string {
	switch {
	case r.delegate != "":
		return "earnings are paid to the operator, and collected tfuel is delegated to " + r.delegate
	case r.to != "":
		return "earnings are paid to " + r.to + ": the owner of its key has the coins"
	}
	return "earnings are paid to the operator"
}

func (r *payoutRule) run(command *cobra.Command, n *node) error {
	ctx, cancel := context.WithTimeout(command.Context(), 3*time.Minute)
	defer cancel()
	operator, err := r.operator(command, n)
	if err != nil {
		return err
	}
	if _, err := n.chainID(ctx); err != nil {
		return err
	}
	if err := n.checkOperator(operator.Address()); err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	return r.send(ctx, command, n, operator)
}

// send shows what is signed, asks for confirmation, and executes or prints the transaction.
func (r *payoutRule) send(ctx context.Context, command *cobra.Command, n *node, operator tx.Signer) error {
	c, err := r.connect(ctx, n, func(line string) { fmt.Fprintln(command.ErrOrStderr(), line) })
	if err != nil {
		return err
	}
	msg := &rewardstypes.MsgSetPayout{Operator: operator.Address().String(), Address: r.to, Validator: r.delegate}
	cost, err := c.Estimate(ctx, operator, msg)
	if err != nil {
		return err
	}
	// Standard output is reserved for a transaction that is printed.
	say := command.OutOrStdout()
	if r.generate {
		say = command.ErrOrStderr()
	}
	fmt.Fprintf(say, "%s\nfee %s for %d gas\nsigned by %s\n", r.summary(), money.FormatAmount(cost.Fee), cost.Gas, operator.Address())
	if r.dryRun {
		fmt.Fprintln(say, "nothing was sent")
		return nil
	}
	if r.generate {
		return r.printUnsigned(command, n, c, cost, []sdk.Msg{msg})
	}
	if err := r.confirm(command); err != nil {
		return err
	}
	result, err := c.Execute(ctx, operator, msg)
	if err != nil {
		return err
	}
	fmt.Fprintf(say, "done in block %d, transaction %s\n", result.Height, result.TxHash)
	return nil
}
