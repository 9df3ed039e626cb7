package alert

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/overview"
	"github.com/thetaedge/theta/sidecar/why"
)

const (
	// unwell is the time for which the node has to be unwell before that is told: a full node that
	// restarts, or a router, takes a moment.
	unwell = 2 * time.Minute
	// chainFresh is the age up to which an answer of the chain is judged.
	chainFresh = 5 * time.Minute
	// grantDays is the time before the end of a fee grant at which that is told, and grantCalm the one at
	// which it is over.
	grantDays = 7 * 24 * time.Hour
	grantCalm = 8 * 24 * time.Hour
)

// Limits say when something is low.
type Limits struct {
	// Lease is the time until a lease lapses. A chain with short leases is judged by a quarter of a
	// lease.
	Lease time.Duration
	// Grant is the amount that a fee grant leaves.
	Grant sdk.Coin
}

// verdict says whether a condition holds. A condition without a verdict stays as it was.
type verdict struct {
	// key names the condition over restarts.
	key   string
	kind  Kind
	holds bool
	// wait is the time for which it has to hold before it is told.
	wait              time.Duration
	title, text, cure string
	urgent            bool
}

// judge returns a verdict on each condition that can be judged by a snapshot.
func judge(s *overview.Snapshot, limits Limits) []verdict {
	verdicts := append(judgeNode(s), judgeUpdate(s)...)
	for _, card := range s.Cards {
		verdicts = append(verdicts, verdict{
			key: "card:" + card.ID, kind: Node, holds: !card.Healthy, wait: unwell, urgent: true,
			title: "A graphics card must not be used", text: card.Model + ": " + card.Ailment, cure: card.Cure,
		})
	}
	if c := s.Chain; c != nil && s.At.Sub(c.At) <= chainFresh {
		verdicts = append(verdicts, judgeJail(s, c))
		verdicts = append(verdicts, judgeLease(c, limits.Lease)...)
		verdicts = append(verdicts, judgeGrant(s, c.Grant, limits.Grant)...)
	}
	return verdicts
}

// ills returns the causes that mean that the node is not well, with a title for each. Those that are
// not local are found by asking the chain.
func ills() []struct {
	cause why.Cause
	local bool
	title string
} {
	return []struct {
		cause why.Cause
		local bool
		title string
	}{
		{why.EndpointUnreachable, true, "The node sees no chain"},
		{why.OtherChain, false, "The node sees another chain"},
		{why.EndpointBehind, false, "The node sees no new blocks"},
		{why.ClockOff, false, "The clock is wrong"},
		{why.Unproven, true, "Nothing of the chain can be proven"},
		{why.OtherWorker, false, "Another machine works for the node"},
		{why.GasTooDear, false, "Gas costs more than you allow"},
		{why.DaySpent, true, "The fees of the day are spent"},
		{why.ExecutorUnhealthy, true, "The machine cannot run programs"},
		{why.DiskFull, true, "The disk is full"},
	}
}

