package overview

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/thetaedge/theta/client/grpcnode"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/chain"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

const (
	// Every is the pause between two snapshots. An explanation costs the chain some twenty queries.
	Every = 30 * time.Second
	// patience bounds the time of one snapshot.
	patience = 25 * time.Second
	// paramsFresh is the time for which parameters of the chain are not asked again.
	paramsFresh = 10 * time.Minute
	// mostFindings is the number of findings in a snapshot.
	mostFindings = maxItems
)

// Chain answers what the chain knows. *chain.Reader implements it.
type Chain interface {
	Tip(ctx context.Context) (grpcnode.Tip, error)
	BlockTime(ctx context.Context, height int64) (time.Time, error)
	Node(ctx context.Context, worker string) (edgenodetypes.Node, error)
	Grant(ctx context.Context, operator, worker string) (chain.Grant, error)
	EdgenodeParams(ctx context.Context) (edgenodetypes.Params, error)
	RewardsParams(ctx context.Context) (rewardstypes.Params, error)
}

// Sources are where facts about a node come from. Readings may be nil.
type Sources struct {
	Status func(ctx context.Context) (*sidecarv1.StatusResponse, error)
	Why    func(ctx context.Context) (*sidecarv1.WhyResponse, error)
	Chain  Chain
	// Days returns what was earned on each day.
	Days func() ([]Day, error)
	// Readings returns what the sensors of the machine report.
	Readings func() []Reading
	// Worker is the address of the worker key.
	Worker string
	Now    func() time.Time
}

// Collector makes snapshots. Last may be called from any goroutine; the other methods belong to one.
type Collector struct {
	from Sources
	last atomic.Pointer[Snapshot]

	// params and split are parameters of the chain, and asked the time at which they were read.
	params *edgenodetypes.Params
	split  uint32
	asked  time.Time
	// onChain is the last answer of the chain about the node.
	onChain *OnChain
	named   edgenodetypes.NodeProfile
}

// NewCollector returns a collector without a snapshot.
func NewCollector(from Sources) *Collector {
	if from.Now == nil {
		from.Now = time.Now
	}
	return &Collector{from: from}
}

// Last returns the last snapshot; nil before the first one. It must not be changed.
func (c *Collector) Last() *Snapshot { return c.last.Load() }

