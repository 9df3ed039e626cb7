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

// dispatch sends a batch. Each piece is in exactly one place: in the queue, in the group that
// is being sent, or among the outcomes.
type dispatch struct {
	sender *Sender
	// limit is the maximum number of items per message.
	limit int
	// queue contains groups of pieces, most urgent first. Each group becomes a transaction.
	queue [][]piece
	// apart reports that blocks are full, so that the items for the lane are sent in a
	// transaction of their own.
	apart bool
	done  Submission
	// err is the first error because of which a piece was not decided.
	err error
}

const (
	// patience is the number of blocks for which a transaction without duties waits while
	// blocks are full. A duty that becomes due in the meantime cannot overtake it.
	patience = 6
	// nearlyLate is the number of blocks before its deadline at which a reveal is sent alone.
	// If another item of its transaction failed in a block, the reveal would lose two blocks,
	// might miss its deadline, and would then lose the stake.
	nearlyLate = 10
	// laneMessages bounds the number of messages in a transaction of the lane.
	laneMessages = 8
)

// hurry moves reveals that are close to their deadline before everything else.
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

// attempt sends a group once. It records the outcomes of pieces that were decided, and queues
// the others before all other groups.
func (d *dispatch) attempt(ctx context.Context, group []piece) {
	if n := d.together(group); n < len(group) {
		d.first(group[:n], group[n:])
		return
	}
	sent := messages(d.sender.Address().String(), group, d.limit)
	result, err := d.sender.send(ctx, d.orderOf(group, sent))
	d.sender.noteMissed(group, err)
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

// together returns how many pieces, from the beginning of a group, may share a transaction.
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

// orderOf returns the order for the transaction of a group. The lane accepts a transaction
// only if all its pieces are of one kind.
func (d *dispatch) orderOf(group []piece, sent []message) order {
	o := order{
		spare: spareGas(group), mixed: !d.apart && kindred(group) < len(group), apart: d.apart,
		items: len(group), claims: group[0].Action == Claim, loss: lossOf(group),
		foresee:  func(responses []*codectypes.Any) error { return findDead(sent, responses) },
		deadline: deadlineOf(group), missed: d.sender.missed(group),
		duties: !slices.ContainsFunc(group, func(p piece) bool { return !p.duty() }),
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

// failed decides what to do about a group whose transaction is not in a block.
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
		// The reason may be, for example, that the fee grant does not pay for one kind of
		// message.
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

// bury removes the items that failed in the simulation.
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

// shrink divides a group that asks for too much gas into halves. An item that asks for too
// much by itself is refused, and is not tried again while the limit is the same.
func (d *dispatch) shrink(group []piece, size *oversizeError) {
	if len(group) > 1 {
		d.first(halves(group)...)
		return
	}
	log := size.Error()
	if loss := group[0].Loss; !loss.IsNil() && loss.IsPositive() {
		log += fmt.Sprintf("; missing it costs %s%s", loss, bondDenom)
	}
	d.sender.noteOversized(group[0].Duty, size, log)
	d.refused(group, log)
}

// save removes items that cost more than the owner allows, and sends the others.
func (d *dispatch) save(group []piece, dear *dearError) {
	n := int64(len(group))
	switch {
	case slices.ContainsFunc(group, piece.duty) && slices.ContainsFunc(group, isClaim) && dear.limit != limitShare:
		// The work that the node holds comes first. A node does not have a duty to claim.
		d.refused(without(group, func(p piece) bool { return !isClaim(p) }), dear.Error())
		d.first(without(group, isClaim))
	case n == 1 || dear.limit == limitGasPrice || dear.limit == limitDenom || dear.limit == limitShare && !dear.most.IsPositive():
		d.unsent(group, dear)
	case dear.limit == limitShare:
		// At least one piece is worth less than its share of the fee.
		worth := func(p piece) bool {
			return p.Loss.Mul(sdkmath.NewInt(n)).GTE(dear.fee.Mul(lossOf(group)).Quo(sdkmath.MaxInt(dear.most, sdkmath.OneInt())))
		}
		rest := without(group, func(p piece) bool { return !worth(p) })
		d.unsent(without(group, worth), dear)
		if len(rest) == len(group) { // a reveal and its opening share one loss
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

// leaveOut removes a failed message from its group. If the message is malformed, a single item
// may be the cause. If it failed in a block, the other pieces have lost that block; therefore
// each action is then sent in its own transaction.
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

// leaveOutOversized refuses items that are already known not to fit into any transaction.
func (d *dispatch) leaveOutOversized(ctx context.Context) {
	pieces := d.queue[0]
	known := d.sender.knownOversized(ctx, pieces)
	for _, p := range pieces {
		if log, is := known[p.Duty]; is {
			d.refused([]piece{p}, log)
		}
	}
	d.queue[0] = without(pieces, func(p piece) bool { _, is := known[p.Duty]; return is })
}

// first queues groups before all other groups.
func (d *dispatch) first(groups ...[]piece) { d.queue = append(slices.Clone(groups), d.queue...) }

// refused records pieces as refused. They are not sent, because sending them now would be
// useless.
func (d *dispatch) refused(pieces []piece, log string) {
	for _, p := range pieces {
		d.done.Items = append(d.done.Items, ItemOutcome{Action: p.Action, Ref: p.Ref, Code: codeUnsent, Log: log})
	}
}

// unsent records pieces that were not decided.
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

// stop records everything that is queued as not sent.
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
	// closingGas is the gas that is needed to close a round of a few replicas. Which message
	// closes the round is decided only in the block, because the simulation does not contain
	// the messages of other replicas that are executed before this one.
	closingGas = 200_000
	// maxSpareGas bounds the gas that is paid for closing rounds, which other nodes may close
	// instead.
	maxSpareGas = 1_000_000
)

// spareGas returns the gas for the rounds that these pieces may close.
func spareGas(pieces []piece) uint64 {
	var spare uint64
	for _, p := range pieces {
		if p.Action == Reveal || p.Action == Open {
			spare += closingGas
		}
	}
	return min(spare, maxSpareGas)
}
