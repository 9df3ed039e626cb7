package chain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	sdkmath "cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"

	"github.com/thetaedge/theta/client/tx"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// dispatch sends a batch. Every piece is in the queue, in the group at work, or among the
// outcomes, and in one of them alone.
type dispatch struct {
	sender *Sender
	// limit of the items of a message.
	limit int
	// queue holds groups of pieces, each for a transaction, the most urgent first.
	queue [][]piece
	// apart says that blocks are full: what goes through the lane goes by itself.
	apart bool
	done  Submission
	// err is the first error for which a piece was not decided.
	err error
}

const (
	// patience is how many blocks what is no duty waits while blocks are full: a duty that
	// comes meanwhile cannot overtake it.
	patience = 6
	// nearlyLate is how many blocks before its deadline a reveal goes alone: what fails
	// beside it in a block would cost two of them, and the deadline the stake.
	nearlyLate = 10
	// laneMessages bounds the messages of a transaction of the lane.
	laneMessages = 8
)

// hurry puts reveals that are nearly late before all else.
func (d *dispatch) hurry(ctx context.Context) {
	pieces := d.queue[0]
	reveals := 0
	last := int64(0)
	for reveals < len(pieces) && pieces[reveals].Action == Reveal {
		if at := pieces[reveals].Deadline; at > 0 && (last == 0 || at < last) {
			last = at
		}
		reveals++
	}
	if last == 0 || reveals == len(pieces) {
		return
	}
	if tip, err := d.sender.Tip(ctx); err == nil && last-tip.Height <= nearlyLate {
		d.queue = [][]piece{pieces[:reveals], pieces[reveals:]}
	}
}

// attempt sends a group once. What comes of its pieces is noted; those that are left are
// queued before all others.
func (d *dispatch) attempt(ctx context.Context, group []piece) {
	if n := d.together(group); n < len(group) {
		d.first(group[:n], group[n:])
		return
	}
	sent := messages(d.sender.Address().String(), group, d.limit)
	result, err := d.sender.send(ctx, d.orderOf(group, sent))
	if err != nil {
		d.failed(group, sent, err)
		return
	}
	d.done.Height = max(d.done.Height, result.Height)
	outcomes, err := decodeOutcomes(sent, result.Responses)
	if err != nil {
		d.unsent(group, err)
		return
	}
	d.done.Items = append(d.done.Items, outcomes...)
}

// together is how many pieces of a group, from the first, may share a transaction.
func (d *dispatch) together(group []piece) int {
	if !d.apart {
		return len(group)
	}
	n := kindred(group)
	most := 0
	for count, m := range messages("", group[:n], d.limit) {
		if count == laneMessages {
			return most
		}
		most += len(m.pieces)
	}
	return n
}

// orderOf is the transaction of a group. What is of one kind may go through the lane.
func (d *dispatch) orderOf(group []piece, sent []message) order {
	o := order{
		spare: spareGas(group), mixed: !d.apart && kindred(group) < len(group), apart: d.apart,
		items: len(group), claims: group[0].Action == Claim, loss: lossOf(group),
		foresee: func(responses []*codectypes.Any) error { return findDead(sent, responses) },
	}
	for _, m := range sent {
		o.msgs = append(o.msgs, m.msg)
	}
	if !o.mixed && group[0].Action != Renew {
		o.due = uint64(len(group))
	}
	if d.apart && !group[0].duty() {
		o.patience = patience
	}
	return o
}

// failed says what is done about a group that is in no block.
func (d *dispatch) failed(group []piece, sent []message, err error) {
	var (
		dead    *deadError
		dear    *dearError
		size    *oversizeError
		refused *tx.Refusal
	)
	switch {
	case errors.Is(err, errCrowded):
		d.apart = true
		d.first(group)
	case errors.As(err, &dead):
		d.bury(group, dead)
	case errors.As(err, &size):
		d.shrink(group, size)
	case errors.As(err, &dear):
		d.save(group, dear)
	case errors.As(err, &refused) && refused.Reason == tx.MessageFailed && refused.Index < len(sent):
		d.leaveOut(group, sent, refused)
	case errors.As(err, &refused) && refused.Reason == tx.Other:
		// It may be for one kind of message that the fee grant does not pay for, say.
		if parts := byAction(group); len(parts) > 1 {
			d.first(parts...)
			return
		}
		d.unsent(group, err)
	default:
		d.unsent(group, err)
		d.stop(err)
	}
}

// bury leaves out what the simulation shows to be dead.
func (d *dispatch) bury(group []piece, dead *deadError) {
	var alive []piece
	for i, p := range group {
		if outcome, is := dead.outcomes[i]; is {
			d.done.Items = append(d.done.Items, outcome)
			continue
		}
		alive = append(alive, p)
	}
	d.first(alive)
}

