package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/device"
	"github.com/thetaedge/theta/sidecar/release"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	// clockTolerance is the largest difference between block time and this machine's clock
	// that needs no warning.
	clockTolerance = time.Minute
	// grantWarning is how long before the expiry of a fee grant the warnings begin.
	grantWarning = 7 * 24 * time.Hour
)

// verdict is the outcome of a check.
type verdict string

const (
	good    verdict = "ok"
	unsure  verdict = "warn"
	missing verdict = "MISSING"
	noted   verdict = "note"
)

// report counts failed checks and prints each check as it is made.
type report struct {
	out    io.Writer
	failed int
	// checks contains the lines, for programs.
	checks []checked
}

// checked is one line of a report.
type checked struct {
	Verdict verdict `json:"verdict"`
	Check   string  `json:"check"`
	Text    string  `json:"text"`
}

func (r *report) line(v verdict, what, format string, args ...any) {
	if v == missing {
		r.failed++
	}
	text := fmt.Sprintf(format, args...)
	r.checks = append(r.checks, checked{Verdict: v, Check: what, Text: text})
	fmt.Fprintf(r.out, "%-8s %-12s %s\n", v, what, text)
}

func doctorCommand() *cobra.Command {
	var operator string
	test, output := &paidTest{}, outputText
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Show for which classes this machine qualifies, and what is missing",
		Long: `doctor checks everything that the node needs. With --self-test it then posts a small paid
job under TRUST that names this node, from the operator's key, follows it through upload,
post, claim, fetch, run, commit, deliver, reveal, check, review and pay, and names the leg
that fails, with the cure. It shows what that costs and asks before anything is spent.`,
		Example: `thetaedge doctor --operator theta1... --relay https://relay.example
thetaedge doctor --self-test --from operator --relay https://relay.example`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := errors.Join(checkOutput(output), test.check()); err != nil {
				return err
			}
			n, err := openSettings(command)
			if err != nil {
				return err
			}
			r := &report{out: command.OutOrStdout()}
			if output == outputJSON {
				r.out = io.Discard
			}
			r.line(good, "settings", "%s", filepath.Join(n.home, config.FileName))
			if err := n.open(command); err != nil {
				r.line(missing, "key", "%v", err)
			} else {
				r.line(good, "key", "worker %s", n.worker.Address())
			}
			diagnose(command.Context(), r, n, operator, test.relay)
			if r.failed > 0 {
				err = fmt.Errorf("%d checks failed; the lines above say what to do", r.failed)
			}
			// The cost of a self-test is shown in any case.
			say := r.out
			if output == outputJSON {
				say = command.ErrOrStderr()
			}
			tested, failed := tryPaid(command, say, n, test)
			if output == outputJSON {
				failed = errors.Join(failed, printChecks(command.OutOrStdout(), r, tested))
			}
			return errors.Join(err, failed, n.close())
		},
	}
	command.Flags().StringVar(&operator, "operator", "", "address of the operator, to check its balance before the node is registered")
	command.Flags().StringVar(&test.relay, "relay", "", "base URL of a relay to try")
	command.Flags().StringVar(&output, "output", outputText, "text or json")
	test.addFlags(command.Flags())
	return command
}

func diagnose(parent context.Context, r *report, n *node, operator, relay string) {
	machine := detectAll(parent)
	for _, line := range describe(machine) {
		fmt.Fprintln(r.out, "         "+line)
	}
	checkCards(parent, r)
	checkWorkers(parent, r, n)
	checkContainers(parent, r, n)
	checkRates(r, n)
	checkRules(parent, r, n)
	checkEgress(r, n, relay)
	ctx, cancel := context.WithTimeout(parent, time.Minute)
	defer cancel()
	checkDisk(r, n.home)
	checkPlaces(ctx, r, n)
	if relay != "" {
		checkRelay(ctx, r, relay)
	}
	if n.reader == nil {
		return // without a key there is no node to look up
	}
	chainID, err := n.chainID(ctx)
	if err != nil {
		r.line(missing, "chain", "%v", err)
		return
	}
	r.line(good, "chain", "%s at %s", chainID, n.conn.Using())
	checkNodes(ctx, r, n)
	checkProof(ctx, r, n, chainID)
	checkClock(ctx, r, n.reader)
	params, err := n.reader.EdgenodeParams(ctx)
	if err != nil {
		r.line(missing, "classes", "%v", err)
		return
	}
	checkVersion(r, params)
	checkClasses(ctx, r, n, hardwareOf(machine), params)
	found, err := n.reader.Node(ctx, n.worker.Address().String())
	switch {
	case errors.Is(err, chain.ErrNotFound):
		r.line(missing, "node", "worker %s serves no node; run %s", n.worker.Address(), bid.Register)
		checkFunds(ctx, r, n, operator, params)
	case err != nil:
		r.line(missing, "node", "%v", err)
	default:
		checkOwner(r, n, found)
		checkNode(r, found, params)
		checkDeclaration(r, n, found)
		checkStanding(ctx, r, n.reader, found.State)
		checkGrant(ctx, r, n.reader, found, n.config.Payout.Collect != "")
	}
}

