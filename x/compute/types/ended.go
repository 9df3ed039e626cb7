package types

import (
	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// ReceiptsIn returns the receipts of the tasks that have ended according to an event. Events
// of other types contain none. The receipts of arrays are not stored on chain.
func ReceiptsIn(event abci.Event) ([]Receipt, error) {
	changes, err := ChangesIn(event)
	return EndedIn(changes), err
}

// EndedIn returns the receipts of the tasks that ended with some changes.
func EndedIn(changes []ChunkChange) []Receipt {
	var receipts []Receipt
	for i := range changes {
		if ended := changes[i].GetEnded(); ended != nil {
			receipts = append(receipts, *ended)
		}
	}
	return receipts
}

// ChangesIn returns the changes of tasks that an event contains. Events of other types
// contain none.
func ChangesIn(event abci.Event) ([]ChunkChange, error) {
	switch event.Type {
	case proto.MessageName(&EventBatch{}), proto.MessageName(&EventSweep{}):
	default:
		return nil, nil
	}
	parsed, err := sdk.ParseTypedEvent(withoutPlace(event))
	if err != nil {
		return nil, err
	}
	switch e := parsed.(type) {
	case *EventBatch:
		return e.Changes, nil
	case *EventSweep:
		return e.Changes, nil
	}
	return nil, nil
}

// JudgedIn returns the outcome of a challenge according to an event. It returns nil for
// events of other types.
func JudgedIn(event abci.Event) (*EventChallengeJudged, error) {
	if event.Type != proto.MessageName(&EventChallengeJudged{}) {
		return nil, nil
	}
	parsed, err := sdk.ParseTypedEvent(withoutPlace(event))
	if err != nil {
		return nil, err
	}
	judged, _ := parsed.(*EventChallengeJudged)
	return judged, nil
}

// withoutPlace removes the attribute that a block adds to an event: its origin within the
// block.
func withoutPlace(event abci.Event) abci.Event {
	out := abci.Event{Type: event.Type}
	for _, attribute := range event.Attributes {
		if attribute.Key != "mode" && attribute.Key != "msg_index" {
			out.Attributes = append(out.Attributes, attribute)
		}
	}
	return out
}