// shrink halves what asks for too much. One item that does so alone is refused, and is not
// tried again while the limit is what it is.
func (d *dispatch) shrink(group []piece, size *oversizeError) {
	if len(group) > 1 {
		d.first(halves(group)...)
		return
	}
	log := size.Error()
	if loss := group[0].Loss; !loss.IsNil() && loss.IsPositive() {
		log += fmt.Sprintf("; missing it costs %s%s", loss, bondDenom)
	}
	d.sender.noteOversized(group[0].Duty, log)
	d.refused(group, log)
}

// save leaves out what costs more than the owner allows, and sends what does not.
func (d *dispatch) save(group []piece, dear *dearError) {
	n := int64(len(group))
	switch {
	case slices.ContainsFunc(group, piece.duty) && slices.ContainsFunc(group, isClaim) && dear.limit != limitShare:
		// What is held goes first; there is no duty to claim.
		d.refused(without(group, func(p piece) bool { return !isClaim(p) }), dear.Error())
		d.first(without(group, isClaim))
	case n == 1 || dear.limit == limitGasPrice || dear.limit == limitDenom || dear.limit == limitShare && !dear.most.IsPositive():
		d.unsent(group, dear)
	case dear.limit == limitShare:
		// At least one is worth less than its part of the fee.
		worth := func(p piece) bool {
			return p.Loss.Mul(sdkmath.NewInt(n)).GTE(dear.fee.Mul(lossOf(group)).Quo(sdkmath.MaxInt(dear.most, sdkmath.OneInt())))
		}
		rest := without(group, func(p piece) bool { return !worth(p) })
		d.unsent(without(group, worth), dear)
		if len(rest) == len(group) { // a reveal and its opening lose the same once
			d.unsent(rest, dear)
			return
		}
		d.first(rest)
	case dear.limit == limitTx && dear.fee.LTE(dear.most.MulRaw(n)):
		d.first(halves(group)...)
	default:
		parts := halves(group)
		d.unsent(parts[1], dear)
		d.first(parts[0])
	}
}

func isClaim(p piece) bool { return p.Action == Claim }

// leaveOut takes a message that has failed out of its group. One that is malformed may be
// so for one item; one that failed in a block has cost the others that block, so that each
// action goes by itself then.
func (d *dispatch) leaveOut(group []piece, sent []message, failed *tx.Refusal) {
	at := 0
	for _, m := range sent[:failed.Index] {
		at += len(m.pieces)
	}
	out := sent[failed.Index].pieces
	before, after := group[:at], group[at+len(out):]
	if len(out) > 1 && strings.Contains(failed.Log, computetypes.ErrInvalidBatch.Error()) {
		d.first(append(append([][]piece{before}, halves(out)...), after)...)
		return
	}
	d.refused(out, failed.Log)
	rest := slices.Concat(before, after)
	if failed.InBlock {
		d.first(byAction(rest)...)
		return
	}
	d.first(rest)
}

// leaveOutOversized reports again what is known not to fit into any transaction.
func (d *dispatch) leaveOutOversized() {
	pieces := d.queue[0]
	known := d.sender.knownOversized(pieces)
	for _, p := range pieces {
		if log, is := known[p.Duty]; is {
			d.refused([]piece{p}, log)
		}
	}
	d.queue[0] = without(pieces, func(p piece) bool { _, is := known[p.Duty]; return is })
}

// first queues groups before all others.
func (d *dispatch) first(groups ...[]piece) { d.queue = append(slices.Clone(groups), d.queue...) }

// refused notes pieces that are not sent because they would be in vain.
func (d *dispatch) refused(pieces []piece, log string) {
	for _, p := range pieces {
		d.done.Items = append(d.done.Items, ItemOutcome{Action: p.Action, Ref: p.Ref, Code: codeUnsent, Log: log})
	}
}

// unsent notes pieces of which nothing is decided.
func (d *dispatch) unsent(pieces []piece, err error) {
	if d.err == nil && len(pieces) > 0 {
		d.err = err
	}
	for _, p := range pieces {
		d.done.Items = append(d.done.Items, ItemOutcome{
			Action: p.Action, Ref: p.Ref, Code: codeUnsent, Log: err.Error(), Unsent: true,
		})
	}
}

// stop leaves all that is queued for another time.
func (d *dispatch) stop(err error) {
	if d.err == nil {
		d.err = err
	}
	for _, group := range d.queue {
		d.unsent(group, err)
	}
	d.queue = nil
}

const (
	// closingGas is what closing a round of a few replicas costs. Who closes it is
	// known in the block only: the simulation does not see the other replicas'
	// messages that go before this one.
	closingGas = 200_000
	// maxSpareGas bounds what is paid for closing rounds that others may close.
	maxSpareGas = 1_000_000
)

// spareGas is for rounds that these pieces may close.
func spareGas(pieces []piece) uint64 {
	var spare uint64
	for _, p := range pieces {
		if p.Action == Reveal || p.Action == Open {
			spare += closingGas
		}
	}
	return min(spare, maxSpareGas)
}
