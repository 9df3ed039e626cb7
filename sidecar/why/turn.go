package why

import (
	"fmt"
	"strings"
	"time"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/bid"
)

func findEarning(f *Facts) (Finding, bool) {
	machine, _ := f.Machine.Get()
	if machine.Paid == nil || f.Now.IsZero() || f.Now.Sub(machine.Paid.At) > countSpan {
		return none()
	}
	paid := machine.Paid
	finding := says(Earning, "", "The node earns: it was last paid %s ago, %s for %s.", shown(f.Now.Sub(paid.At)), paid.Amount, paid.Name)
	return f.turn(finding), true
}

func findFewTasks(f *Facts) (Finding, bool) {
	node := f.bonded()
	market, known := f.Market.Get()
	if _, quiet := f.quiet(); node == nil || !known || quiet {
		return none()
	}
	pace, measured := f.Pace.Get()
	share, shared := f.share()
	if !measured || !shared || pace.Over <= 0 {
		return f.turn(says(FewTasks, "wait", "The node is ready and waits until it is drawn, as one of %d nodes of class %s.", market.LiveNodes, node.Profile.Class)), true
	}
	hourly := float64(pace.Settled) / pace.Over.Hours()
	finding := says(FewTasks, "wait; a larger bond gives more weight, up to the bond that funds every slot",
		"The node waits for its turn: %d nodes of class %s share about %.1f tasks an hour.", market.LiveNodes, node.Profile.Class, hourly)
	wait, some := Expect(pace, f.replicas(), share)
	if some {
		finding.Sentence = strings.TrimSuffix(finding.Sentence, ".") + fmt.Sprintf(", and your share of the weight, %.1f%%, is one task in about %s.", 100*share, shown(wait))
	}
	return f.turn(finding), true
}

// turn adds what is known about the node's chances.
func (f *Facts) turn(finding Finding) Finding {
	machine, running := f.Machine.Get()
	if finding.Cause != Earning && running {
		if machine.Paid == nil {
			finding = finding.with("no payment is in the journal, which keeps work.retention")
		} else if !f.Now.IsZero() {
			finding = finding.with("last paid %s ago: %s for %s", shown(f.Now.Sub(machine.Paid.At)), machine.Paid.Amount, machine.Paid.Name)
		}
	}
	if n := f.claimed(); n > 0 {
		finding = finding.with("claimed %s in the last hour", many(n, "draw", false))
	}
	if n := f.left(bid.CauseOutranked).Draws; n > 0 {
		finding = finding.with("%s went to nodes with lower ranks in the last hour, which the lot decides", many(n, "draw", false))
	}
	if market, known := f.Market.Get(); known {
		finding = finding.with("%d tasks are open in class %s, and %d of %d slots are free", market.Market.OpenTasks, market.Market.Class, market.FreeSlots, market.FundedSlots)
	}
	if pace, known := f.Pace.Get(); known {
		finding = finding.with("%d tasks or chunks were settled in the last %s", pace.Settled, shown(pace.Over))
	}
	if share, known := f.share(); known {
		finding = finding.with("the node has %.2f%% of the weight of its class", 100*share)
	}
	return finding
}

// share returns the node's share of the weight of its class in this epoch.
func (f *Facts) share() (float64, bool) {
	node := f.bonded()
	class, known := f.Class.Get()
	if node == nil || !known {
		return 0, false
	}
	own, all := whole(node.State.CheckpointAt(class.Epoch).Weight), whole(class.Snapshot.Weight)
	if !all.IsPositive() || !own.IsPositive() || own.GT(all) {
		return 0, false
	}
	return ratio(own, all), true
}

// ratio returns x/y to about four digits, for positive numbers with x at most y.
func ratio(x, y math.Int) float64 {
	const scale = 1_000_000
	scaled := x.BigInt()
	scaled.Mul(scaled, math.NewInt(scale).BigInt()).Quo(scaled, y.BigInt())
	return float64(scaled.Int64()) / scale
}

