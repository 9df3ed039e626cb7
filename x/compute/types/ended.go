package types

import (
	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// ReceiptsIn returns the receipts of the tasks that an event says have ended; none
// for events of other kinds. The receipts of arrays are in no store.
func ReceiptsIn(event abci.Event) ([]Receipt, error) {
	switch event.Type {
	case proto.MessageName(&EventBatch{}), proto.MessageName(&EventSweep{}):
	default:
		return nil, nil
	}
	parsed, err := sdk.ParseTypedEvent(withoutPlace(event))
	if err != nil {
		return nil, err
	}
	var changes []TaskChange
	switch e := parsed.(type) {
	case *EventBatch:
		changes = e.Changes
	case *EventSweep:
		changes = e.Changes
	}
	var receipts []Receipt
	for i := range changes {
		if ended := changes[i].GetEnded(); ended != nil {
			receipts = append(receipts, *ended)
		}
	}
	return receipts, nil
}

// JudgedIn returns what an event says came of a challenge; nil for events of other
// kinds.
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

// withoutPlace drops what a block adds to an event: where in it the event stems
// from.
func withoutPlace(event abci.Event) abci.Event {
	out := abci.Event{Type: event.Type}
	for _, attribute := range event.Attributes {
		if attribute.Key != "mode" && attribute.Key != "msg_index" {
			out.Attributes = append(out.Attributes, attribute)
		}
	}
	return out
}
