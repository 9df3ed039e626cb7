package app

import (
	"cmp"
	"context"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/pool"
)

// prepareProposal fills a block out of the pool: the lane first, then what pays most for
// its gas. Every tx in it has been checked since the last block, and what comes out is
// what processProposal accepts.
func (app *App) prepareProposal(ctx sdk.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	budget, err := app.FeemarketKeeper.Budget(ctx)
	if err != nil {
		return nil, err
	}
	base, _, err := app.FeemarketKeeper.Prices(ctx)
	if err != nil {
		return nil, err
	}
	b := &builder{
		room: newRoom(budget), terms: txTerms{price: base}, most: req.MaxTxBytes,
		sequences: sequences{ctx: ctx, accounts: app.AccountKeeper, next: map[string]uint64{}},
	}
	lane, ordinary := app.pool.Entries()
	candidates, err := app.candidates(ctx, lane)
	if err != nil {
		return nil, err
	}
	left := b.fillLane(candidates)
	// What the lane has no room for may pay as others do.
	for _, c := range left {
		ordinary = append(ordinary, c.entry)
	}
	for _, entry := range byBid(ordinary) {
		b.addOrdinary(entry)
	}
	return &abci.ResponsePrepareProposal{Txs: b.txs}, nil
}

// candidate is a tx that may go through the lane, as it is now.
type candidate struct {
	entry *pool.Entry
	laneTx
	// tries is how often the lane of a block has held what it brings.
	tries int
}

// candidates are in the order in which they go: rounds, duties, claims; what no block has
// held before what one has, so that a duty that is let fail again and again holds up no
// other; and earliest deadlines first.
func (app *App) candidates(ctx sdk.Context, entries []*pool.Entry) ([]candidate, error) {
	found := make([]candidate, 0, len(entries))
	for _, entry := range entries {
		tx, err := app.inspect(ctx, entry.Tx)
		if err != nil {
			return nil, err
		}
		c := candidate{entry: entry, laneTx: tx}
		for _, key := range c.keys {
			c.tries = max(c.tries, app.tried.count(key))
		}
		found = append(found, c)
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.tries, b.tries), cmp.Compare(a.deadline, b.deadline))
	})
	return found, nil
}

// byBid sorts by price, dearest first, and by arrival.
func byBid(entries []*pool.Entry) []*pool.Entry {
	slices.SortStableFunc(entries, func(a, b *pool.Entry) int {
		return cmp.Or(cmp.Compare(b.Bid(), a.Bid()), cmp.Compare(a.Arrival(), b.Arrival()))
	})
	return entries
}

// builder is a block that is being filled.
type builder struct {
	room      *room
	terms     txTerms
	sequences sequences
	// most and size are bytes.
	most, size int64
	txs        [][]byte
}

// fillLane takes what the lane has room for, and returns the rest. It looks again as long
// as something was taken: what comes first may be the second tx of its sender.
func (b *builder) fillLane(waiting []candidate) []candidate {
	for {
		left := waiting[:0:0]
		for _, c := range waiting {
			if !b.addToLane(c) {
				left = append(left, c)
			}
		}
		if len(left) == len(waiting) {
			return left
		}
		waiting = left
	}
}

func (b *builder) addToLane(c candidate) bool {
	if !b.fits(c.entry) || !b.room.takeLane(c.laneTx) {
		return false
	}
	b.add(c.entry)
	return true
}

func (b *builder) addOrdinary(entry *pool.Entry) {
	feeTx, ok := entry.Tx.(sdk.FeeTx)
	if ok && pays(feeTx, b.terms) && b.fits(entry) && b.room.takeOrdinary(entry.Gas) {
		b.add(entry)
	}
}

// fits tells whether a tx may come next: its bytes, its gas and its signers' sequences.
func (b *builder) fits(entry *pool.Entry) bool {
	budget := b.room.budget
	return b.size+sizeOf(entry.Raw) <= b.most && (!budget.Limited || entry.Gas <= budget.Tx) && b.sequences.match(entry.Signers)
}

func (b *builder) add(entry *pool.Entry) {
	b.size += sizeOf(entry.Raw)
	b.txs = append(b.txs, entry.Raw)
	b.sequences.use(entry.Signers)
}

// sizeOf is what a tx adds to a block, in bytes.
func sizeOf(raw []byte) int64 { return cmttypes.ComputeProtoSizeForTxs([]cmttypes.Tx{raw}) }

// accountSource knows accounts.
type accountSource interface {
	GetAccount(ctx context.Context, address sdk.AccAddress) sdk.AccountI
}

// sequences are those that accounts sign with next, after the txs that are in the block.
type sequences struct {
	ctx      sdk.Context
	accounts accountSource
	next     map[string]uint64
}

func (s sequences) match(signers []pool.Signer) bool {
	for _, signer := range signers {
		expected, known := s.next[signer.Address]
		if !known {
			account := s.accounts.GetAccount(s.ctx, sdk.AccAddress(signer.Address))
			if account == nil {
				return false
			}
			expected = account.GetSequence()
			s.next[signer.Address] = expected
		}
		if signer.Sequence != expected {
			return false
		}
	}
	return true
}

func (s sequences) use(signers []pool.Signer) {
	for _, signer := range signers {
		s.next[signer.Address] = signer.Sequence + 1
	}
}
