package proven

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/light/provider"
	"github.com/cometbft/cometbft/types"
)

const (
	// clockDrift is how far a header's time can be ahead of this machine's clock.
	clockDrift = 10 * time.Second
	// maxPivots bounds the headers that are read between a trusted header and a later one
	// whose validators have changed too much.
	maxPivots = 200
	// believedHeaders is how many headers a Follower keeps in addition to the newest.
	believedHeaders = 64
)

// Trusted is the state of a Follower, from which it can continue later.
type Trusted struct {
	// Root is the header with which it began.
	Root Root
	// FirstUse reports that no root was named: the root was the newest header that the
	// nodes showed.
	FirstUse bool
	// Block is the newest trusted header.
	Block *types.LightBlock
}

// Expired reports whether the state is too old to follow headers from it.
func (t *Trusted) Expired(period time.Duration, now time.Time) bool {
	return light.HeaderExpired(t.Block.SignedHeader, orDefault(period), now)
}

// Follower trusts headers that follow from the last trusted one, while a daemon runs and
// across its restarts. It verifies like CometBFT's light client. Unlike that client, it
// never changes its nodes, because its owner has chosen them, and needs the root's height
// from a node only once.
type Follower struct {
	primary   provider.Provider
	witnesses []provider.Provider
	period    time.Duration
	now       func() time.Time
	// keep is called with the new state whenever it is newer.
	keep func(*Trusted) error

	mu       sync.Mutex
	trusted  *Trusted
	believed map[int64]*types.Header
}

// FollowerConfig is the configuration of a follower.
type FollowerConfig struct {
	// Primary shows headers. At least one of Witnesses must show the same header, and none
	// of them another header that is signed as well.
	Primary   provider.Provider
	Witnesses []provider.Provider
	// Root is a header that a person trusts. Without a height, it is the newest header that
	// all nodes show alike.
	Root Root
	// From is the state from which a follower continues; nil begins at the root.
	From *Trusted
	// Keep is called with the new state whenever it is newer.
	Keep func(*Trusted) error
	// Now is the clock that decides whether headers are too old or too new.
	Now func() time.Time
}

// Follow returns a follower. If a person has named another root since the state in From was
// saved, that state is discarded. It returns ErrHeader if the nodes do not have the root.
func Follow(ctx context.Context, cfg FollowerConfig) (*Follower, error) {
	f := &Follower{
		primary: cfg.Primary, witnesses: patients(cfg.Witnesses), period: orDefault(cfg.Root.Period), now: cfg.Now, keep: cfg.Keep,
		believed: make(map[int64]*types.Header),
	}
	switch from := cfg.From; {
	case from != nil && cfg.Root.Height == 0 && from.FirstUse && from.Expired(f.period, f.now()):
		// No root has been named, so the nodes are asked as if for the first time.
	case from != nil && (cfg.Root.Height == 0 || from.Root.Height == cfg.Root.Height && bytes.Equal(from.Root.Hash, cfg.Root.Hash)):
		if err := from.Block.ValidateBasic(f.primary.ChainID()); err != nil {
			return nil, refused(from.Block.Height, err)
		}
		f.trusted = from
		f.remember(from.Block.Header)
		return f, nil
	}
	trusted, err := f.begin(ctx, cfg.Root)
	if err != nil {
		return nil, err
	}
	return f, f.believe(trusted)
}