// checkVersion compares this program with the oldest version that the chain asks for.
func checkVersion(r *report, params edgenodetypes.Params) {
	switch said := release.Outdated(buildVersion(), params.MinVersion); {
	case params.MinVersion == "":
	case said != "":
		r.line(missing, "version", "%s", said)
	default:
		r.line(good, "version", "%s; the chain asks for %s or newer", buildVersion(), params.MinVersion)
	}
}

// checkDisk checks that there is room for work.
func checkDisk(r *report, home string) {
	free, err := device.FreeBytes(home)
	switch {
	case err != nil:
		r.line(unsure, "disk", "%v", err)
	case free <= bid.DiskReserve:
		r.line(missing, "disk", "%s free at %s; the node claims nothing below %s, make room or choose another --home", gib(free), home, gib(bid.DiskReserve))
	default:
		r.line(good, "disk", "%s free at %s", gib(free), home)
	}
}

func checkRelay(ctx context.Context, r *report, relay string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(relay, "/")+"/healthz", nil)
	if err != nil {
		r.line(missing, "relay", "expected a base URL such as https://relay.example, found %q", relay)
		return
	}
	web := http.Client{Timeout: 10 * time.Second}
	res, err := web.Do(req)
	if err != nil {
		r.line(missing, "relay", "%v; check the address and this machine's network", err)
		return
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		r.line(missing, "relay", "%s: expected status 200, found %s; check the address of the relay", relay, res.Status)
		return
	}
	r.line(good, "relay", "%s answers", relay)
}

// checkProof shows what is trusted about the node and whether its answers can be proven.
func checkProof(ctx context.Context, r *report, n *node, chainID string) {
	prover, err := n.prover(chainID)
	switch {
	case err != nil:
		r.line(missing, "proof", "%v", err)
		return
	case prover == nil:
		r.line(unsure, "proof", "chain.verify = none: everything that the node of chain.grpc says is trusted, and a lying node could make this machine reveal results too early; set chain.verify = \"proof\"")
		return
	}
	began := time.Now()
	if _, err := prover.Follow(ctx); err != nil {
		r.line(missing, "proof", "nothing that the node shows can be proven, so work would continue and no commitment, tag, digest or output would leave this machine: %v", err)
		return
	}
	v, advice := good, ""
	if n.config.Chain.Verify == string(chain.VerifyProof) && n.config.Chain.TrustHeight == 0 {
		v, advice = unsure, "; compare that header with a source that you trust, and set chain.trust-height and chain.trust-hash to it"
	}
	r.line(v, "proof", "%s (%s)%s", prover.Grounds(), time.Since(began).Round(time.Millisecond), advice)
}

func checkClock(ctx context.Context, r *report, reader *chain.Reader) {
	tip, err := reader.Tip(ctx)
	if err != nil {
		r.line(missing, "height", "%v", err)
		return
	}
	if tip.UnixSeconds == 0 {
		r.line(unsure, "clock", "height %d; the node does not report its time", tip.Height)
		return
	}
	off := time.Since(time.Unix(tip.UnixSeconds, 0)).Truncate(time.Second)
	if off.Abs() > clockTolerance {
		r.line(unsure, "clock", "block %d is %s away from this machine's clock; set the clock, or check whether the node is behind", tip.Height, off)
		return
	}
	r.line(good, "clock", "block %d is %s old", tip.Height, off)
}

func checkClasses(ctx context.Context, r *report, n *node, have edgenodetypes.Hardware, params edgenodetypes.Params) {
	for _, class := range params.Classes {
		if lacks := shortfalls(have, class.Minimum); len(lacks) > 0 {
			fmt.Fprintf(r.out, "%-8s %-12s has %s\n", "-", class.Id, strings.Join(lacks, ", "))
			continue
		}
		live := "live nodes unknown"
		if found, err := n.reader.Class(ctx, class.Id); err == nil {
			live = fmt.Sprintf("%d live nodes", found.Snapshot.Nodes)
		}
		r.line(good, class.Id, "this machine qualifies; %s", live)
	}
	best, err := bestClass(have, params.Classes)
	if err != nil {
		r.line(missing, "classes", "%v", err)
		return
	}
	if class, err := params.Class(best); err == nil {
		if text := classLimit(class, uint64(n.config.Policy.MaxDevice)); text != "" {
			r.line(unsure, "max-device", "%s", text)
		}
	}
}

