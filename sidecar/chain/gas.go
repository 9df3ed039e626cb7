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

// market is what bounds a transaction: the parameters of x/feemarket, and how they divide
// a block.
type market struct {
	params feemarkettypes.Params
	budget feemarkettypes.Budget
}

// market reads what bounds a transaction. A node that does not show the gas of a block
// leaves the budget unlimited.
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

// most is the most gas that a transaction may ask for; learned is what a refusal has said,
// where the node does not show it.
func (m market) most(learned uint64) uint64 {
	switch {
	case m.budget.Limited:
		return m.budget.Tx
	case learned > 0:
		return learned
	}
	return math.MaxUint64
}

// lane is the most gas that a transaction of the lane asks for: of the room that there is
// for what it brings, and of what its items may take.
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

// limit is what a transaction asks for.
type limit struct {
	gas uint64
	// lane says that it goes through the lane, tried that it was looked at whether it may.
	lane, tried bool
	// bound says that it would ask for more if it could.
	bound bool
}

// limitOf returns what a transaction asks for whose simulation used gas. It fails with an
// *oversizeError where that is more than one may.
func (s *Sender) limitOf(o order, used uint64, adjustment float64) (limit, error) {
	want := uint64(math.Ceil(float64(used)*adjustment)) + o.spare
	l := limit{gas: want}
	most := s.price.market.most(s.learned)
	if o.due > 0 && (o.apart || s.price.amount.GT(s.price.floor)) {
		l.tried = true
		room, items := s.price.market.lane(o)
		room = min(room, most)
		// Where it has no room for one item, parts find none either.
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

// oversizeError is a transaction that asks for more than one may.
type oversizeError struct {
	// used gas, or 0 where a node does not say.
	used uint64
	// limit of the gas, or 0 where it is not known.
	limit uint64
	log   string
}

func (e *oversizeError) Error() string {
	if e.limit == 0 {
		return fmt.Sprintf("%v: it is larger than a transaction may be, and nothing can be left out of it (%s); it is not sent until the chain or the node of chain.grpc takes larger ones: name another node, or ask governance", ErrRejected, e.log)
	}
	return fmt.Sprintf("%v: it uses %d gas, and a transaction asks for at most %d (tx_bps of x/feemarket, of the gas of a block); nothing can be left out of it, and it is not sent until governance raises that", ErrRejected, e.used, e.limit)
}

// Unwrap makes it an ErrRejected.
func (e *oversizeError) Unwrap() error { return ErrRejected }

// oversized is an item that does not fit into any transaction.
type oversized struct {
	log string
	// batches that have left it out.
	batches int
}

// oversizedPause is after how many batches such an item is tried again.
const oversizedPause = 100

// noteOversized remembers an item that does not fit into any transaction.
func (s *Sender) noteOversized(duty Duty, log string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.oversized == nil {
		s.oversized = map[Duty]oversized{}
	}
	s.oversized[duty] = oversized{log: log}
}

// knownOversized returns the items of pieces that were found not to fit, with the reasons,
// and forgets those that are not among them, or have been left out often enough.
func (s *Sender) knownOversized(pieces []piece) map[Duty]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, kept := map[Duty]string{}, map[Duty]oversized{}
	for _, p := range pieces {
		if known, is := s.oversized[p.Duty]; is && known.batches < oversizedPause {
			known.batches++
			kept[p.Duty], found[p.Duty] = known, known.log
		}
	}
	s.oversized = kept
	return found
}
