package chain

import (
	"fmt"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// deadError is items that the simulation shows to be dead, or lost, with their outcomes
// by their places among the pieces.
type deadError struct{ outcomes map[int]ItemOutcome }

func (e *deadError) Error() string {
	return fmt.Sprintf("%d items would not be taken", len(e.outcomes))
}

// findDead fails with a *deadError when items of messages would not be taken.
func findDead(sent []message, responses []*codectypes.Any) error {
	outcomes, err := decodeOutcomes(sent, responses)
	if err != nil {
		return err
	}
	dead := map[int]ItemOutcome{}
	for i, o := range outcomes {
		if o.Code != 0 {
			dead[i] = o
		}
	}
	if len(dead) == 0 {
		return nil
	}
	return &deadError{outcomes: dead}
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
			return nil, err
		}
		if len(results) != len(m.pieces) {
			return nil, fmt.Errorf("expected %d results of a %s, found %d", len(m.pieces), m.action, len(results))
		}
		for j, r := range results {
			outcomes = append(outcomes, ItemOutcome{
				Action: m.action, Ref: m.pieces[j].Ref, Code: r.Code, Codespace: r.Codespace, Log: r.Log,
			})
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
