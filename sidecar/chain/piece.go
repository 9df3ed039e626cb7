package chain

import (
	"slices"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// piece is one item of a batch on its way to the chain.
type piece struct {
	Duty
	Stake
	// item is the item in the message. It is nil for a renewal.
	item any
}

// duty reports whether the node loses something if it misses the piece.
func (p piece) duty() bool { return p.Action != Claim && p.Action != Renew }

// pieces returns the items of a batch, most urgent first.
func (b Batch) pieces() []piece {
	out := make([]piece, 0, b.Len())
	add := func(action Action, ref computetypes.ChunkRef, item any) {
		duty := Duty{Action: action, Ref: ref}
		out = append(out, piece{Duty: duty, Stake: b.Stakes[duty], item: item})
	}
	for _, item := range b.Reveals {
		add(Reveal, item.Ref, item)
	}
	for _, item := range b.Opens {
		add(Open, item.Ref, item)
	}
	for _, item := range b.Commits {
		add(Commit, item.Ref, item)
	}
	for _, item := range b.Releases {
		add(Release, item.Ref, item)
	}
	for _, ref := range b.Yields {
		add(Yield, ref, ref)
	}
	for _, ref := range b.Claims {
		add(Claim, ref, ref)
	}
	if b.Renew {
		add(Renew, computetypes.ChunkRef{}, nil)
	}
	return out
}

// message is one message with the pieces that it contains.
type message struct {
	action Action
	pieces []piece
	msg    sdk.Msg
}

// messages returns messages with at most limit items each, in the order of the pieces.
func messages(worker string, pieces []piece, limit int) []message {
	var out []message
	for len(pieces) > 0 {
		n := 1
		for n < min(len(pieces), limit) && pieces[n].Action == pieces[0].Action {
			n++
		}
		out = append(out, message{pieces[0].Action, pieces[:n], msgOf(worker, pieces[:n])})
		pieces = pieces[n:]
	}
	return out
}

// msgOf returns the message for pieces of one action.
func msgOf(worker string, pieces []piece) sdk.Msg {
	switch pieces[0].Action {
	case Reveal:
		return &computetypes.MsgReveal{Worker: worker, Items: itemsOf[computetypes.RevealItem](pieces)}
	case Open:
		return &computetypes.MsgOpen{Worker: worker, Items: itemsOf[computetypes.OpenItem](pieces)}
	case Commit:
		return &computetypes.MsgCommit{Worker: worker, Items: itemsOf[computetypes.CommitItem](pieces)}
	case Release:
		return &computetypes.MsgRelease{Worker: worker, Items: itemsOf[computetypes.ReleaseItem](pieces)}
	case Yield:
		return &computetypes.MsgYield{Worker: worker, Items: itemsOf[computetypes.ChunkRef](pieces)}
	case Claim:
		return &computetypes.MsgClaim{Worker: worker, Items: itemsOf[computetypes.ChunkRef](pieces)}
	case Renew:
	}
	return &edgenodetypes.MsgRenewLease{Worker: worker}
}

func itemsOf[T any](pieces []piece) []T {
	items := make([]T, 0, len(pieces))
	for _, p := range pieces {
		if item, ok := p.item.(T); ok {
			items = append(items, item)
		}
	}
	return items
}

// kindred returns how many pieces, from the first, may share a transaction of the lane. These
// are either duties or claims.
func kindred(pieces []piece) int {
	kind := func(p piece) Action {
		if p.duty() {
			return Commit
		}
		return p.Action
	}
	n := 1
	for n < len(pieces) && kind(pieces[n]) == kind(pieces[0]) {
		n++
	}
	return n
}

// byAction divides pieces at each change of the action.
func byAction(pieces []piece) [][]piece {
	var out [][]piece
	for len(pieces) > 0 {
		n := 1
		for n < len(pieces) && pieces[n].Action == pieces[0].Action {
			n++
		}
		out = append(out, pieces[:n])
		pieces = pieces[n:]
	}
	return out
}

// halves divides two or more pieces into halves, the more urgent half first.
func halves(pieces []piece) [][]piece {
	middle := (len(pieces) + 1) / 2
	return [][]piece{pieces[:middle], pieces[middle:]}
}

// without returns the pieces without those for which drop returns true.
func without(pieces []piece, drop func(piece) bool) []piece {
	return slices.DeleteFunc(slices.Clone(pieces), drop)
}

// lossOf returns what the node loses by missing all duties among the pieces, in the bond
// denom. It returns nil if there are no duties, or if the loss of one of them is not known.
// The stake of an assignment is lost only once, either with its reveal or with its opening.
func lossOf(pieces []piece) sdkmath.Int {
	losses := map[computetypes.ChunkRef]sdkmath.Int{}
	sum := sdkmath.ZeroInt()
	for _, p := range pieces {
		if !p.duty() {
			continue
		}
		if p.Loss.IsNil() {
			return sdkmath.Int{}
		}
		counted, is := losses[p.Ref]
		if !is {
			counted = sdkmath.ZeroInt()
		}
		losses[p.Ref] = sdkmath.MaxInt(counted, p.Loss)
		sum = sum.Add(losses[p.Ref]).Sub(counted)
	}
	if len(losses) == 0 {
		return sdkmath.Int{}
	}
	return sum
}
