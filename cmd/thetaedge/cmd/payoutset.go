package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	sdk "github.com/cosmos/cosmos-sdk/types"

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
		Example: `thetaedge payout set --to theta1... --from operator
thetaedge payout set --delegate thetavaloper1... --from operator
thetaedge payout set --to-operator --from operator`,
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
	msg := &rewardstypes.MsgSetPayout{Operator: operator.Address().String(), Address: r.to, Validator: r.delegate}
	return r.send(ctx, command, n, operator, msg, r.summary())
}