// judgeNode judges what thetaedge why says.
func judgeNode(s *overview.Snapshot) []verdict {
	if len(s.Why) == 0 {
		return nil
	}
	found := func(cause why.Cause) int {
		return slices.IndexFunc(s.Why, func(f overview.Finding) bool { return f.Cause == string(cause) })
	}
	blind := found(why.EndpointUnreachable) >= 0 || found(why.DaemonStopped) >= 0
	var verdicts []verdict
	for _, ill := range ills() {
		at := found(ill.cause)
		if at < 0 && blind && !ill.local {
			continue // the chain could not be asked
		}
		v := verdict{key: string(ill.cause), kind: Node, holds: at >= 0, wait: unwell, title: ill.title, urgent: true}
		if at >= 0 {
			v.text, v.cure = s.Why[at].Sentence, s.Why[at].Cure
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// judgeUpdate judges whether the program should be, or was, replaced.
func judgeUpdate(s *overview.Snapshot) []verdict {
	if s.Mode == "" {
		return nil // the daemon did not say anything
	}
	verdicts := []verdict{{key: "update", kind: Update, holds: s.Update != "", title: "About an update of the program", text: s.Update}}
	if len(s.Why) == 0 {
		return verdicts
	}
	at := slices.IndexFunc(s.Why, func(f overview.Finding) bool { return f.Cause == string(why.VersionOld) })
	blind := slices.ContainsFunc(s.Why, func(f overview.Finding) bool { return f.Cause == string(why.EndpointUnreachable) })
	switch {
	case at >= 0:
		verdicts = append(verdicts, verdict{
			key: "version", kind: Update, holds: true, wait: unwell, title: "The program is too old", text: s.Why[at].Sentence, cure: s.Why[at].Cure, urgent: true,
		})
	case !blind:
		verdicts = append(verdicts, verdict{key: "version", kind: Update})
	}
	return verdicts
}

func judgeJail(s *overview.Snapshot, c *overview.OnChain) verdict {
	v := verdict{
		key: "jailed", kind: Jailed, holds: c.JailUntil > 0, title: "The node is jailed", urgent: true,
		text: fmt.Sprintf("The chain has jailed the node for faults until block %d.", c.JailUntil),
		cure: "see thetaedge jobs for the causes, and afterwards run thetaedge operator unjail --from OPERATOR",
	}
	if at := slices.IndexFunc(s.Why, func(f overview.Finding) bool { return f.Cause == string(why.Jailed) }); at >= 0 {
		v.text, v.cure = s.Why[at].Sentence, s.Why[at].Cure
	}
	return v
}

// judgeLease compares a lease with its limit. Between the limit and one and a half times of it, there is no
// verdict, so that a value that moves around the limit is told once. That a lease has ended is told also if the
// owner knows that it was about to.
func judgeLease(c *overview.OnChain, limit time.Duration) []verdict {
	full := time.Duration(c.LeaseFullSeconds) * time.Second
	if full <= 0 || c.Status != "active" && c.Status != "lapsed" {
		return nil
	}
	const cure = "let the machine work: the daemon renews the lease by itself, unless it is paused or cannot pay fees; thetaedge why says more"
	low, left := min(limit, full/4), time.Duration(c.LeaseSeconds)*time.Second
	ended := verdict{
		key: "lapsed", kind: Lease, holds: c.Status == "lapsed" || left <= 0, title: "The lease has ended", urgent: true,
		text: "The chain has seen no sign of life of the node, so that it draws other nodes.", cure: cure,
	}
	if ended.holds || left >= low && left < low*3/2 {
		return []verdict{ended}
	}
	return []verdict{ended, {
		key: "lease", kind: Lease, holds: left < low, title: "The lease ends soon", urgent: true,
		text: fmt.Sprintf("The lease ends in %s. After that the chain draws other nodes.", left.Round(time.Minute)), cure: cure,
	}}
}

// judgeGrant compares a fee grant with its limits.
func judgeGrant(s *overview.Snapshot, g *overview.Grant, limit sdk.Coin) []verdict {
	if g == nil {
		return nil
	}
	v := verdict{key: "grant", kind: Grant, title: "The fee grant is low", urgent: true, cure: bid.RenewGrant}
	left, limited := new(big.Int), g.Left != ""
	if limited {
		left.SetString(g.Left, 10)
	}
	until := g.Expires.Sub(s.At)
	least := limit.Amount.BigInt()
	calm := new(big.Int).Quo(new(big.Int).Mul(least, big.NewInt(12)), big.NewInt(10))
	switch {
	case g.None:
		v.holds, v.title = true, "The fee grant is gone"
		v.text = "The worker key has no fee grant, so that the node can neither claim nor reveal."
	case limited && left.Cmp(least) < 0:
		v.holds = true
		v.text = fmt.Sprintf("The fee grant leaves %s to the worker key.", tfuelText(left.String()))
	case !g.Expires.IsZero() && until < grantDays:
		v.holds, v.title = true, "The fee grant ends soon"
		v.text = fmt.Sprintf("The fee grant ends at %s.", g.Expires.Local().Format("2006-01-02 15:04"))
	case limited && left.Cmp(calm) < 0, !g.Expires.IsZero() && until < grantCalm:
		return nil
	}
	return []verdict{v}
}

// tfuelText formats an amount of base units for people.
func tfuelText(amount string) string {
	coin, err := money.ParseAmount(amount + params.BaseDenom)
	if err != nil {
		return amount
	}
	return money.FormatAmount(coin)
}

// Trouble is something that needs the owner.
type Trouble struct {
	Kind              Kind
	Title, Text, Cure string
}

// Troubles returns what needs the owner of a node now, worst first.
func Troubles(s *overview.Snapshot, limits Limits) []Trouble {
	var list []Trouble
	for _, v := range judge(s, limits) {
		if v.holds && v.key != "update" { // which only informs
			list = append(list, Trouble{Kind: v.kind, Title: v.title, Text: v.text, Cure: v.cure})
		}
	}
	return list
}
