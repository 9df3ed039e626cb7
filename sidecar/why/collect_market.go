package why

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// maxExplained bounds the number of draws whose rules are asked for.
const maxExplained = 8

// paceSpans are the numbers of blocks over which settled tasks are counted: the first for which
// the node of the chain still keeps the state is used.
func paceSpans() []int64 { return []int64{2400, 400, 60} }

// readMarket reads supply and demand of the node's class.
func (c *Collector) readMarket(ctx context.Context, f *Facts, node *edgenodetypes.Node) {
	class := node.Profile.Class
	f.Class = ask(ctx, func(ctx context.Context) (edgenodetypes.QueryClassResponse, error) {
		return c.from.Chain.Class(ctx, class)
	})
	f.Market = ask(ctx, func(ctx context.Context) (computetypes.QueryMarketResponse, error) {
		return c.from.Chain.Market(ctx, class, 0)
	})
	f.Open = ask(ctx, func(ctx context.Context) (Open, error) {
		draws, more, err := c.from.Chain.OpenDraws(ctx, class)
		return Open{Draws: draws, More: more}, err
	})
	c.readPace(ctx, f, class)
	f.Rules = ask(ctx, func(ctx context.Context) (Rules, error) { return c.rules(ctx, f, node.Profile.Operator) })
}

// readPace compares the market with an earlier one.
func (c *Collector) readPace(ctx context.Context, f *Facts, class string) {
	market, known := f.Market.Get()
	tip, seen := f.Tip.Get()
	if !known || !seen || tip.Time.IsZero() {
		f.Pace = Unknown[Pace](errors.New("the market or the newest block is not known"))
		return
	}
	failed := fmt.Errorf("block %d is the first of the chain", tip.Height)
	for _, span := range paceSpans() {
		height := max(tip.Height-span, 1)
		if height >= tip.Height {
			continue
		}
		before, err := c.marketAt(ctx, class, height)
		if err != nil {
			failed = err
			if ctx.Err() != nil {
				break
			}
			continue
		}
		over := tip.Time.Sub(before.at)
		if over <= 0 {
			failed = fmt.Errorf("block %d is not older than block %d", height, tip.Height)
			continue
		}
		now, then := settled(&market.Market), settled(&before.market)
		f.Pace = Known(Pace{Settled: now - min(then, now), Over: over})
		f.BlockTime = Known(over / time.Duration(tip.Height-height))
		return
	}
	f.Pace = Unknown[Pace](failed)
}

// earlier is the market after an earlier block.
type earlier struct {
	market computetypes.Market
	at     time.Time
}

func (c *Collector) marketAt(ctx context.Context, class string, height int64) (earlier, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	at, err := c.from.Chain.BlockTime(ctx, height)
	if err != nil {
		return earlier{}, err
	}
	market, err := c.from.Chain.Market(ctx, class, height)
	return earlier{market: market.Market, at: at}, err
}

// settled returns the number of tasks that were ever settled in a market.
func settled(market *computetypes.Market) uint64 {
	var sum uint64
	for _, price := range market.Prices {
		sum += min(price.Settled, 1<<62)
	}
	return sum
}

// rules asks the chain, for some of the open draws, which rules the node does not meet.
func (c *Collector) rules(ctx context.Context, f *Facts, operator string) (Rules, error) {
	open, known := f.Open.Get()
	if !known {
		return Rules{}, errors.New("the open draws are not known")
	}
	var out Rules
	failed := map[string]Rule{}
	for i := range open.Draws[:min(len(open.Draws), maxExplained)] {
		answer, err := c.from.Chain.Explain(ctx, open.Draws[i].Ref, operator)
		if errors.Is(err, chain.ErrNotFound) {
			continue // it has ended since
		}
		if err != nil {
			return out, err
		}
		out.Asked++
		refused := false
		for _, check := range answer.Checks {
			if check.Ok || check.Declared || byLot(check.Rule) {
				continue
			}
			refused = true
			rule := failed[check.Rule]
			failed[check.Rule] = Rule{Name: check.Rule, Detail: check.Detail, Draws: rule.Draws + 1}
		}
		if refused {
			out.Refused++
		}
	}
	for _, rule := range failed {
		out.Failed = append(out.Failed, rule)
	}
	slices.SortFunc(out.Failed, func(x, y Rule) int {
		return cmp.Or(cmp.Compare(y.Draws, x.Draws), cmp.Compare(x.Name, y.Name))
	})
	return out, nil
}

// byLot reports whether a rule depends on the lot, on time, or on what the node has done with the
// draw before, and not on what the node is.
func byLot(rule string) bool {
	switch rule {
	case "draw", "seed", "seed kept", "window", "candidate", "new to the task", "ticket", "rank":
		return true
	}
	return false
}
