package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/api"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/fleet"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/payout"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/sidecar/web"
	"github.com/thetaedge/theta/sidecar/web/sensors"
	"github.com/thetaedge/theta/sidecar/why"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// allBps is the whole in basis points.
const allBps = 10_000

// board is the daemon as the dashboard sees it. It implements web.Node from the start of the daemon on;
// before the chain answers, it knows no assignments.
type board struct {
	n       *node
	logs    *web.Logs
	logger  *slog.Logger
	started time.Time
	service atomic.Pointer[api.Service]
	machine func() []web.Fact
	// waiting explains why the node earns nothing while the daemon waits for the chain.
	waiting func() *why.Collector
	trial   ruleTrial
	books   books
	// brake holds the node back by the rules that are in force. It is nil before the chain answers.
	brake atomic.Pointer[brake]
	// observer looks at the node for alerts and for other machines. It is nil in tests.
	observer *observer
}

func newBoard(n *node, logs *web.Logs, logger *slog.Logger) *board {
	b := &board{n: n, logs: logs, logger: logger, started: time.Now(), machine: sync.OnceValue(facts)}
	b.waiting = sync.OnceValue(func() *why.Collector { return why.NewCollector(waitingSources(n)) })
	return b
}

// facts describes this machine.
func facts() []web.Fact {
	var list []web.Fact
	for _, line := range describe(detect()) {
		name, text, _ := strings.Cut(line, " ")
		list = append(list, web.Fact{Name: name, Text: strings.TrimSpace(text)})
	}
	return list
}

