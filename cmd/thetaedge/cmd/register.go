package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/config"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// registration holds the operator's flags.
type registration struct {
	signing
	moniker, region, class string
	slots                  uint32
	bond, feeLimit         string
	grantTime              time.Duration
	rotate, abandon        bool
	// adopts reports that the new worker key of this home becomes its worker key once the chain has it.
	adopts bool
}

func registerCommand() *cobra.Command {
	r := &registration{}
	command := &cobra.Command{
		Use:     "register --from KEY",
		Short:   "Bond coins, open the node and grant its worker key fees",
		Example: "thetaedge register --from operator --region de --slots 4",
		Long: `register sends one transaction of the operator. It opens the node with a bond and grants
the worker key fees, only for worker messages, up to a limit and an expiry.
It declares the limits in [policy] on the chain, so that requesters know for which jobs
the node qualifies. For a node that is already open, it renews the grant and declares the
settings that have changed.`,
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
	flags.StringVar(&r.moniker, "moniker", defaultMoniker, "name of the node, public on the chain; the host's name is not published")
	flags.StringVar(&r.region, "region", "", "region of the node, e.g. de or us-west (required for a new node)")
	flags.StringVar(&r.class, "class", "", "hardware class; empty means the most demanding class for which this machine qualifies")
	flags.Uint32Var(&r.slots, "slots", 0, "assignments that the node can hold concurrently; 0 means three per program of policy.max-jobs, or those that an open node has")
	flags.StringVar(&r.bond, "bond", "", "bond, e.g. 100tfuel; empty means the lowest bond that gives every slot its full weight")
	flags.StringVar(&r.feeLimit, "fee-limit", "10tfuel", "most that the worker can spend on fees")
	flags.DurationVar(&r.grantTime, "grant-time", 90*24*time.Hour, "how long the worker can spend fees")
	flags.BoolVar(&r.rotate, "rotate", false, "replace the worker key of an open node: with a new key if this home has the current one, otherwise with the key of this home")
	flags.BoolVar(&r.abandon, "abandon", false, "rotate although commitments of the node can be revealed only by the home that made them; each costs its stake if that home is lost")
	if err := command.MarkFlagRequired("from"); err != nil {
		panic(err)
	}
	return command
}

// defaultMoniker is the name of a node whose owner gives none. It does not reveal the
// machine or its network.
const defaultMoniker = "edge node"

// check finds values that the chain would refuse, before anything is asked of it.
func (r *registration) check() error {
	if err := edgenodetypes.CheckMoniker(r.moniker); err != nil {
		return fmt.Errorf("--moniker: %w", err)
	}
	if r.region == "" {
		return nil // a node that is already open has one
	}
	if r.region == config.RegionPlaceholder {
		return fmt.Errorf("--region: expected where this machine is, such as de or us-west, found %s, which stands for it in the command that you pasted; put your own region", r.region)
	}
	if err := edgenodetypes.CheckRegion(r.region); err != nil {
		return fmt.Errorf("--region: %w", err)
	}
	return nil
}

func (r *registration) run(command *cobra.Command, n *node) error {
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
	c, err := r.connect(ctx, n, func(line string) { fmt.Fprintln(command.ErrOrStderr(), line) })
	if err != nil {
		return err
	}
	msgs, summary, err := r.messages(ctx, n, operator.Address())
	if err != nil {
		return err
	}
	if text := unmeasured(n); text != "" {
		fmt.Fprintln(command.ErrOrStderr(), text)
	}
	return r.send(ctx, command, n, c, operator, msgs, summary)
}

// send shows what is signed, asks for confirmation, and executes or prints the transaction.
func (r *registration) send(ctx context.Context, command *cobra.Command, n *node, c *client.Client, operator client.Signer, msgs []sdk.Msg, summary string) error {
	cost, err := c.Estimate(ctx, operator, msgs...)
	if err != nil {
		return err
	}
	// Standard output is reserved for a transaction that is printed.
	say := command.OutOrStdout()
	if r.generate {
		say = command.ErrOrStderr()
	}
	fmt.Fprintf(say, "%s\nfee %s for %d gas\nsigned by %s\n", summary, money.FormatAmount(cost.Fee), cost.Gas, operator.Address())
	if r.dryRun {
		fmt.Fprintln(say, "nothing was sent")
		return nil
	}
	if !r.generate {
		if err := r.confirm(command); err != nil {
			return err
		}
	}
	// The operator is saved before the message is sent: afterwards the worker key is
	// public, and another operator could register it first.
	if n.config.Chain.Operator == "" {
		if err := config.SetOperator(n.home, operator.Address().String()); err != nil {
			return fmt.Errorf("nothing was sent: %w", err)
		}
	}
	if r.generate {
		err := r.printUnsigned(command, n, c, cost, msgs)
		fmt.Fprintf(say, "After the transaction has been signed and sent, run: %s\n", r.next(n))
		return err
	}
	result, err := c.Execute(ctx, operator, msgs...)
	if err != nil {
		return err
	}
	fmt.Fprintf(say, "done in block %d, transaction %s\n", result.Height, result.TxHash)
	if err := r.adopt(n, say); err != nil {
		return err
	}
	fmt.Fprintf(say, "\nNext: thetaedge start --home %s\n", client.ShellQuote(n.home))
	return nil
}

// messages decides which messages to send, and describes them.
func (r *registration) messages(ctx context.Context, n *node, operator sdk.AccAddress) ([]sdk.Msg, string, error) {
	known, unknown := n.reader.NodeOf(ctx, operator.String())
	if unknown != nil && !errors.Is(unknown, chain.ErrNotFound) {
		return nil, "", unknown
	}
	worker := n.worker.Address()
	if unknown == nil && r.rotate {
		var err error
		if worker, err = r.rotateTo(ctx, n, known); err != nil {
			return nil, "", err
		}
	}
	limit, err := money.ParseAmount(r.feeLimit)
	if err != nil {
		return nil, "", fmt.Errorf("--fee-limit: %w", err)
	}
	expiry := time.Now().Add(r.grantTime).UTC().Truncate(time.Second)
	grant, err := chain.NewGrant(operator, worker, sdk.NewCoins(limit), expiry)
	if err != nil {
		return nil, "", err
	}
	renewal := []sdk.Msg{grant}
	if _, err := n.reader.Grant(ctx, operator.String(), worker.String()); err == nil {
		renewal = []sdk.Msg{chain.RevokeGrant(operator, worker), grant}
	} else if !errors.Is(err, chain.ErrNotFound) {
		return nil, "", err
	}
	fees := fmt.Sprintf("fee grant to worker %s: %s until %s", worker, money.FormatAmount(limit), expiry.Format(time.RFC3339))
	switch {
	case unknown != nil:
		open, err := r.open(ctx, n, operator)
		if err != nil {
			return nil, "", err
		}
		return append([]sdk.Msg{open}, renewal...), fmt.Sprintf("open node %q in class %s with %d slots and a bond of %s\n%s",
			open.Moniker, open.Class, open.Slots, money.FormatAmount(open.Bond), fees), nil
	case known.Profile.Worker == worker.String():
		update, changes, err := r.declare(ctx, n, known)
		return append(update, renewal...), fmt.Sprintf("node %q is already open\nrenew the %s%s", known.Profile.Moniker, fees, changes), err
	case r.rotate:
		rotate := &edgenodetypes.MsgRotateWorker{Operator: operator.String(), Worker: worker.String()}
		update, changes, err := r.declare(ctx, n, known)
		return append(append(update, rotate), renewal...), fmt.Sprintf("node %q: replace worker %s\n%s%s", known.Profile.Moniker, known.Profile.Worker, fees, changes), err
	}
	return nil, "", fmt.Errorf("expected no node of %s or one with worker %s, found one with worker %s; pass --rotate to replace that key, which stops the machine that holds it",
		operator, worker, known.Profile.Worker)
}

// declare returns the update that declares the limits of an open node, and describes it;
// none when the chain already has these limits.
func (r *registration) declare(ctx context.Context, n *node, known edgenodetypes.Node) ([]sdk.Msg, string, error) {
	// The device bounds the memory for tensors that is declared. Without a device the settings are
	// declared; start and doctor say why the node takes no such jobs.
	_, _ = tryWorkers(ctx, n, tensors.Profile)
	policy, err := policyOf(n)
	if err != nil {
		return nil, "", err
	}
	params, err := n.reader.EdgenodeParams(ctx)
	if err != nil {
		return nil, "", err
	}
	update, changes := declaration(known, policy.Limits(), r.slots, params)
	if update == nil {
		return nil, changes, nil
	}
	return []sdk.Msg{update}, changes, nil
}

// open returns the message that opens a node for this machine.
func (r *registration) open(ctx context.Context, n *node, operator sdk.AccAddress) (*edgenodetypes.MsgRegister, error) {
	params, err := n.reader.EdgenodeParams(ctx)
	if err != nil {
		return nil, err
	}
	if r.region == "" {
		return nil, errors.New("--region: expected where the node is, such as de or us-west, found none")
	}
	hardware := hardwareOf(detectAll(ctx))
	class := r.class
	if class == "" {
		if class, err = bestClass(hardware, params.Classes); err != nil {
			return nil, err
		}
	}
	slots := r.slots
	if slots == 0 {
		slots = bid.SlotsFor(n.config.Policy.MaxJobs, params.MaxSlots)
	}
	bond, err := r.bondFor(params, slots)
	if err != nil {
		return nil, err
	}
	balance, err := n.reader.Balance(ctx, operator.String(), bond.Denom)
	if err != nil {
		return nil, err
	}
	if balance.Amount.LT(bond.Amount) {
		return nil, fmt.Errorf("expected at least %s and fees at %s, found %s; send coins there, or lower --slots or --bond", money.FormatAmount(bond), operator, money.FormatAmount(balance))
	}
	executors, err := healthyProfiles(ctx, n)
	if err != nil {
		return nil, err
	}
	policy, err := policyOf(n)
	if err != nil {
		return nil, err
	}
	return &edgenodetypes.MsgRegister{
		Operator: operator.String(), Worker: n.worker.Address().String(), Moniker: r.moniker,
		Hardware: hardware, Region: r.region, Class: class, Executors: executors, Bond: bond, Slots: slots,
		Limits: policy.Limits(),
	}, nil
}

func (r *registration) bondFor(params edgenodetypes.Params, slots uint32) (sdk.Coin, error) {
	if r.bond == "" {
		full := params.BondPerSlot.Mul(math.NewIntFromUint64(uint64(slots)))
		return sdk.NewCoin(params.BondDenom, math.MaxInt(params.MinBond, full)), nil
	}
	bond, err := money.ParseAmount(r.bond)
	if err != nil {
		return bond, fmt.Errorf("--bond: %w", err)
	}
	if bond.Denom != params.BondDenom || bond.Amount.LT(params.MinBond) {
		return bond, fmt.Errorf("--bond: expected at least %s, found %s", amount(params, params.MinBond), money.FormatAmount(bond))
	}
	return bond, nil
}