// begin reads the root from the nodes.
func (f *Follower) begin(ctx context.Context, root Root) (*Trusted, error) {
	block, err := f.primary.LightBlock(ctx, root.Height)
	for _, witness := range f.witnesses {
		// Nodes forget old blocks. A node that shows the root is not trusted because of
		// that.
		if err == nil || root.Height == 0 {
			break
		}
		block, err = witness.LightBlock(ctx, root.Height)
	}
	if err != nil {
		return nil, fmt.Errorf("trust root at height %d: %w; no node that is asked has it: name a newer root, or a node that keeps old blocks", root.Height, err)
	}
	firstUse := root.Height == 0
	if firstUse {
		root.Height, root.Hash = block.Height, block.Hash()
	}
	if err := block.ValidateBasic(f.primary.ChainID()); err != nil {
		return nil, refused(root.Height, err)
	}
	if block.Height != root.Height || !bytes.Equal(block.Hash(), root.Hash) {
		return nil, refused(root.Height, fmt.Errorf("expected the trust root %X, found %X at height %d; compare height and hash with a source that you trust", root.Hash, block.Hash(), block.Height))
	}
	if err := block.ValidatorSet.VerifyCommitLight(f.primary.ChainID(), block.Commit.BlockID, block.Height, block.Commit); err != nil {
		return nil, refused(root.Height, err)
	}
	if ahead := block.Time.Sub(f.now()); ahead > clockDrift {
		return nil, refused(root.Height, fmt.Errorf("its time is %s ahead of this machine's clock; set the clock, or ask another node", ahead.Round(time.Second)))
	}
	trusted := &Trusted{Root: root, FirstUse: firstUse, Block: block}
	if trusted.Expired(f.period, f.now()) {
		return nil, f.expired(trusted)
	}
	if !firstUse {
		return trusted, nil
	}
	return trusted, f.crossCheck(ctx, nil, block)
}

func (f *Follower) expired(t *Trusted) error {
	return refused(t.Block.Height, fmt.Errorf("the last trusted header is of %s, by this machine's clock, which shows %s, more than the trusting period of %s ago, and cannot be followed any longer: if that clock is wrong, set it, and nothing else is needed; if it is right, name a newer trust root, from a source other than these nodes",
		t.Block.Time.UTC().Format(time.RFC3339), f.now().UTC().Format(time.RFC3339), f.period))
}

// Header follows the chain to a height; 0 means the newest. It returns an error for heights
// below the first trusted one or far behind the newest.
func (f *Follower) Header(ctx context.Context, height int64) (*types.Header, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known := f.believed[height]; known != nil {
		return known, nil
	}
	if height != 0 && height < f.trusted.Block.Height {
		return nil, refused(height, fmt.Errorf("expected a header after height %d, which is trusted already", f.trusted.Block.Height))
	}
	block, err := f.primary.LightBlock(ctx, height)
	if err != nil {
		return nil, fmt.Errorf("header at height %d: %w", height, err)
	}
	if height != 0 && block.Height != height {
		return nil, refused(height, fmt.Errorf("found a header of height %d", block.Height))
	}
	return f.follow(ctx, block)
}

// follow verifies a block from the last trusted header.
func (f *Follower) follow(ctx context.Context, block *types.LightBlock) (*types.Header, error) {
	from := f.trusted.Block
	if known := f.believed[block.Height]; known != nil || block.Height <= from.Height {
		// The node shows an old header again: it has nothing newer, or claims so. The
		// header is trusted as before.
		if known == nil || !bytes.Equal(known.Hash(), block.Hash()) {
			return nil, refused(block.Height, fmt.Errorf("expected a header after height %d or one that was shown before, found another", from.Height))
		}
		return known, nil
	}
	if f.trusted.Expired(f.period, f.now()) {
		return nil, f.expired(f.trusted)
	}
	if err := f.verify(ctx, f.primary, from, block); err != nil {
		return nil, err
	}
	if err := f.crossCheck(ctx, from, block); err != nil {
		return nil, err
	}
	return block.Header, f.believe(&Trusted{Root: f.trusted.Root, FirstUse: f.trusted.FirstUse, Block: block})
}

