package chain

import (
	"fmt"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// deadError contains the items that failed in the simulation, or whose claims lose, with their
// outcomes by their index among the pieces.
type deadError struct{ outcomes map[int]ItemOutcome }

func (e *deadError) Error() string {
	return fmt.Sprintf("%d items would not be taken", len(e.outcomes))
}

// findDead returns a *deadError if some items of the messages would not be accepted.
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

// decodeOutcomes assigns the responses of a transaction to its messages.
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
	case Yield:
		response = &computetypes.MsgYieldResponse{}
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

// renewal reads the response to a renewal as that of one item.
type renewal struct {
	edgenodetypes.MsgRenewLeaseResponse
}

// GetResults returns one success, because a failed renewal does not have a response.
func (*renewal) GetResults() []computetypes.ItemResult { return make([]computetypes.ItemResult, 1) }
