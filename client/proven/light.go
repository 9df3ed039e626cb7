package proven

import (
	"context"
	"fmt"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	"github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/light/provider"
	"github.com/cometbft/cometbft/light/store/db"
	"github.com/cometbft/cometbft/types"
)

// DefaultTrustPeriod is how long a header can be followed from: two thirds of the three
// weeks for which validators' stakes are liable for what they signed.
const DefaultTrustPeriod = 14 * 24 * time.Hour

// Root is a header that a person trusts, from a source other than the nodes that are asked.
type Root struct {
	// Height of the header.
	Height int64
	// Hash of the header, 32 bytes.
	Hash []byte
	// Period is how long it can be followed from, by its time; 0 means DefaultTrustPeriod.
	// It must be shorter than the chain's unbonding time.
	Period time.Duration
}

// lightHeaders follows headers from a trust root.
type lightHeaders struct {
	client    *light.Client
	root      Root
	witnesses int
	now       func() time.Time
}

// FromRoot returns headers that CometBFT's light client follows from a trust root: each is
// signed by two thirds of its validators, of whom enough were trusted before. Witnesses are
// asked for the same headers and must agree; without a witness, a third of the validators
// could show this reader a chain of their own. now is the clock that decides whether
// headers are too old or too new.
func FromRoot(
	ctx context.Context, root Root, primary provider.Provider, witnesses []provider.Provider, now func() time.Time,
) (Headers, error) {
	if root.Period == 0 {
		root.Period = DefaultTrustPeriod
	}
	primary = patient{Provider: primary}
	asked := patients(witnesses)
	if len(asked) == 0 {
		// The light client requires one witness.
		asked = []provider.Provider{primary}
	}
	options := light.TrustOptions{Period: root.Period, Height: root.Height, Hash: root.Hash}
	client, err := light.NewClient(ctx, primary.ChainID(), options, primary, asked, db.New(dbm.NewMemDB(), ""))
	if err != nil {
		return nil, fmt.Errorf("%w: trust root at height %d: %w; compare height and hash with a source that you trust", ErrHeader, root.Height, err)
	}
	return &lightHeaders{client: client, root: root, witnesses: len(witnesses), now: now}, nil
}

// Header follows the chain to a height.
func (h *lightHeaders) Header(ctx context.Context, height int64) (*types.Header, error) {
	var block *types.LightBlock
	var err error
	if height == 0 {
		block, err = h.newest(ctx)
	} else {
		block, err = h.client.VerifyLightBlockAtHeight(ctx, height, h.now())
	}
	if err != nil {
		return nil, refused(height, err)
	}
	return block.Header, nil
}

func (h *lightHeaders) newest(ctx context.Context) (*types.LightBlock, error) {
	block, err := h.client.Update(ctx, h.now())
	if block != nil || err != nil {
		return block, err
	}
	return h.client.TrustedLightBlock(0)
}

// Grounds names the root and the witnesses.
func (h *lightHeaders) Grounds() string {
	witnesses := "no witness was asked"
	if h.witnesses > 0 {
		witnesses = fmt.Sprintf("witnesses asked: %d", h.witnesses)
	}
	return fmt.Sprintf("followed by its validators' signatures from the trusted header %X at height %d; %s", h.root.Hash, h.root.Height, witnesses)
}
