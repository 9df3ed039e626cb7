package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/sidecar/chain"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

func operatorCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "operator",
		Short: "Send transactions about the node with the operator's key",
		Long: `operator sends what the operator's key alone may send: it pauses the node on the chain, lets it work
again after a jail term, changes its bond, closes it and claims its earnings. Each command says
what it does and what it costs, and asks before it sends anything.`,
	}
	command.AddCommand(
		orderCommand(&order{build: buildUnjail}, "unjail", "Let a jailed node work again when its term is over",
			"unjail makes a jailed node active again. Look for the causes first, with thetaedge jobs and thetaedge why: further faults lead to a longer term."),
		orderCommand(&order{build: buildPause}, "pause", "Stop the node from getting work until resume",
			"pause stops the chain from drawing the node, which finishes what it holds. It costs a fee and applies on every machine; thetaedge pause costs nothing and pauses this machine only."),
		orderCommand(&order{build: buildResume}, "resume", "Let a node work again that pause has stopped",
			"resume lets the chain draw a node again that the operator has paused there. After thetaedge pause, run thetaedge resume instead."),
		orderCommand(&order{signing: signing{once: true}, build: buildBond, amount: true}, "bond", "Add to the bond of the node",
			"bond moves coins of the operator into the bond. A larger bond gives more slots their full weight, from the next epoch on."),
		orderCommand(&order{signing: signing{once: true}, build: buildUnbond, amount: true}, "unbond", "Take back a part of the bond that no work has locked",
			"unbond starts the return of coins from the bond. They are paid after the unbonding time of the chain. An open node keeps the lowest bond; retire returns the whole one."),
		orderCommand(&order{build: buildRetire}, "retire", "Close the node and take back its bond",
			"retire closes the node: it gets no further work, and the free part of its bond is paid back after the unbonding time of the chain. Stakes of work that is not over stay locked: run it again when that work has ended. register opens the node again."),
		orderCommand(&order{build: buildClaim}, "claim", "Have the unclaimed earnings paid",
			"claim pays the unclaimed earnings to the operator, or to the account that thetaedge payout set has named."),
	)
	return command
}

// order is a transaction of the operator about its node.
type order struct {
	signing
	// amount reports that the command takes an amount of coins.
	amount bool
	// build checks what the chain would refuse, and returns the message and what it does.
	build func(ctx context.Context, l ledger, operator string, coin sdk.Coin) (msg sdk.Msg, does string, err error)
}

// ledger is what the chain says about an operator.
type ledger interface {
	NodeOf(ctx context.Context, operator string) (edgenodetypes.Node, error)
	Tip(ctx context.Context) (chain.Tip, error)
	EdgenodeParams(ctx context.Context) (edgenodetypes.Params, error)
	Balance(ctx context.Context, address, denom string) (sdk.Coin, error)
	Earnings(ctx context.Context, operator string) (sdk.Coins, error)
	Payout(ctx context.Context, operator string) (chain.Payout, error)
}

func orderCommand(o *order, name, short, long string) *cobra.Command {
	use, example, args := name, "thetaedge operator "+name+" --from operator", cobra.NoArgs
	if o.amount {
		use, example, args = name+" AMOUNT", "thetaedge operator "+name+" 100tfuel --from operator", cobra.ExactArgs(1)
	}
	command := &cobra.Command{
		Use: use + " --from KEY", Short: short, Long: long, Example: example, Args: args,
		RunE: func(command *cobra.Command, args []string) error {
			var coin sdk.Coin
			if o.amount {
				var err error
				if coin, err = money.ParseAmount(args[0]); err != nil {
					return fmt.Errorf("AMOUNT: %w", err)
				}
				if !coin.IsPositive() {
					return fmt.Errorf("AMOUNT: expected more than nothing, such as 100tfuel, found %s", args[0])
				}
			}
			n, err := openNode(command)
			if err != nil {
				return err
			}
			return errors.Join(o.run(command, n, coin), n.close())
		},
	}
	o.addFlags(command.Flags())
	if err := command.MarkFlagRequired("from"); err != nil {
		panic(err)
	}
	return command
}