// verify checks that enough of the trusted validators have signed a block. If the
// validators have changed too much, it verifies headers between the two first.
func (f *Follower) verify(ctx context.Context, node provider.Provider, from, block *types.LightBlock) error {
	ahead := []*types.LightBlock{block}
	for range maxPivots {
		next := ahead[len(ahead)-1]
		if err := next.ValidateBasic(node.ChainID()); err != nil {
			return refused(next.Height, err)
		}
		err := light.Verify(from.SignedHeader, from.ValidatorSet, next.SignedHeader, next.ValidatorSet, f.period, f.now(), clockDrift, light.DefaultTrustLevel)
		var changed light.ErrNewValSetCantBeTrusted
		switch {
		case err == nil:
			from, ahead = next, ahead[:len(ahead)-1]
			if len(ahead) == 0 {
				return nil
			}
		case errors.As(err, &changed) && next.Height > from.Height+1:
			pivot, err := node.LightBlock(ctx, from.Height+(next.Height-from.Height)/2)
			if err != nil {
				return fmt.Errorf("header between %d and %d: %w", from.Height, next.Height, err)
			}
			if pivot.Height <= from.Height || pivot.Height >= next.Height {
				return refused(pivot.Height, fmt.Errorf("expected a header between %d and %d", from.Height, next.Height))
			}
			ahead = append(ahead, pivot)
		default:
			return refused(next.Height, err)
		}
	}
	return refused(block.Height, fmt.Errorf("more than %d steps are between it and height %d, the last trusted one; name a newer trust root", maxPivots, f.trusted.Block.Height))
}

// crossCheck asks the witnesses for a block that the primary has shown. A witness that
// cannot answer, or that shows an unsigned header, does not count. A witness that shows
// another signed header has seen a fork.
func (f *Follower) crossCheck(ctx context.Context, from, block *types.LightBlock) error {
	if len(f.witnesses) == 0 {
		return nil
	}
	agree := 0
	var why error
	for i, witness := range f.witnesses {
		other, err := witness.LightBlock(ctx, block.Height)
		if err == nil && other.Height != block.Height {
			err = fmt.Errorf("expected its header at height %d, found one of height %d", block.Height, other.Height)
		}
		switch {
		case err != nil:
			why = fmt.Errorf("witness %d: %w", i+1, err)
		case bytes.Equal(other.Hash(), block.Hash()):
			agree++
		case from == nil:
			return refused(block.Height, fmt.Errorf("the node shows %X and witness %d shows %X, so one of them lies; name a trust root from a source that you trust", block.Hash(), i+1, other.Hash()))
		default:
			if err = f.verify(ctx, witness, from, other); err == nil {
				return refused(block.Height, fmt.Errorf("the node shows %X and witness %d shows %X, and both are signed by trusted validators: the chain has forked", block.Hash(), i+1, other.Hash()))
			}
			why = fmt.Errorf("witness %d: %w", i+1, err)
		}
	}
	if agree == 0 {
		return fmt.Errorf("header at height %d: %w: none of %d witnesses also shows it: %w", block.Height, ErrWitness, len(f.witnesses), why)
	}
	return nil
}

// believe stores a block as the newest trusted one.
func (f *Follower) believe(t *Trusted) error {
	f.trusted = t
	f.remember(t.Block.Header)
	if f.keep == nil {
		return nil
	}
	return f.keep(t)
}

func (f *Follower) remember(header *types.Header) {
	f.believed[header.Height] = header
	delete(f.believed, header.Height-believedHeaders)
	if len(f.believed) > 2*believedHeaders {
		clear(f.believed)
		f.believed[header.Height] = header
	}
}

// Grounds names the root and the witnesses.
func (f *Follower) Grounds() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	root := f.trusted.Root
	witnesses := "no witness is asked"
	if n := len(f.witnesses); n > 0 {
		witnesses = fmt.Sprintf("witnesses asked: %d", n)
	}
	if f.trusted.FirstUse {
		return fmt.Sprintf("followed by its validators' signatures from header %X at height %d, which no person has named and the node showed first; %s", root.Hash, root.Height, witnesses)
	}
	return fmt.Sprintf("followed by its validators' signatures from the trusted header %X at height %d; %s", root.Hash, root.Height, witnesses)
}

func orDefault(period time.Duration) time.Duration {
	if period == 0 {
		return DefaultTrustPeriod
	}
	return period
}

var _ Headers = (*Follower)(nil)