func checkFunds(ctx context.Context, r *report, n *node, operator string, params edgenodetypes.Params) {
	if operator == "" {
		r.line(unsure, "balance", "pass --operator ADDRESS to check that it holds the bond of at least %s and fees", amount(params, params.MinBond))
		return
	}
	balance, err := n.reader.Balance(ctx, operator, params.BondDenom)
	switch {
	case err != nil:
		r.line(missing, "balance", "%v", err)
	case balance.Amount.LTE(params.MinBond):
		r.line(missing, "balance", "%s holds %s; a bond of at least %s and fees are needed", operator, money.FormatAmount(balance), amount(params, params.MinBond))
	default:
		r.line(good, "balance", "%s holds %s", operator, money.FormatAmount(balance))
	}
}

// shownAmounts formats coins for people.
func shownAmounts(coins sdk.Coins) string {
	parts := make([]string, len(coins))
	for i, coin := range coins {
		parts[i] = money.FormatAmount(coin)
	}
	return strings.Join(parts, " + ")
}

// amount formats an amount of the bond's denom for people.
func amount(params edgenodetypes.Params, value math.Int) string {
	return money.FormatAmount(sdk.Coin{Denom: params.BondDenom, Amount: value})
}

// checkOwner warns when another operator has registered the worker key.
func checkOwner(r *report, n *node, found edgenodetypes.Node) {
	operator, err := sdk.AccAddressFromBech32(found.Profile.Operator)
	if err == nil {
		err = n.checkOperator(operator)
	}
	if err != nil {
		r.line(missing, "operator", "of the node that this worker key serves: %v", err)
	}
}

func checkNode(r *report, found edgenodetypes.Node, params edgenodetypes.Params) {
	state := found.State
	status := strings.ToLower(strings.TrimPrefix(state.Status.String(), "NODE_STATUS_"))
	v := good
	if state.Status != edgenodetypes.NODE_STATUS_ACTIVE {
		v = missing
	}
	r.line(v, "node", "%q of %s is %s, class %s, %s", found.Profile.Moniker, found.Profile.Operator,
		status, found.Profile.Class, slotsUsed(state.UsedSlots, state.Slots))
	free := state.Bond.Sub(state.Locked)
	v = good
	if !free.IsPositive() {
		v = unsure
	}
	r.line(v, "bond", "%s, free %s", amount(params, state.Bond), amount(params, free))
	if len(state.Weights) == 0 || !state.Weights[len(state.Weights)-1].Weight.IsPositive() {
		r.line(unsure, "weight", "none; a new node can be drawn from the next epoch on")
	}
	if f := state.Faults; f.Missed+f.Wrong+f.Silent > 0 {
		r.line(unsure, "faults", "%d missed, %d wrong, %d not revealed", f.Missed, f.Wrong, f.Silent)
	}
}

// checkStanding checks whether the node can take work, and says what to do if not.
func checkStanding(ctx context.Context, r *report, reader *chain.Reader, state edgenodetypes.NodeState) {
	tip, err := reader.Tip(ctx)
	if err != nil {
		r.line(missing, "standing", "%v", err)
		return
	}
	v := good
	if !state.Live(tip.Height) {
		v = missing
	}
	r.line(v, "standing", "%s", chain.Standing(state, tip.Height))
}

// checkGrant checks what the worker may spend on fees. collects reports whether it is to have earnings paid.
func checkGrant(ctx context.Context, r *report, reader *chain.Reader, found edgenodetypes.Node, collects bool) {
	const renew = bid.RenewGrant
	grant, err := reader.Grant(ctx, found.Profile.Operator, found.Profile.Worker)
	switch {
	case errors.Is(err, chain.ErrNotFound):
		r.line(missing, "fees", "the worker does not have a fee grant of its operator; %s", renew)
	case err != nil:
		r.line(missing, "fees", "%v", err)
	case len(grant.Missing) > 0:
		r.line(missing, "fees", "the fee grant does not pay for %s; %s", strings.Join(grant.Missing, ", "), renew)
	case grant.Expiry != nil && time.Until(*grant.Expiry) < grantWarning:
		r.line(unsure, "fees", "the fee grant ends at %s; %s", grant.Expiry.Format(time.RFC3339), renew)
	case grant.Left != nil && grant.Left.IsZero():
		r.line(missing, "fees", "the fee grant is used up; %s", renew)
	case grant.CannotCollect && collects:
		r.line(unsure, "fees", "the fee grant does not pay for collecting earnings (payout.collect), because an earlier version made it; %s", renew)
	default:
		limit, until := "without limit", "without end"
		if grant.Left != nil {
			limit = shownAmounts(grant.Left) + " left"
		}
		if grant.Expiry != nil {
			until = "until " + grant.Expiry.Format(time.RFC3339)
		}
		r.line(good, "fees", "fee grant: %s, %s", limit, until)
	}
}