func (o *order) run(command *cobra.Command, n *node, coin sdk.Coin) error {
	ctx, cancel := context.WithTimeout(command.Context(), 3*time.Minute)
	defer cancel()
	operator, err := o.operator(command, n)
	if err != nil {
		return err
	}
	if _, err := n.chainID(ctx); err != nil {
		return err
	}
	if err := n.checkOperator(operator.Address()); err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	msg, does, err := o.build(ctx, n.reader, operator.Address().String(), coin)
	if err != nil {
		return fmt.Errorf("nothing was sent: %w", err)
	}
	return o.send(ctx, command, n, operator, msg, does)
}

// nodeOf returns the node of an operator, and says what to do if there is none.
func nodeOf(ctx context.Context, l ledger, operator string) (edgenodetypes.Node, error) {
	found, err := l.NodeOf(ctx, operator)
	if errors.Is(err, chain.ErrNotFound) {
		return found, fmt.Errorf("expected a node that %s has registered, found none; name the key that registered it in --from, or register one with thetaedge register: %w", operator, err)
	}
	return found, err
}

func buildUnjail(ctx context.Context, l ledger, operator string, _ sdk.Coin) (sdk.Msg, string, error) {
	found, err := nodeOf(ctx, l, operator)
	if err != nil {
		return nil, "", err
	}
	if err := expectStatus(found, edgenodetypes.NODE_STATUS_JAILED); err != nil {
		return nil, "", err
	}
	tip, err := l.Tip(ctx)
	if err != nil {
		return nil, "", err
	}
	// The transaction is executed in the next block at the earliest.
	if until := found.State.Jail.Until; tip.Height+1 < until {
		return nil, "", fmt.Errorf("expected a jail term that is over, found one until block %d, %d blocks from now; run this again then", until, until-tip.Height)
	}
	return &edgenodetypes.MsgUnjail{Operator: operator}, fmt.Sprintf("node %q works again after its jail term", found.Profile.Moniker), nil
}

// expectStatus refuses a node that has another status.
func expectStatus(found edgenodetypes.Node, status edgenodetypes.NodeStatus) error {
	if found.State.Status == status {
		return nil
	}
	return fmt.Errorf("expected node %q to be %s, found it %s; thetaedge why says what it needs", found.Profile.Moniker, status.Title(), found.State.Status.Title())
}

func buildPause(ctx context.Context, l ledger, operator string, _ sdk.Coin) (sdk.Msg, string, error) {
	found, err := nodeOf(ctx, l, operator)
	if err != nil {
		return nil, "", err
	}
	if status := found.State.Status; status != edgenodetypes.NODE_STATUS_ACTIVE && status != edgenodetypes.NODE_STATUS_LAPSED {
		return nil, "", expectStatus(found, edgenodetypes.NODE_STATUS_ACTIVE)
	}
	return &edgenodetypes.MsgPause{Operator: operator}, fmt.Sprintf("node %q gets no work until thetaedge operator resume", found.Profile.Moniker), nil
}

func buildResume(ctx context.Context, l ledger, operator string, _ sdk.Coin) (sdk.Msg, string, error) {
	found, err := nodeOf(ctx, l, operator)
	if err != nil {
		return nil, "", err
	}
	if err := expectStatus(found, edgenodetypes.NODE_STATUS_PAUSED); err != nil {
		return nil, "", err
	}
	return &edgenodetypes.MsgResume{Operator: operator}, fmt.Sprintf("node %q gets work again", found.Profile.Moniker), nil
}

// ofBond refuses a coin that bonds do not consist of.
func ofBond(ctx context.Context, l ledger, coin sdk.Coin) (edgenodetypes.Params, error) {
	params, err := l.EdgenodeParams(ctx)
	if err == nil && coin.Denom != params.BondDenom {
		err = fmt.Errorf("AMOUNT: expected coins of bonds (%s), found %s", params.BondDenom, coin.Denom)
	}
	return params, err
}

