package chain

import (
	"context"
	"errors"
	"fmt"
	"math"

	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"

	"github.com/thetaedge/theta/client/grpcnode"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
)

// market contains what bounds a transaction: the parameters of x/feemarket, and how they
// divide a block.
type market struct {
	params feemarkettypes.Params
	budget feemarkettypes.Budget
}

// market reads what bounds a transaction. If a node does not report the gas of a block, the
// budget is unlimited.
func (r *Reader) market(ctx context.Context) (market, error) {
	res, err := feemarkettypes.NewQueryClient(r.conn).Params(ctx, &feemarkettypes.QueryParamsRequest{})
	if err != nil {
		return market{}, grpcnode.Explain(ctx, "feemarket parameters", err)
	}
	m := market{params: res.Params}
	block, err := consensustypes.NewQueryClient(r.conn).Params(ctx, &consensustypes.QueryParamsRequest{})
	if err != nil {
		if err = grpcnode.Explain(ctx, "consensus parameters", err); errors.Is(err, ErrUnreachable) || ctx.Err() != nil {
			return market{}, err
		}
		return m, nil
	}
	if block.Params != nil {
		m.budget = res.Params.Budget(block.Params.Block)
	}
	return m, nil
}

// most returns the largest amount of gas that a transaction may ask for. learned is the amount
// that a refusal has reported; it is used if the node does not report the gas of a block.
func (m market) most(learned uint64) uint64 {
	switch {
	case m.budget.Limited:
		return m.budget.Tx
	case learned > 0:
		return learned
	}
	return math.MaxUint64
}

// lane returns the largest amounts of gas that a transaction of the lane may ask for: room is
// what the lane has for this kind of items, and items is what its items may use.
func (m market) lane(o order) (room, items uint64) {
	room = math.MaxUint64
	if m.budget.Limited {
		room = m.budget.Lane
		if o.claims {
			room = m.budget.Claims
		}
	}
	return room, m.params.LaneTx(o.due)
}

// limit is the gas limit that is chosen for a transaction.
type limit struct {
	gas uint64
	// lane reports whether the transaction uses the lane. tried reports whether the lane was
	// considered.
	lane, tried bool
	// bound reports whether the transaction would ask for more gas without its limit.
	bound bool
}

// limitOf returns the gas limit of a transaction whose simulation used the amount used. It
// fails with an *oversizeError if that is more than a transaction may ask for.
func (s *Sender) limitOf(o order, used uint64, adjustment float64) (limit, error) {
	want := uint64(math.Ceil(float64(used)*adjustment)) + o.spare
	l := limit{gas: want}
	most := s.price.market.most(s.learned)
	// An order that the lane has not taken before pays the ordinary price, and more each time.
	if o.due > 0 && o.missed == 0 && (o.apart || s.price.amount.GT(s.price.floor)) {
		l.tried = true
		room, items := s.price.market.lane(o)
		room = min(room, most)
		// If the lane does not have room for a single item, dividing the order does not help.
		if want > room && o.items > 1 && used/uint64(o.items) <= room {
			return l, &oversizeError{used: want, limit: room}
		}
		if l.lane = used <= min(room, items); l.lane {
			most = min(room, items)
		}
	}
	if want > most && !l.lane && o.items > 1 || used > most || o.exhausted {
		return l, &oversizeError{used: used, limit: most}
	}
	l.gas, l.bound = min(want, most), want > most
	return l, nil
}

// oversizeError is the error for a transaction that asks for more gas than a transaction may.
type oversizeError struct {
	// used is the gas that the transaction uses. It is 0 if the node does not report it.
	used uint64
	// limit is the largest amount of gas. It is 0 if it is not known.
	limit uint64
	log   string
}

func (e *oversizeError) Error() string {
	if e.limit == 0 {
		return fmt.Sprintf("%v: it is larger than a transaction may be, and nothing can be left out of it (%s); it is not sent until the chain or the node of chain.grpc takes larger ones: name another node, or ask governance", ErrRejected, e.log)
	}
	return fmt.Sprintf("%v: it uses %d gas, and a transaction asks for at most %d (tx_bps of x/feemarket, of the gas of a block); nothing can be left out of it, and it is not sent until governance raises that", ErrRejected, e.used, e.limit)
}

// Unwrap returns ErrRejected.
func (e *oversizeError) Unwrap() error { return ErrRejected }

// oversized is an item that does not fit into any transaction.
type oversized struct {
	log string
	// limit is the largest amount of gas of a transaction according to the parameters. refused
	// reports that the item was refused instead, whatever the parameters say.
	limit   uint64
	refused bool
	// batches is the number of batches that have left the item out.
	batches int
}

// oversizedPause is the number of batches after which such an item is tried again.
const oversizedPause = 100

// noteOversized remembers an item that does not fit into any transaction.
func (s *Sender) noteOversized(duty Duty, size *oversizeError, log string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.oversized == nil {
		s.oversized = map[Duty]oversized{}
	}
	s.oversized[duty] = oversized{log: log, limit: size.limit, refused: size.log != ""}
}

// knownOversized returns the items among the pieces that are known not to fit into any
// transaction, with the reasons. It forgets the other items, those that have been left out
// oversizedPause times, and those for which the node has named another limit than now.
func (s *Sender) knownOversized(ctx context.Context, pieces []piece) map[Duty]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, kept := map[Duty]string{}, map[Duty]oversized{}
	if len(s.oversized) == 0 {
		return found
	}
	s.price = gasPrice{}
	if err := s.load(ctx); err != nil {
		return found // nothing can be sent
	}
	limit := s.price.market.most(s.learned)
	for _, p := range pieces {
		known, is := s.oversized[p.Duty]
		switch {
		case !is:
		case known.batches >= oversizedPause:
			s.learned = 0 // the refusal may have named a false limit
		case known.refused || known.limit == limit:
			known.batches++
			kept[p.Duty], found[p.Duty] = known, known.log
		}
	}
	s.oversized = kept
	return found
}
