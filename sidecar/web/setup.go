package web

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rsc.io/qr"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/config"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	// checkPatience bounds all checks together.
	checkPatience = 30 * time.Second
	// checkAge is how long the results of checks are shown before they are made again.
	checkAge = 20 * time.Second
	// missingAge is the same if something is missing, which the owner is about to change.
	missingAge = 2 * time.Second
)

// setupPage is the page about what the machine can do and how it joins.
type setupPage struct {
	Status  *sidecarv1.StatusResponse
	Machine []Fact
	// Operator is the address of the operator, or what was typed, and Wrong reports that it is not an
	// address.
	Operator string
	Wrong    bool
	// Registered reports whether the node is open. Unanswered reports that this is not known, because the chain
	// does not answer.
	Registered, Unanswered bool
	Funds                  Funds
	// FundsError explains why Funds is missing; Known reports that it is there.
	FundsError string
	Known      bool
	// Region is the region that Register names; empty if the owner has to put it.
	Region string
	// KeyCommand, Register and SelfTest are commands to paste.
	KeyCommand, Register, SelfTest string
	// Hosts are the servers that jobs may name, as in the settings. AnyHost reports that they may name
	// every server.
	Hosts   []string
	AnyHost bool
	// Limits are the settings that bound what a job may take.
	Limits []Fact
	// Offer contains rules that the owner may take; nil if there are rules.
	Offer *offer
	// Checks contains results that are there already.
	Checks []Check
	Ran    bool
}

// setup shows the hardware, the checks and the way to join.
func (s *Server) setup(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), queryPatience)
	defer cancel()
	status, err := s.cfg.Node.Status(ctx)
	if err != nil {
		s.fault(w, r, http.StatusServiceUnavailable, err)
		return
	}
	page := setupPage{
		Status: status, Machine: s.cfg.Node.Machine(), Operator: status.Operator, Registered: status.Operator != "",
		KeyCommand: "thetaedge keys add operator",
	}
	running := s.cfg.Node.Running()
	_, texts := s.language(r)
	page.Offer = s.offer(texts)
	page.Hosts, page.Limits = running.Egress.Hosts, limitsOf(running, texts)
	if list, err := running.Egress.List(); err == nil {
		page.AnyHost = list.Everything()
	}
	if page.Operator == "" {
		page.Operator = s.cfg.Node.Running().Chain.Operator
	}
	if typed := strings.TrimSpace(r.URL.Query().Get("operator")); typed != "" && !page.Registered {
		page.Operator = typed
	}
	st := standingOf(status)
	s.explain(r, &st)
	page.Unanswered = st.Key == "waiting"
	s.fund(ctx, &page)
	page.Region = regionOf(running)
	page.Register = s.registerCommand("--region " + cmp.Or(page.Region, config.RegionPlaceholder))
	page.SelfTest = "thetaedge doctor --self-test " + asOperator + " --relay " + relayIn(page.Hosts) + " --home " + client.ShellQuote(s.cfg.Home)
	if r.URL.Query().Get("checks") == "run" {
		page.Checks, page.Ran = s.checks.run(r.Context(), s.cfg.Node), true
	}
	s.show(w, r, http.StatusOK, "setup", page)
}

// fund looks up what the operator of the page has and needs. While the chain does not answer the daemon, it is not
// asked: each view of the page would wait for it.
func (s *Server) fund(ctx context.Context, page *setupPage) {
	if page.Operator == "" {
		return
	}
	if _, err := sdk.AccAddressFromBech32(page.Operator); err != nil {
		page.Wrong = true
		return
	}
	if page.Unanswered {
		return
	}
	funds, err := s.cfg.Node.Funds(ctx, page.Operator)
	if err != nil {
		page.FundsError = err.Error()
		return
	}
	page.Funds, page.Known = funds, true
}

// asOperator are the flags that name the key which the set-up page has the owner make.
const asOperator = "--from operator"

// regionOf returns the region that the settings name: the country whose electricity the node uses. It is empty if they
// name none.
func regionOf(c config.Config) string {
	factor, err := c.Dashboard.CarbonFactor()
	if err != nil || edgenodetypes.CheckRegion(factor.Region) != nil {
		return ""
	}
	return factor.Region
}

// registerCommand returns the command that registers the node or declares its settings again, with further flags.
func (s *Server) registerCommand(flags ...string) string {
	return strings.Join(slices.Concat([]string{"thetaedge register", asOperator}, flags, []string{"--home", client.ShellQuote(s.cfg.Home)}), " ")
}

// limitsOf returns the settings that bound what a job may take, as labels and values.
func limitsOf(c config.Config, w words) []Fact {
	rewards := strings.Join(c.Policy.MinRewards, ", ")
	if rewards == "" {
		rewards = w.text("setup.any_reward")
	}
	return []Fact{
		{w.text("label.policy.max-jobs"), strconv.Itoa(c.Policy.MaxJobs)},
		{w.text("label.policy.max-memory"), c.Policy.MaxMemory.String()},
		{w.text("label.policy.min-rewards"), rewards},
	}
}

// relayIn returns the address of the first relay that the owner has added to the hosts that ship, and
// an example if there is none.
func relayIn(hosts []string) string {
	for _, host := range hosts {
		if strings.Contains(host, "*") || slices.Contains(config.Default().Egress.Hosts, host) {
			continue
		}
		scheme := "https://"
		if addr, err := netip.ParseAddrPort(host); err == nil && (addr.Addr().IsLoopback() || addr.Addr().IsPrivate()) {
			scheme = "http://" // such an address has no certificate
		}
		return scheme + host
	}
	return "https://relay.example"
}

// partChecks answers with the results of the checks.
func (s *Server) partChecks(w http.ResponseWriter, r *http.Request) {
	s.part(w, r, "setup", "checks", s.checks.run(r.Context(), s.cfg.Node))
}

// checks makes the checks of a node, one at a time, and keeps the results for a moment.
type checks struct {
	now func() time.Time

	mu   sync.Mutex
	at   time.Time
	last []Check
}

func (c *checks) run(ctx context.Context, node Node) []Check {
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh := checkAge
	if slices.ContainsFunc(c.last, func(check Check) bool { return check.Verdict == "missing" }) {
		fresh = missingAge
	}
	if age := c.now().Sub(c.at); c.last != nil && age >= 0 && age < fresh {
		return c.last
	}
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	found := node.Checks(ctx)
	if ctx.Err() == nil {
		c.last, c.at = found, c.now()
	}
	return found
}

// code answers with an address as a picture that telephones read.
func (s *Server) code(w http.ResponseWriter, r *http.Request) {
	address, err := sdk.AccAddressFromBech32(r.URL.Query().Get("address"))
	if err != nil {
		http.Error(w, "expected an address such as theta1...", http.StatusBadRequest)
		return
	}
	code, err := qr.Encode(address.String(), qr.M)
	if err != nil {
		http.Error(w, "the address does not fit", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	// The browser may be gone. In this case the error cannot be reported to it.
	_, _ = w.Write(code.PNG())
}
