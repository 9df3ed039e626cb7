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
	// item is what its message carries, nil for a renewal.
	item any
}

// duty tells whether missing it costs the node something.
func (p piece) duty() bool { return p.Action != Claim && p.Action != Renew }

// pieces lists the items of a batch, most urgent first.
func (b Batch) pieces() []piece {
	out := make([]piece, 0, b.Len())
	add := func(action Action, ref computetypes.TaskRef, item any) {
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
	for _, ref := range b.Claims {
		add(Claim, ref, ref)
	}
	if b.Renew {
		add(Renew, computetypes.TaskRef{}, nil)
	}
	return out
}

// message is one message with the pieces it carries.
type message struct {
	action Action
	pieces []piece
	msg    sdk.Msg
}

// messages makes messages of at most limit items each, in the order of the pieces.
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

// msgOf makes the message of pieces of one action.
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
	case Claim:
		return &computetypes.MsgClaim{Worker: worker, Items: itemsOf[computetypes.TaskRef](pieces)}
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

// kindred is how many pieces, from the first, may share a transaction of the lane: those
// of duties, or of claims.
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

// byAction splits pieces where the action changes.
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

// halves splits pieces, more than one; the more urgent half is first.
func halves(pieces []piece) [][]piece {
	middle := (len(pieces) + 1) / 2
	return [][]piece{pieces[:middle], pieces[middle:]}
}

// without returns pieces but those that drop picks.
func without(pieces []piece, drop func(piece) bool) []piece {
	return slices.DeleteFunc(slices.Clone(pieces), drop)
}

// lossOf is what missing all duties of pieces costs, in the bond denom; nil where there
// is none, or one of which that is not known. What an assignment has at stake is lost once,
// by its reveal or by its opening.
func lossOf(pieces []piece) sdkmath.Int {
	losses := map[computetypes.TaskRef]sdkmath.Int{}
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
