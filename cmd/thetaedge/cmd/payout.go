package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/payout"
)

func payoutCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "payout",
		Short: "Show where earnings go, what is unclaimed and what collecting it would cost",
		Long: `payout shows the rule on the chain that says where earnings of the node's operator go, what is
unclaimed, and what a collection would cost now. With payout.collect in the settings, the node
collects by itself: it cannot send the coins anywhere else. The operator's key sets the rule
with payout set.`,
		Example: "thetaedge payout --json",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			n, err := openNode(command)
			if err != nil {
				return err
			}
			shown, err := readPayout(command.Context(), n)
			if err == nil && asJSON {
				encoder := json.NewEncoder(command.OutOrStdout())
				encoder.SetIndent("", "  ")
				err = encoder.Encode(shown)
			} else if err == nil {
				err = shown.print(command.OutOrStdout())
			}
			return errors.Join(err, n.close())
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	command.AddCommand(payoutSetCommand())
	return command
}

// shownPayout is what the command shows.
type shownPayout struct {
	Operator string `json:"operator"`
	// Address is paid, and Validator is delegated to; "" if nothing is delegated.
	Address   string `json:"address"`
	Validator string `json:"validator,omitempty"`
	// Unclaimed, Paid and Staked are amounts for people. Staked belongs to Address.
	Unclaimed string `json:"unclaimed"`
	Paid      string `json:"paid"`
	Staked    string `json:"staked"`
	// Fee is what a collection would cost now; NoFee says why that is not known.
	Fee   string `json:"fee,omitempty"`
	NoFee string `json:"no_fee,omitempty"`
	// Collect and MostFeePercent are the settings.
	Collect        string  `json:"collect"`
	MostFeePercent float64 `json:"most_fee_percent"`
	// State is what the node has collected.
	State payout.State `json:"state"`
}

// readPayout asks the chain and the home.
func readPayout(ctx context.Context, n *node) (shownPayout, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	operator, err := n.servedOperator(ctx)
	if err != nil {
		return shownPayout{}, err
	}
	rule, err := n.reader.Payout(ctx, operator)
	if err != nil {
		return shownPayout{}, err
	}
	earned, err := n.reader.Earnings(ctx, operator)
	if err != nil {
		return shownPayout{}, err
	}
	staked, err := n.reader.Staked(ctx, rule.Address)
	if err != nil {
		return shownPayout{}, err
	}
	state, err := payout.Read(n.home)
	if err != nil {
		return shownPayout{}, err
	}
	shown := shownPayout{
		Operator: operator, Address: rule.Address, Validator: rule.Validator,
		Unclaimed: orZero(earned), Paid: orZero(rule.Paid), Staked: money.FormatAmount(staked),
		Collect: n.config.Payout.Collect, MostFeePercent: n.config.Payout.MostFeePercent, State: state,
	}
	shown.Fee, shown.NoFee = collectFee(ctx, n, operator, earned)
	return shown, nil
}

// servedOperator returns the operator whose node the worker key serves, or of the settings.
func (n *node) servedOperator(ctx context.Context) (string, error) {
	known, err := n.reader.Node(ctx, n.worker.Address().String())
	switch {
	case err == nil:
		return known.Profile.Operator, nil
	case errors.Is(err, chain.ErrNotFound) && n.config.Chain.Operator != "":
		return n.config.Chain.Operator, nil
	case errors.Is(err, chain.ErrNotFound):
		return "", fmt.Errorf("expected a registered node, found that worker %s serves none; run %s: %w", n.worker.Address(), bid.Register, err)
	}
	return "", err
}

// collectFee returns what a collection would cost now, or why that is not known.
func collectFee(ctx context.Context, n *node, operator string, earned sdk.Coins) (fee, missing string) {
	if earned.Empty() {
		return "", "nothing is unclaimed"
	}
	chainID, err := n.reader.ChainID(ctx)
	if err != nil {
		return "", err.Error()
	}
	tx, err := n.txConfig(chainID, nil)
	if err != nil {
		return "", err.Error()
	}
	if tx.Granter, err = sdk.AccAddressFromBech32(operator); err != nil {
		return "", err.Error()
	}
	coin, err := chain.NewSender(n.conn, n.codec, n.worker, tx, slog.New(slog.DiscardHandler)).CollectFee(ctx, operator)
	if err != nil {
		return "", err.Error()
	}
	fee = money.FormatAmount(coin)
	if of := earned.AmountOf(coin.Denom); of.IsPositive() {
		fee += fmt.Sprintf(", %s%% of what is unclaimed", percentText(coin.Amount, of))
	}
	return fee, ""
}

// percentText returns a part of a whole in percent, rounded up to thousandths.
func percentText(part, whole math.Int) string {
	thousandths := part.MulRaw(100_000).Add(whole).SubRaw(1).Quo(whole)
	return fmt.Sprintf("%s.%03d", thousandths.QuoRaw(1000), thousandths.ModRaw(1000).Int64())
}

// orZero formats coins for people; no coins are 0 of the chain's.
func orZero(coins sdk.Coins) string {
	if coins.Empty() {
		return money.FormatAmount(sdk.NewInt64Coin(params.BaseDenom, 0))
	}
	return strings.Join(formatted(coins), ", ")
}

// print writes what is known for a person.
func (s shownPayout) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	line("operator", "%s", s.Operator)
	switch {
	case s.Validator != "":
		line("rule", "paid to the operator; collected tfuel is delegated to %s", s.Validator)
	case s.Address != s.Operator:
		line("rule", "paid to %s", s.Address)
	default:
		line("rule", "paid to the operator")
	}
	line("unclaimed", "%s", s.Unclaimed)
	line("paid", "%s so far", s.Paid)
	line("staked", "%s", s.Staked)
	if s.Fee != "" {
		line("fee", "%s", s.Fee)
	} else {
		line("fee", "not known: %s", s.NoFee)
	}
	if s.Collect == "" {
		line("collect", "not by the node (payout.collect is empty); the operator claims with thetaedge operator claim")
	} else {
		line("collect", "from %s on, once a day at most, for a fee of at most %v%%", s.Collect, s.MostFeePercent)
	}
	if !s.State.At.IsZero() {
		line("last", "%s at %s to %s, transaction %s", s.State.Paid, s.State.At.Format(time.RFC3339), s.State.Recipient, s.State.Tx)
	}
	if s.State.Undelegated != "" {
		line("note", "not delegated: %s; choose another validator with thetaedge payout set", s.State.Undelegated)
	}
	if s.State.Waits != "" {
		line("waits", "%s", s.State.Waits)
	}
	return table.Flush()
}