func buildBond(ctx context.Context, l ledger, operator string, coin sdk.Coin) (sdk.Msg, string, error) {
	found, err := nodeOf(ctx, l, operator)
	if err != nil {
		return nil, "", err
	}
	if _, err := ofBond(ctx, l, coin); err != nil {
		return nil, "", err
	}
	balance, err := l.Balance(ctx, operator, coin.Denom)
	if err != nil {
		return nil, "", err
	}
	if balance.Amount.LT(coin.Amount) {
		return nil, "", fmt.Errorf("expected at least %s and fees at %s, found %s; send coins there, or bond less", money.FormatAmount(coin), operator, money.FormatAmount(balance))
	}
	after := sdk.NewCoin(coin.Denom, wholeOf(found.State.Bond).Add(coin.Amount))
	return &edgenodetypes.MsgBond{Operator: operator, Amount: coin},
		fmt.Sprintf("add %s to the bond of node %q, which is %s then", money.FormatAmount(coin), found.Profile.Moniker, money.FormatAmount(after)), nil
}

func buildUnbond(ctx context.Context, l ledger, operator string, coin sdk.Coin) (sdk.Msg, string, error) {
	found, err := nodeOf(ctx, l, operator)
	if err != nil {
		return nil, "", err
	}
	params, err := ofBond(ctx, l, coin)
	if err != nil {
		return nil, "", err
	}
	free := wholeOf(found.State.Bond).Sub(wholeOf(found.State.Locked))
	if coin.Amount.GT(free) {
		return nil, "", fmt.Errorf("expected at most %s, the part of the bond that no work has locked, found %s", amount(params, free), money.FormatAmount(coin))
	}
	if left := wholeOf(found.State.Bond).Sub(coin.Amount); found.State.Status != edgenodetypes.NODE_STATUS_RETIRED && left.LT(params.MinBond) {
		return nil, "", fmt.Errorf("expected that at least %s stay in the bond of an open node, found %s; unbond less, or close the node with thetaedge operator retire", amount(params, params.MinBond), amount(params, left))
	}
	return &edgenodetypes.MsgUnbond{Operator: operator, Amount: coin},
		fmt.Sprintf("take %s out of the bond of node %q; they are paid %d blocks later", money.FormatAmount(coin), found.Profile.Moniker, params.UnbondingBlocks), nil
}

func buildRetire(ctx context.Context, l ledger, operator string, _ sdk.Coin) (sdk.Msg, string, error) {
	found, err := nodeOf(ctx, l, operator)
	if err != nil {
		return nil, "", err
	}
	params, err := l.EdgenodeParams(ctx)
	if err != nil {
		return nil, "", err
	}
	locked := wholeOf(found.State.Locked)
	free := wholeOf(found.State.Bond).Sub(locked)
	does := fmt.Sprintf("close node %q: it gets no further work, and %s of its bond are paid %d blocks later", found.Profile.Moniker, amount(params, free), params.UnbondingBlocks)
	if locked.IsPositive() {
		does += fmt.Sprintf("\n%s stay locked by work that is not over; run this again when it is, to have the rest paid", amount(params, locked))
	}
	return &edgenodetypes.MsgRetire{Operator: operator}, does, nil
}

func buildClaim(ctx context.Context, l ledger, operator string, _ sdk.Coin) (sdk.Msg, string, error) {
	earned, err := l.Earnings(ctx, operator)
	if err != nil {
		return nil, "", err
	}
	if earned.Empty() {
		return nil, "", fmt.Errorf("expected earnings of %s that are not claimed, found none; thetaedge earnings shows what was earned", operator)
	}
	rule, err := l.Payout(ctx, operator)
	if err != nil {
		return nil, "", err
	}
	return &rewardstypes.MsgClaim{Operator: operator}, fmt.Sprintf("pay %s to %s", orZero(earned), rule.Address), nil
}

// wholeOf returns an amount, and 0 for one that the chain has left out.
func wholeOf(amount math.Int) math.Int {
	if amount.IsNil() {
		return math.ZeroInt()
	}
	return amount
}
