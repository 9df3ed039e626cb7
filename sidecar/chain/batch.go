package chain

import (
	"context"
	"errors"
	"fmt"
	"slices"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Action is one kind of message.
type Action string

// The actions of a worker, most urgent first.
const (
	Reveal  Action = "reveal"
	Open    Action = "open"
	Commit  Action = "commit"
	Release Action = "release"
	Claim   Action = "claim"
	Renew   Action = "renew"
)

// Batch is all that a node has to say in a block.
type Batch struct {
	Reveals  []computetypes.RevealItem
	Opens    []computetypes.OpenItem
	Commits  []computetypes.CommitItem
	Releases []computetypes.ReleaseItem
	Claims   []computetypes.TaskRef
	// Renew renews the node's lease; its outcome names no task.
	Renew bool
}

// Len is the number of items in the batch.
func (b Batch) Len() int {
	n := len(b.Reveals) + len(b.Opens) + len(b.Commits) + len(b.Releases) + len(b.Claims)
	if b.Renew {
		n++
	}
	return n
}

// ItemOutcome is how one item of a batch went. Code 0 is success.
type ItemOutcome struct {
	Action    Action
	Ref       computetypes.TaskRef
	Code      uint32
	Codespace string
	Log       string
}

// codeUnsent marks an item whose whole message failed: the chain then gives a
// reason but no code for each item.
const codeUnsent = 1

// message is one message with the items it carries.
type message struct {
	action Action
	refs   []computetypes.TaskRef
	msg    sdk.Msg
}

// messages splits a batch into messages of at most limit items, in order of
// urgency.
func (b Batch) messages(worker string, limit int) []message {
	out := slices.Concat(
		split(Reveal, b.Reveals, limit, func(items []computetypes.RevealItem) sdk.Msg {
			return &computetypes.MsgReveal{Worker: worker, Items: items}
		}),
		split(Open, b.Opens, limit, func(items []computetypes.OpenItem) sdk.Msg {
			return &computetypes.MsgOpen{Worker: worker, Items: items}
		}),
		split(Commit, b.Commits, limit, func(items []computetypes.CommitItem) sdk.Msg {
			return &computetypes.MsgCommit{Worker: worker, Items: items}
		}),
		split(Release, b.Releases, limit, func(items []computetypes.ReleaseItem) sdk.Msg {
			return &computetypes.MsgRelease{Worker: worker, Items: items}
		}),
		split(Claim, b.Claims, limit, func(items []computetypes.TaskRef) sdk.Msg {
			return &computetypes.MsgClaim{Worker: worker, Items: items}
		}),
	)
	if b.Renew {
		out = append(out, message{Renew, make([]computetypes.TaskRef, 1), &edgenodetypes.MsgRenewLease{Worker: worker}})
	}
	return out
}

// split makes messages of at most limit items each.
func split[T computetypes.Item](action Action, items []T, limit int, msg func([]T) sdk.Msg) []message {
	var out []message
	for part := range slices.Chunk(items, limit) {
		refs := make([]computetypes.TaskRef, len(part))
		for i, item := range part {
			refs[i] = item.GetTaskRef()
		}
		out = append(out, message{action, refs, msg(part)})
	}
	return out
}

// Submission is how a batch went.
type Submission struct {
	// Items that were decided, in the order of the messages.
	Items []ItemOutcome
	// Height of the block that holds the transaction, 0 without one.
	Height int64
}

// Submit sends a batch and returns how each item went: in one transaction, or, while
// blocks are full, in one for what is due, which goes through the lane at the least
// price, one for claims and one for the rest. A
// message fails when all its items do, and takes the transaction with it; it is
// then left out and the rest is sent at once, because a refused claim must not
// keep a reveal from its deadline. Claims do not fail their message: those that win
// nothing in the simulation are left out as well, and no gas is paid for them.
// maxItems bounds a message (the chain's max_batch). On error the items decided so
// far are returned with it.
func (s *Sender) Submit(ctx context.Context, batch Batch, maxItems int) (Submission, error) {
	if maxItems < 1 {
		return Submission{}, fmt.Errorf("expected at least 1 item a message, found %d", maxItems)
	}
	pending := batch.messages(s.Address().String(), maxItems)
	var done Submission
	for apart := false; len(pending) > 0; {
		group := pending
		if apart {
			group = pending[:kindred(pending)]
		}
		err := s.submitGroup(ctx, group, apart, &done)
		if errors.Is(err, errCrowded) {
			apart = true
			continue
		}
		if err != nil {
			return done, err
		}
		pending = pending[len(group):]
	}
	return done, nil
}

// patience is how many blocks what is no duty waits while blocks are full: a duty that
// comes meanwhile cannot overtake it.
const patience = 6

// kindred is how many messages, from the first, may share a transaction of the lane:
// those of duties, or of claims.
func kindred(pending []message) int {
	kind := func(m message) Action {
		if m.action == Claim || m.action == Renew {
			return m.action
		}
		return Commit
	}
	n := 1
	for n < len(pending) && kind(pending[n]) == kind(pending[0]) {
		n++
	}
	return n
}

// orderOf is the transaction of a group. Apart from others it may go through the lane.
func orderOf(group []message, apart bool) order {
	o := order{spare: spareGas(group), mixed: !apart && kindred(group) < len(group)}
	for _, m := range group {
		o.msgs = append(o.msgs, m.msg)
		o.due += uint64(len(m.refs))
	}
	first := group[0].action
	if o.mixed || first == Renew {
		o.due = 0
	}
	if apart && (first == Claim || first == Renew) {
		o.patience = patience
	}
	return o
}

// submitGroup sends messages in one transaction, without those that fail, and notes how
// each item went. It fails with errCrowded when they have to be sent apart.
func (s *Sender) submitGroup(ctx context.Context, group []message, apart bool, done *Submission) error {
	pending := slices.Clone(group)
	for len(pending) > 0 {
		o := orderOf(pending, apart)
		o.foresee = func(responses []*codectypes.Any) error { return lostClaims(pending, responses) }
		result, err := s.send(ctx, o)
		var failed *MessageError
		var lost *lostError
		switch {
		case err == nil:
			items, err := decodeOutcomes(pending, result.Responses)
			done.Items, done.Height = append(done.Items, items...), result.Height
			return err
		case errors.As(err, &lost):
			done.Items = append(done.Items, lost.items...)
			pending = slices.Delete(pending, lost.index, lost.index+1)
		case errors.Is(err, ErrFeeCap) && claimsBeside(pending):
			// What is held goes first; there is no duty to claim.
			pending = slices.DeleteFunc(pending, func(m message) bool {
				if m.action == Claim {
					done.Items = append(done.Items, refusedItems(m, err.Error())...)
				}
				return m.action == Claim
			})
		case errors.As(err, &failed) && failed.Index < len(pending):
			done.Items = append(done.Items, refusedItems(pending[failed.Index], failed.Log)...)
			pending = slices.Delete(pending, failed.Index, failed.Index+1)
		default:
			return err
		}
	}
	return nil
}

// claimsBeside tells whether there are claims and something else.
func claimsBeside(pending []message) bool {
	claims := 0
	for _, m := range pending {
		if m.action == Claim {
			claims++
		}
	}
	return claims > 0 && claims < len(pending)
}

// refusedItems are the items of a message that was not sent.
func refusedItems(m message, log string) []ItemOutcome {
	items := make([]ItemOutcome, len(m.refs))
	for i, ref := range m.refs {
		items[i] = ItemOutcome{Action: m.action, Ref: ref, Code: codeUnsent, Log: log}
	}
	return items
}

// lostError is a message of claims none of which would be taken.
type lostError struct {
	index int
	items []ItemOutcome
}

func (e *lostError) Error() string {
	return fmt.Sprintf("none of %d claims would be taken: %s", len(e.items), e.items[0].Log)
}

// lostClaims fails with a *lostError when a message of claims would win nothing.
func lostClaims(pending []message, responses []*codectypes.Any) error {
	for i, m := range pending {
		if m.action != Claim {
			continue
		}
		items, err := decodeOutcomes(pending[i:i+1], responses[i:i+1])
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(items, func(o ItemOutcome) bool { return o.Code == 0 }) {
			return &lostError{index: i, items: items}
		}
	}
	return nil
}

const (
	// closingGas is what closing a round of a few replicas costs. Who closes it is
	// known in the block only: the simulation does not see the other replicas'
	// messages that go before this one.
	closingGas = 200_000
	// maxSpareGas bounds what is paid for closing rounds that others may close.
	maxSpareGas = 1_000_000
)

// spareGas is for rounds that these messages may close.
func spareGas(pending []message) uint64 {
	var spare uint64
	for _, m := range pending {
		switch m.action {
		case Reveal, Open:
			spare += closingGas * uint64(len(m.refs))
		case Commit, Release, Claim, Renew:
		}
	}
	return min(spare, maxSpareGas)
}

// decodeOutcomes matches the responses of a transaction with its messages.
func decodeOutcomes(sent []message, responses []*codectypes.Any) ([]ItemOutcome, error) {
	if len(responses) != len(sent) {
		return nil, fmt.Errorf("expected %d responses of the transaction, found %d", len(sent), len(responses))
	}
	var outcomes []ItemOutcome
	for i, m := range sent {
		results, err := decodeResults(m.action, responses[i].Value)
		if err != nil {
			return outcomes, err
		}
		if len(results) != len(m.refs) {
			return outcomes, fmt.Errorf("expected %d results of a %s, found %d", len(m.refs), m.action, len(results))
		}
		for j, r := range results {
			outcomes = append(outcomes, ItemOutcome{Action: m.action, Ref: m.refs[j], Code: r.Code, Codespace: r.Codespace, Log: r.Log})
		}
	}
	return outcomes, nil
}

func decodeResults(action Action, bytes []byte) ([]computetypes.ItemResult, error) {
	var response interface {
		Unmarshal(bytes []byte) error
		GetResults() []computetypes.ItemResult
	}
	switch action {
	case Reveal:
		response = &computetypes.MsgRevealResponse{}
	case Open:
		response = &computetypes.MsgOpenResponse{}
	case Commit:
		response = &computetypes.MsgCommitResponse{}
	case Release:
		response = &computetypes.MsgReleaseResponse{}
	case Claim:
		response = &computetypes.MsgClaimResponse{}
	case Renew:
		response = &renewal{}
	default:
		return nil, fmt.Errorf("unknown action %q", action)
	}
	if err := response.Unmarshal(bytes); err != nil {
		return nil, fmt.Errorf("cannot decode the response of a %s: %w", action, err)
	}
	return response.GetResults(), nil
}

// renewal reads the answer to a renewal as the one item that it is.
type renewal struct {
	edgenodetypes.MsgRenewLeaseResponse
}

// GetResults returns one success: a renewal that fails has no answer.
func (*renewal) GetResults() []computetypes.ItemResult { return make([]computetypes.ItemResult, 1) }