// serve opens the books, starts the dashboard and returns a function that stops it. A dashboard that cannot be
// served does not stop the node.
func (b *board) serve(ctx context.Context, logger *slog.Logger) (stop func()) {
	b.books = openBooks(b.n.home, logger)
	settings := b.n.config.Dashboard
	if settings.Listen == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	server, err := web.NewServer(web.Config{
		Node: b, Home: b.n.home, Environ: os.Environ(), Language: settings.Language,
		Sensors: sensors.WithCards(sensors.New(string(filepath.Separator), b.n.cards.ledger.Watts), b.n.cards.Cards),
		Logs:    b.logs, Logger: logger, Ledger: b.books.ledger, Forecasts: b.books.hours,
		Alerts: b.observer.alerts, Fleet: fleet.NewPoller(b.n.home, time.Now),
	})
	var listener net.Listener
	if err == nil {
		listener, err = listenDashboard(settings.Listen, logger)
	}
	if err != nil {
		logger.Error("there is no dashboard; the node continues", "error", err)
		return cancel
	}
	b.n.dashboard = listener.Addr().String()
	logger.Info("the dashboard is serving; thetaedge dashboard prints an address for a browser", "address", b.n.dashboard)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(ctx, listener); err != nil {
			logger.Error("the dashboard stopped; the node continues", "error", err)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// listenDashboard opens the address of the dashboard. Several nodes on a machine have the same default: if the
// port is taken, it opens any free one.
func listenDashboard(address string, logger *slog.Logger) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err == nil {
		return listener, nil
	}
	host, _, splitErr := net.SplitHostPort(address)
	if splitErr != nil {
		return nil, fmt.Errorf("dashboard.listen: %w", err)
	}
	free, freeErr := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if freeErr != nil {
		return nil, fmt.Errorf("dashboard.listen: %w", err)
	}
	logger.Warn("the dashboard has another port than dashboard.listen says", "error", err, "address", free.Addr().String())
	return free, nil
}

// Status implements web.Node.
func (b *board) Status(ctx context.Context) (*sidecarv1.StatusResponse, error) {
	if service := b.service.Load(); service != nil {
		return service.Status(ctx, &sidecarv1.StatusRequest{})
	}
	out := &sidecarv1.StatusResponse{
		Version: buildVersion(), StartedAt: timestamppb.New(b.started), Mode: string(agent.Starting), NodeStatus: "unregistered",
	}
	if b.n.worker != nil {
		out.Worker = b.n.worker.Address().String()
	}
	if waiting, err := runningDaemon(b.n.home); err == nil && waiting.Waiting != "" {
		out.LastError, out.LastErrorAt = waiting.Waiting, timestamppb.Now()
	}
	return out, nil
}

// Why implements web.Node.
func (b *board) Why(ctx context.Context) (*sidecarv1.WhyResponse, error) {
	if service := b.service.Load(); service != nil {
		return service.Why(ctx, &sidecarv1.WhyRequest{})
	}
	return api.WhyOf(b.waiting().Collect(ctx)), ctx.Err()
}

// Judge implements web.Node.
func (b *board) Judge(ctx context.Context, rules config.Owner) (owner.Decision, error) {
	if inForce := b.brake.Load(); inForce != nil && reflect.DeepEqual(rules, b.n.settings().Owner) {
		return inForce.decision(), nil
	}
	return b.trial.judge(ctx, b.n, rules)
}

// Jobs implements web.Node.
func (b *board) Jobs(ctx context.Context, req *sidecarv1.JobsRequest) (*sidecarv1.JobsResponse, error) {
	if service := b.service.Load(); service != nil {
		return service.Jobs(ctx, req)
	}
	return &sidecarv1.JobsResponse{}, nil
}

// Unfinished implements web.Node.
func (b *board) Unfinished(context.Context) ([]*sidecarv1.Assignment, error) {
	if service := b.service.Load(); service != nil {
		return service.Unfinished()
	}
	return nil, nil
}

// Job implements web.Node.
func (b *board) Job(_ context.Context, key store.Key) (*sidecarv1.Assignment, store.Assignment, error) {
	if service := b.service.Load(); service != nil {
		return service.Job(key)
	}
	return nil, store.Assignment{}, store.ErrNotFound
}

// Records implements web.Node.
func (b *board) Records() ([]store.Assignment, error) {
	if service := b.service.Load(); service != nil {
		return service.Records()
	}
	return nil, nil
}

// Account implements web.Node.
func (b *board) Account(ctx context.Context) (web.Account, error) {
	params, err := b.n.reader.RewardsParams(ctx)
	if err != nil {
		return web.Account{}, err
	}
	account := web.Account{OperatorBps: operatorBps(params)}
	status, err := b.Status(ctx)
	if err != nil || status.Operator == "" {
		return account, err
	}
	return b.n.account(ctx, account, status.Operator)
}

// account adds what the chain knows about an operator's money.
func (n *node) account(ctx context.Context, account web.Account, operator string) (web.Account, error) {
	coins, err := n.reader.Earnings(ctx, operator)
	if err != nil {
		return account, err
	}
	rule, err := n.reader.Payout(ctx, operator)
	if err != nil {
		return account, err
	}
	staked, err := n.reader.Staked(ctx, rule.Address)
	if err != nil {
		return account, err
	}
	account.Operator, account.PaidTo, account.Validator = operator, rule.Address, rule.Validator
	account.Unclaimed, account.Paid, account.Staked = formatted(coins), formatted(rule.Paid), money.FormatAmount(staked)
	if n.config.Payout.Collect == "" {
		return account, nil
	}
	state, err := payout.Read(n.home)
	account.Waits = state.Waits
	return account, err
}

// formatted formats coins for people.
func formatted(coins sdk.Coins) []string {
	var texts []string
	for _, coin := range coins {
		texts = append(texts, money.FormatAmount(coin))
	}
	return texts
}

// operatorBps returns the share of a gross payment that the operator earns, in basis points.
func operatorBps(params rewardstypes.Params) uint32 {
	split := params.FeeSplit
	return allBps - min(allBps, split.BurnBps+split.StakersBps+split.CommunityBps)
}

// Machine implements web.Node.
func (b *board) Machine() []web.Fact { return b.machine() }

// Funds implements web.Node.
func (b *board) Funds(ctx context.Context, operator string) (web.Funds, error) {
	params, err := b.n.reader.EdgenodeParams(ctx)
	if err != nil {
		return web.Funds{}, err
	}
	balance, err := b.n.reader.Balance(ctx, operator, params.BondDenom)
	if err != nil {
		return web.Funds{}, err
	}
	return web.Funds{
		Balance: money.FormatAmount(balance), LeastBond: amount(params, params.MinBond), Enough: balance.Amount.GT(params.MinBond),
	}, nil
}

// Running implements web.Node.
func (b *board) Running() config.Config { return b.n.settings() }

// Reload implements web.Node.
func (b *board) Reload(ctx context.Context) ([]string, error) { return b.n.tellReload(ctx, b.logger) }

// Pause implements web.Node.
func (b *board) Pause(suspend bool) error { return pause(b.n.home, suspend) }

// Resume implements web.Node.
func (b *board) Resume() error { return resume(b.n.home) }

// Checks implements web.Node. It makes those checks of thetaedge doctor that neither run programs nor
// open what the daemon has open.
func (b *board) Checks(ctx context.Context) []web.Check {
	r := &report{out: io.Discard}
	b.check(ctx, r)
	found := make([]web.Check, len(r.checks))
	for i, c := range r.checks {
		found[i] = web.Check{Verdict: strings.ToLower(string(c.Verdict)), What: c.Check, Text: c.Text}
	}
	return found
}

func (b *board) check(ctx context.Context, r *report) {
	n := b.n
	checkRates(r, n)
	checkDisk(r, n.home)
	chainID, err := n.chainID(ctx)
	if err != nil {
		r.line(missing, "chain", "%v", err)
		return
	}
	r.line(good, "chain", "%s at %s", chainID, n.conn.Using())
	checkNodes(ctx, r, n)
	checkClock(ctx, r, n.reader)
	params, err := n.reader.EdgenodeParams(ctx)
	if err != nil {
		r.line(missing, "classes", "%v", err)
		return
	}
	checkVersion(r, params)
	checkClasses(ctx, r, n, hardwareOf(detect()), params)
	known, err := n.reader.Node(ctx, n.worker.Address().String())
	switch {
	case errors.Is(err, chain.ErrNotFound):
		r.line(missing, "node", "worker %s serves no node; run %s", n.worker.Address(), bid.Register)
	case err != nil:
		r.line(missing, "node", "%v", err)
	default:
		checkOwner(r, n, known)
		checkNode(r, known, params)
		if b.service.Load() != nil { // the device is known
			checkDeclaration(r, n, known)
		}
		checkStanding(ctx, r, n.reader, known.State)
		checkGrant(ctx, r, n.reader, known, n.config.Payout.Collect != "")
	}
}

// resume removes the file of a pause.
func resume(home string) error {
	if err := os.Remove(filepath.Join(home, pauseFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot resume: %w", osfault.Explain(home, err))
	}
	return nil
}
