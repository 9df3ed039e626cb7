package adversary

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// lots is what some nodes would get by the tickets of first draws if every node of the class
// claimed. It separates the luck of a run from the effect of missed claims.
type lots struct {
	// due is the number of parts that the tickets give to the nodes.
	due int
	// draws is the number of draws that were repeated; exact is the number of those that
	// selected the lowest ranks of all nodes.
	draws, exact int
}

// lotsOf repeats the draws of the first rounds of ended jobs. It leaves out arrays, whose
// tasks are unrolled as others end, each with a seed of its own. It also leaves out jobs that
// run apart from the honest nodes.
func (s *stage) lotsOf(ctx context.Context, over []ended, hands []*hand) (lots, error) {
	var found lots
	operators := make([]string, 0, s.honest()+len(hands))
	for _, node := range s.net.Nodes() {
		operators = append(operators, node.Operator)
	}
	for _, h := range hands {
		operators = append(operators, h.address())
	}
	weight := params.Tfuel(int64(s.weightOf(strangerBond, strangerSlots)))
	for _, e := range over {
		if e.job.Tasks > 1 || e.job.Class != crowded {
			continue
		}
		found.draws++
		seed, err := s.seedAt(ctx, e.job.PostedHeight)
		if err != nil {
			return found, err
		}
		id, err := computetypes.ParseJobID(e.job.Id)
		if err != nil {
			return found, err
		}
		ranks := make(map[string][]byte, len(operators))
		for _, operator := range operators {
			account, err := sdk.AccAddressFromBech32(operator)
			if err != nil {
				return found, err
			}
			ranks[operator] = computetypes.Rank(seed, id, 0, 0, 0, account, weight)
		}
		order := slices.Clone(operators)
		slices.SortFunc(order, func(a, b string) int { return bytes.Compare(ranks[a], ranks[b]) })
		winners := order[:e.job.Policy.Replicas]
		for _, h := range hands {
			if slices.Contains(winners, h.address()) {
				found.due++
			}
		}
		if len(e.receipts) > 0 && drawn(e.receipts[0], winners) {
			found.exact++
		}
	}
	return found, nil
}

// drawn reports whether all winners took part in a task's first round.
func drawn(receipt computetypes.Receipt, winners []string) bool {
	for _, winner := range winners {
		if !slices.ContainsFunc(receipt.Outcomes, func(o computetypes.Outcome) bool { return o.Round == 0 && o.Operator == winner }) {
			return false
		}
	}
	return true
}

// seedAt returns the randomness of a height.
func (s *stage) seedAt(ctx context.Context, height int64) ([]byte, error) {
	answer, err := beacontypes.NewQueryClient(s.net.Conn()).HeightRound(ctx, &beacontypes.QueryHeightRoundRequest{Height: height})
	if err != nil {
		return nil, err
	}
	if answer.Round == nil {
		return nil, fmt.Errorf("the round of height %d is not on chain yet", height)
	}
	return answer.Round.Randomness, nil
}
