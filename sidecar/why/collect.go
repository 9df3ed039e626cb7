package why

import (
	"context"
	"errors"
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

const (
	// collectLimit bounds the time of all queries together, and askLimit that of one. A node that
	// does not answer must not keep the owner waiting.
	collectLimit = 9 * time.Second
	askLimit     = 3 * time.Second
	// advanceWait is how long the collector waits for a next block if the newest one is old, and
	// advancePause the pause between two looks.
	advanceWait  = 4 * time.Second
	advancePause = 250 * time.Millisecond
)

// Chain is the part of the chain that a collector reads. *chain.Reader implements it.
type Chain interface {
	ChainID(ctx context.Context) (string, error)
	Syncing(ctx context.Context) (bool, error)
	Tip(ctx context.Context) (chain.Tip, error)
	BlockTime(ctx context.Context, height int64) (time.Time, error)
	Node(ctx context.Context, worker string) (edgenodetypes.Node, error)
	NodeOf(ctx context.Context, operator string) (edgenodetypes.Node, error)
	EdgenodeParams(ctx context.Context) (edgenodetypes.Params, error)
	RewardsParams(ctx context.Context) (rewardstypes.Params, error)
	BaseFee(ctx context.Context) (feemarkettypes.QueryBaseFeeResponse, error)
	Grant(ctx context.Context, operator, worker string) (chain.Grant, error)
	Class(ctx context.Context, class string) (edgenodetypes.QueryClassResponse, error)
	Market(ctx context.Context, class string, height int64) (computetypes.QueryMarketResponse, error)
	OpenDraws(ctx context.Context, class string) (draws []computetypes.OpenDraw, more bool, err error)
	Explain(ctx context.Context, ref computetypes.ChunkRef, operator string) (computetypes.QueryExplainResponse, error)
}

// Sources are where a collector finds the facts.
type Sources struct {
	Settings Settings
	Chain    Chain
	// Endpoints returns the states of the nodes that can be asked; nil if that cannot be found out.
	Endpoints func(ctx context.Context) []Endpoint
	// Daemon says whether the daemon runs.
	Daemon func() (Daemon, error)
	// Machine returns what the running daemon knows. It is nil if that cannot be asked.
	Machine func(ctx context.Context) (Machine, error)
	// FeesToday returns what fees.max-day leaves; nil if that cannot be asked.
	FeesToday func() (left math.Int, limited bool, err error)
	// Paused reports whether the owner has paused this machine.
	Paused func() bool
	// FreeDisk returns the free bytes on the disk of the home.
	FreeDisk func() (uint64, error)
	// Now is this machine's clock.
	Now func() time.Time
}

// Collector collects the facts about a node. It only reads.
type Collector struct{ from Sources }

// NewCollector returns a collector.
func NewCollector(from Sources) *Collector { return &Collector{from: from} }

// Collect returns what can be found out within some seconds. All other facts are unknown.
func (c *Collector) Collect(ctx context.Context) Facts {
	ctx, cancel := context.WithTimeout(ctx, collectLimit)
	defer cancel()
	f := Facts{Settings: c.from.Settings, Now: c.from.Now(), Paused: Known(c.from.Paused())}
	if c.from.Endpoints != nil {
		f.Endpoints = c.from.Endpoints(ctx)
		for _, e := range f.Endpoints {
			if e.Used {
				f.Settings.Endpoint = e.Address
			}
		}
	}
	f.Daemon = of(c.from.Daemon())
	f.FreeDisk = of(c.from.FreeDisk())
	if c.from.Machine != nil {
		f.Machine = of(c.from.Machine(ctx))
	}
	if c.from.FeesToday != nil {
		left, limited, err := c.from.FeesToday()
		f.FeesToday = of(Budget{Limited: limited, Left: left}, err)
	}
	if f.ChainID = ask(ctx, c.from.Chain.ChainID); f.ChainID.known && c.rightChain(&f) {
		c.readChain(ctx, &f)
	}
	return f
}

// rightChain reports whether the endpoint belongs to the configured chain. Facts about another
// chain would mislead.
func (c *Collector) rightChain(f *Facts) bool {
	return f.Settings.ChainID == "" || f.ChainID.value == f.Settings.ChainID
}

// ask asks for one thing within a time.
func ask[T any](ctx context.Context, query func(context.Context) (T, error)) Fact[T] {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	return of(query(ctx))
}

// readChain reads what the chain says about the node.
func (c *Collector) readChain(ctx context.Context, f *Facts) {
	f.Syncing = ask(ctx, c.from.Chain.Syncing)
	f.Tip = ask(ctx, func(ctx context.Context) (Tip, error) {
		tip, err := c.from.Chain.Tip(ctx)
		found := Tip{Height: tip.Height}
		if tip.UnixSeconds != 0 {
			found.Time = time.Unix(tip.UnixSeconds, 0)
		}
		return found, err
	})
	f.Now = c.from.Now()
	c.seeAdvance(ctx, f)
	f.Node = ask(ctx, func(ctx context.Context) (*edgenodetypes.Node, error) {
		node, err := c.from.Chain.Node(ctx, f.Settings.Worker)
		return found(node, err)
	})
	f.Params = ask(ctx, c.from.Chain.EdgenodeParams)
	node, known := f.Node.Get()
	switch {
	case !known:
		return
	case node == nil:
		c.readOther(ctx, f)
		return
	}
	c.readFees(ctx, f, node)
	c.readMarket(ctx, f, node)
}

// found returns nil for a node that does not exist.
func found(node edgenodetypes.Node, err error) (*edgenodetypes.Node, error) {
	if errors.Is(err, chain.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &node, nil
}

// readOther reads the node of the configured operator.
func (c *Collector) readOther(ctx context.Context, f *Facts) {
	if f.Settings.Operator == "" {
		f.Other = Known[*edgenodetypes.Node](nil)
		return
	}
	f.Other = ask(ctx, func(ctx context.Context) (*edgenodetypes.Node, error) {
		node, err := c.from.Chain.NodeOf(ctx, f.Settings.Operator)
		return found(node, err)
	})
}

// seeAdvance finds out whether blocks come if the newest block does not have the time of this
// machine's clock.
func (c *Collector) seeAdvance(ctx context.Context, f *Facts) {
	tip, known := f.Tip.Get()
	if !known {
		return
	}
	machine, running := f.Machine.Get()
	tip.Advances = running && !machine.HeightAt.IsZero() && f.Now.Sub(machine.HeightAt) < oldBlock
	if age, _, timed := f.age(); !tip.Advances && timed && age > oldBlock {
		tip.Advances = c.advances(ctx, tip.Height)
	}
	f.Tip = Known(tip)
}

// advances reports whether a block comes after a height within some seconds.
func (c *Collector) advances(ctx context.Context, height int64) bool {
	ctx, cancel := context.WithTimeout(ctx, advanceWait)
	defer cancel()
	ticker := time.NewTicker(advancePause)
	defer ticker.Stop()
	for {
		if tip, err := c.from.Chain.Tip(ctx); err == nil && tip.Height > height {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
}

// readFees reads who pays for the node's transactions, and what they cost.
func (c *Collector) readFees(ctx context.Context, f *Facts, node *edgenodetypes.Node) {
	f.Grant = ask(ctx, func(ctx context.Context) (Grant, error) {
		grant, err := c.from.Chain.Grant(ctx, node.Profile.Operator, node.Profile.Worker)
		if errors.Is(err, chain.ErrNotFound) {
			return Grant{None: true}, nil
		}
		return Grant{Grant: grant}, err
	})
	f.TaskFee = ask(ctx, func(ctx context.Context) (sdk.Coin, error) {
		params, err := c.from.Chain.RewardsParams(ctx)
		if err != nil {
			return sdk.Coin{}, err
		}
		return sdk.Coin{Denom: params.FeeDenom, Amount: whole(params.MinGasPrice).MulRaw(bid.FinishGas)}, nil
	})
	f.GasPrice = ask(ctx, func(ctx context.Context) (sdk.Coin, error) {
		price, err := c.from.Chain.BaseFee(ctx)
		return price.BaseFee, err
	})
}
