package why

import (
	"fmt"
	"strings"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/money"
	"github.com/thetaedge/theta/sidecar/bid"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// countSpan is the time for which counts of draws matter, and after which a payment is no longer
// recent.
const countSpan = time.Hour

// quiet returns the market if it is known that the class has no open tasks and none was settled
// recently.
func (f *Facts) quiet() (computetypes.QueryMarketResponse, bool) {
	market, known := f.Market.Get()
	pace, measured := f.Pace.Get()
	open, listed := f.Open.Get()
	return market, known && market.Market.OpenTasks == 0 && (!measured || pace.Settled == 0) && (!listed || len(open.Draws) == 0)
}

func findNoTasks(f *Facts) (Finding, bool) {
	market, holds := f.quiet()
	if !holds {
		return none()
	}
	finding := says(NoTasks, "wait for requesters; the classes for which this machine qualifies are in thetaedge doctor",
		"No task is open in class %s now, for any of its %d live nodes.", market.Market.Class, market.LiveNodes)
	if pace, known := f.Pace.Get(); known {
		finding = finding.with("none was settled in the last %s either", shown(pace.Over))
	}
	return finding.with("%d of %d slots of the class are free", market.FreeSlots, market.FundedSlots), true
}

func findPriceTooHigh(f *Facts) (Finding, bool) {
	least := f.Settings.MinRewards
	if len(least) == 0 {
		return none()
	}
	cure := "lower policy.min-rewards in config.toml, reload the daemon, and declare it with " + bid.Register
	if open, known := f.Open.Get(); known && len(open.Draws) > 0 {
		best, below := sdk.Coin{}, 0
		for i := range open.Draws {
			reward := open.Draws[i].Reward
			if accepts(least, reward) {
				continue
			}
			below++
			if best.Denom == "" || reward.Denom == best.Denom && whole(reward.Amount).GT(whole(best.Amount)) {
				best = reward
			}
		}
		if below < len(open.Draws) {
			return none()
		}
		return f.prices(says(PriceTooHigh, cure, "All %s pay less than policy.min-rewards: at most %s, and yours is %s.",
			many(below, "open draw", open.More), money.FormatAmount(best), amounts(least))), true
	}
	market, known := f.Market.Get()
	if !known || len(market.Market.Prices) == 0 {
		return none()
	}
	for _, price := range market.Market.Prices {
		last := sdk.Coin{Denom: price.Denom, Amount: whole(price.Last)}
		recent := sdk.Coin{Denom: price.Denom, Amount: whole(price.Recent)}
		if accepts(least, last) || accepts(least, recent) {
			return none()
		}
	}
	return f.prices(says(PriceTooHigh, cure, "Class %s pays less than policy.min-rewards, which is %s.", market.Market.Class, amounts(least))), true
}

// prices adds the recent prices of the class.
func (f *Facts) prices(finding Finding) Finding {
	market, _ := f.Market.Get()
	for _, price := range market.Market.Prices {
		finding = finding.with("the class paid %s for the last task, and recently %s on average",
			money.FormatAmount(sdk.Coin{Denom: price.Denom, Amount: whole(price.Last)}),
			money.FormatAmount(sdk.Coin{Denom: price.Denom, Amount: whole(price.Recent)}))
	}
	return finding
}

// accepts reports whether a reward is one of the denoms that the owner accepts, and at least as
// much.
func accepts(least sdk.Coins, reward sdk.Coin) bool {
	for _, coin := range least {
		if coin.Denom == reward.Denom {
			return whole(reward.Amount).GTE(whole(coin.Amount))
		}
	}
	return false
}

func amounts(coins sdk.Coins) string {
	parts := make([]string, len(coins))
	for i, coin := range coins {
		parts[i] = money.FormatAmount(coin)
	}
	return strings.Join(parts, " + ")
}

// many says how many things there are; more says that there are further ones.
func many(n int, what string, more bool) string {
	text := fmt.Sprintf("%d %s", n, what)
	if n != 1 {
		text += "s"
	}
	if more {
		text += " that were looked at"
	}
	return text
}

// ownerCauses are the causes for which the settings of the owner leave a draw.
func ownerCauses() []bid.Cause {
	return []bid.Cause{bid.CausePolicy, bid.CauseTime, bid.CauseExecutor, bid.CauseCrash, bid.CauseBond, bid.CauseFees, bid.CauseLine}
}

func findPolicyRefuses(f *Facts) (Finding, bool) {
	if f.claimed() > 0 {
		return none()
	}
	refused, finding := 0, Finding{Cause: PolicyRefuses}
	for _, c := range f.counts() {
		for _, cause := range ownerCauses() {
			if c.Cause == cause {
				refused += c.Draws
				finding = finding.with("%s: a task %s", many(c.Draws, "draw", false), c.Reason)
			}
		}
	}
	if refused == 0 {
		return none()
	}
	finding.Sentence = fmt.Sprintf("This machine's settings refuse all %s that it could have claimed in the last hour.", many(refused, "draw", false))
	finding.Cure = "raise the limits in [policy] of config.toml that the lines below name, reload or restart the daemon, and declare them with " + bid.Register
	return finding, true
}

func findChainRefuses(f *Facts) (Finding, bool) {
	rules, known := f.Rules.Get()
	if !known || rules.Refused == 0 || rules.Refused < rules.Asked || f.claimed() > 0 {
		return none()
	}
	finding := says(ChainRefuses, "read the rules below: a bond can be raised with thetaedge operator bond, and "+bid.Register+" declares what this machine runs",
		"The chain refuses this node for all %s that were looked at.", many(rules.Asked, "open draw", false))
	for _, rule := range rules.Failed {
		finding = finding.with("%s: %s (%s)", rule.Name, rule.Detail, many(rule.Draws, "draw", false))
	}
	return finding, true
}
