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

// prepareProposal fills a block from the pool: first the lane, then the transactions that pay
// most for their gas. Every tx in the pool has been checked since the last block, and
// processProposal accepts the result.
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
	// Txs for which the lane does not have room may pay like the others.
	for _, c := range left {
		ordinary = append(ordinary, c.entry)
	}
	for _, entry := range byBid(ordinary) {
		b.addOrdinary(entry)
	}
	return &abci.ResponsePrepareProposal{Txs: b.txs}, nil
}

// candidate is a tx that may go through the lane, as of this block.
type candidate struct {
	entry *pool.Entry
	laneTx
	// tries is the number of times that the lane of a block has held one of the tx's keys.
	tries int
}

// candidates returns the candidates in the order in which they go: by kind (rounds, duties,
// claims), then by tries, then by deadline. Because of tries, a duty that fails again and
// again does not hold up others.
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

// byBid sorts entries by price, highest first, and then by arrival.
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
	// most and size are in bytes.
	most, size int64
	txs        [][]byte
}

// fillLane adds the candidates for which the lane has room, and returns the rest. It repeats
// this as long as it has added one, because the first candidate may be the second tx of its
// sender.
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

// fits reports whether a tx may come next. It checks the tx's bytes, its gas and its signers'
// sequences.
func (b *builder) fits(entry *pool.Entry) bool {
	budget := b.room.budget
	return b.size+sizeOf(entry.Raw) <= b.most && (!budget.Limited || entry.Gas <= budget.Tx) && b.sequences.match(entry.Signers)
}

func (b *builder) add(entry *pool.Entry) {
	b.size += sizeOf(entry.Raw)
	b.txs = append(b.txs, entry.Raw)
	b.sequences.use(entry.Signers)
}

// sizeOf returns the number of bytes that a tx adds to a block.
func sizeOf(raw []byte) int64 { return cmttypes.ComputeProtoSizeForTxs([]cmttypes.Tx{raw}) }

// accountSource returns accounts.
type accountSource interface {
	GetAccount(ctx context.Context, address sdk.AccAddress) sdk.AccountI
}

// sequences contains the next sequences of accounts, after the txs that are in the block.
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