// Run makes a snapshot again and again until ctx ends, and passes each to the functions told.
func (c *Collector) Run(ctx context.Context, every time.Duration, told ...func(*Snapshot)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if s := c.Collect(ctx); ctx.Err() == nil {
			for _, tell := range told {
				tell(s)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Collect makes a snapshot. Facts that cannot be found out are missing in it.
func (c *Collector) Collect(parent context.Context) *Snapshot {
	ctx, cancel := context.WithTimeout(parent, patience)
	defer cancel()
	now := c.from.Now()
	s := &Snapshot{Format: Format, At: now.UTC(), Worker: c.from.Worker, Why: []Finding{}, Held: []Hold{}, Cards: []Card{}, Readings: []Reading{}}
	if status, err := c.from.Status(ctx); err == nil {
		s.tell(status)
	}
	if answer, err := c.from.Why(ctx); err == nil {
		for _, f := range answer.Findings[:min(len(answer.Findings), mostFindings)] {
			s.Why = append(s.Why, Finding{Cause: f.Cause, Sentence: f.Sentence, Cure: f.Cure})
		}
	}
	c.ask(ctx, now)
	s.Chain, s.Moniker, s.Class = c.onChain.copied(), c.named.Moniker, c.named.Class
	if days, err := c.from.Days(); err == nil {
		s.Today, s.Week, s.Total = sumsOf(days, dateOf(now, 0), c.split), sumsOf(days, dateOf(now, 6), c.split), sumsOf(days, "", c.split)
	}
	if c.from.Readings != nil {
		s.Readings = append(s.Readings, c.from.Readings()...)
	}
	s.Clean()
	c.last.Store(s)
	return s
}

// tell takes over what the daemon says of itself.
func (s *Snapshot) tell(status *sidecarv1.StatusResponse) {
	s.Version, s.ChainID, s.Operator = status.Version, status.ChainId, status.Operator
	s.Mode, s.Status, s.Height, s.Update = status.Mode, status.NodeStatus, status.Height, status.Update
	if status.HeightAt != nil {
		s.HeightAt = status.HeightAt.AsTime()
	}
	s.Slots, s.UsedSlots, s.Running = status.Slots, status.UsedSlots, status.Running
	for _, p := range status.Pauses {
		hold := Hold{Rule: p.Rule, Sentence: p.Sentence, Action: p.Action}
		if p.Since != nil {
			hold.Since = p.Since.AsTime()
		}
		s.Held = append(s.Held, hold)
	}
	for _, card := range status.Cards {
		s.Cards = append(s.Cards, Card{
			ID: card.Id, Model: card.Model, Healthy: card.Healthy, Ailment: card.Ailment, Cure: card.Cure,
			MilliCelsius: card.TemperatureMillicelsius, Milliwatts: card.PowerMilliwatts, BusyPercent: card.BusyPercent, MemoryUsedBytes: card.MemoryUsedBytes,
		})
	}
}

// ask asks the chain about the node. An answer that does not come leaves the last one, with its time.
func (c *Collector) ask(ctx context.Context, now time.Time) {
	if c.params == nil || now.Sub(c.asked) > paramsFresh || now.Before(c.asked) {
		params, err := c.from.Chain.EdgenodeParams(ctx)
		rewards, err2 := c.from.Chain.RewardsParams(ctx)
		if errors.Join(err, err2) == nil {
			split := rewards.FeeSplit
			c.params, c.asked = &params, now
			c.split = wholeBps - min(wholeBps, split.BurnBps+split.StakersBps+split.CommunityBps)
		}
	}
	node, err := c.from.Chain.Node(ctx, c.from.Worker)
	if errors.Is(err, chain.ErrNotFound) {
		c.onChain, c.named = nil, edgenodetypes.NodeProfile{}
		return
	}
	if err != nil {
		return
	}
	out := &OnChain{
		At: now.UTC(), Status: statusOf(node.State.Status), LeaseEnd: node.State.LeaseEnd,
		Missed: node.State.Faults.Missed, Wrong: node.State.Faults.Wrong, Silent: node.State.Faults.Silent,
	}
	if !node.State.Bond.IsNil() {
		out.Bond = node.State.Bond.String()
	}
	if !node.State.Locked.IsNil() {
		out.Locked = node.State.Locked.String()
	}
	if node.State.Status == edgenodetypes.NODE_STATUS_JAILED {
		out.JailUntil = node.State.Jail.Until
	}
	c.lease(ctx, out)
	grant, err := c.from.Chain.Grant(ctx, node.Profile.Operator, c.from.Worker)
	switch {
	case errors.Is(err, chain.ErrNotFound):
		out.Grant = &Grant{None: true}
	case err == nil:
		out.Grant = grantOf(grant, c.denom())
	}
	c.onChain, c.named = out, node.Profile
}

// pace is the number of blocks over which the time between blocks is taken.
const pace = 50

// lease finds out for how long the lease of a node still runs.
func (c *Collector) lease(ctx context.Context, out *OnChain) {
	tip, err := c.from.Chain.Tip(ctx)
	if err != nil || tip.Height <= pace || tip.Height > grpcnode.MaxHeight {
		return
	}
	newest, err := c.from.Chain.BlockTime(ctx, tip.Height)
	older, err2 := c.from.Chain.BlockTime(ctx, tip.Height-pace)
	span := newest.Sub(older)
	if errors.Join(err, err2) != nil || span <= 0 || span > 24*time.Hour {
		return
	}
	seconds := func(blocks int64) int64 {
		return within(int64(float64(blocks)*span.Seconds()/pace), maxSeconds)
	}
	out.LeaseSeconds = seconds(out.LeaseEnd - tip.Height)
	if c.params != nil {
		out.LeaseFullSeconds = seconds(int64(min(c.params.LeaseBlocks, maxHeight))) //nolint:gosec // bounded
	}
}

func (c *Collector) denom() string {
	if c.params == nil {
		return ""
	}
	return c.params.BondDenom
}