// replicas returns how many nodes a task of the class is likely to need: the average of the open
// draws, and 1 if there are none.
func (f *Facts) replicas() float64 {
	open, _ := f.Open.Get()
	total, draws := 0.0, 0.0
	for i := range open.Draws {
		if n := open.Draws[i].Policy.Replicas; n > 0 {
			total, draws = total+float64(n), draws+1
		}
	}
	if draws == 0 {
		return 1
	}
	return total / draws
}

// Expect returns how long a node waits for a task on average, if the class settles tasks at a
// pace, each is done by a number of replicas, and the node has a share of the weight. It returns
// false if no task would come within ten years.
func Expect(pace Pace, replicas, share float64) (time.Duration, bool) {
	const most = 10 * 365 * 24 * time.Hour
	hours := pace.Over.Hours()
	perHour := float64(pace.Settled) / hours * max(replicas, 1) * share
	if !(hours > 0) || !(perHour > 0) || 1/perHour > most.Hours() {
		return 0, false
	}
	return time.Duration(float64(time.Hour) / perHour), true
}

// findNotKnown says which facts are missing.
func findNotKnown(f *Facts) (Finding, bool) {
	missing := f.missing()
	if len(missing) == 0 {
		return none()
	}
	names := make([]string, len(missing))
	finding := Finding{Cause: NotKnown, Cure: "run thetaedge why again; if it stays so, run thetaedge doctor"}
	for i, m := range missing {
		names[i] = m.what
		if m.why != "" {
			finding = finding.with("%s: %s", m.what, m.why)
		}
	}
	finding.Sentence = fmt.Sprintf("Not everything could be found out: %s.", strings.Join(names, ", "))
	return finding, true
}

// gap is a fact that is missing, and why.
type gap struct{ what, why string }

// missing returns the facts that are missing and that a diagnosis needs.
func (f *Facts) missing() []gap {
	var list []gap
	needs := func(what string, known bool, why string) {
		if !known {
			list = append(list, gap{what, why})
		}
	}
	_, daemon := f.Daemon.Get()
	needs("whether the daemon runs", daemon, f.Daemon.Failed())
	_, machine := f.Machine.Get()
	needs("what the daemon does", machine, f.Machine.Failed())
	_, disk := f.FreeDisk.Get()
	needs("the free disk space", disk, f.FreeDisk.Failed())
	_, today := f.FeesToday.Get()
	needs("the fees of today", today, f.FeesToday.Failed())
	_, paused := f.Paused.Get()
	needs("whether the owner has paused", paused, f.Paused.Failed())
	_, chainID := f.ChainID.Get()
	needs("the id of the chain", chainID, f.ChainID.Failed())
	if !chainID {
		// Nothing else about the chain can be known, and the first fact says why.
		return append(list, gap{what: "everything on the chain"})
	}
	_, tip := f.Tip.Get()
	needs("the newest block", tip, f.Tip.Failed())
	node, registered := f.Node.Get()
	needs("the node", registered, f.Node.Failed())
	if registered && node == nil {
		return list
	}
	_, params := f.Params.Get()
	needs("the parameters of nodes", params, f.Params.Failed())
	_, grant := f.Grant.Get()
	needs("the fee grant", grant, f.Grant.Failed())
	_, fee := f.TaskFee.Get()
	needs("the fees of a task", fee, f.TaskFee.Failed())
	_, gas := f.GasPrice.Get()
	needs("the price of gas", gas, f.GasPrice.Failed())
	_, class := f.Class.Get()
	needs("the weight of the class", class, f.Class.Failed())
	_, market := f.Market.Get()
	needs("the market of the class", market, f.Market.Failed())
	_, pace := f.Pace.Get()
	needs("how many tasks the class settles", pace, f.Pace.Failed())
	_, open := f.Open.Get()
	needs("the open draws", open, f.Open.Failed())
	_, rules := f.Rules.Get()
	needs("the rules of the open draws", rules, f.Rules.Failed())
	return list
}
