package types

// Vote is what one replica says of a task's result. Votes with equal keys agree.
type Vote struct {
	// Operator of the node.
	Operator string
	// Round it took part in.
	Round uint32
	// Key stands for the result; empty when the replica stayed silent.
	Key string
}

// Decision is what follows from the votes of all rounds so far.
type Decision int

const (
	// DecisionEscalate asks for a further round.
	DecisionEscalate Decision = iota
	// DecisionAccept takes the winning key as the result.
	DecisionAccept
	// DecisionFail ends the task without a result.
	DecisionFail
)

// Decide counts the votes of all assigned replicas, silent ones included.
//
// A first round is accepted only when all agree. Once it has been escalated, a
// key needs two thirds of all replicas of all rounds. When no further round can
// be had (last), the plurality decides, and a tie fails the task. A first round
// that disagrees never decides alone: its replicas are parties, and two that
// collude would take the bond of the third.
func Decide(votes []Vote, last bool) (Decision, string) {
	counts := map[string]int{}
	var order []string // keys in order of first vote: maps have none
	rounds := uint32(0)
	for _, v := range votes {
		rounds = max(rounds, v.Round)
		if v.Key == "" {
			continue
		}
		if counts[v.Key] == 0 {
			order = append(order, v.Key)
		}
		counts[v.Key]++
	}
	winner, best, tied := "", 0, false
	for _, key := range order {
		switch n := counts[key]; {
		case n > best:
			winner, best, tied = key, n, false
		case n == best:
			tied = true
		}
	}
	switch {
	case best == 0:
		// Nobody spoke.
	case rounds == 0 && best == len(votes):
		return DecisionAccept, winner
	case rounds > 0 && best*3 >= len(votes)*2:
		return DecisionAccept, winner
	case last && rounds > 0 && !tied:
		return DecisionAccept, winner
	}
	if last {
		return DecisionFail, ""
	}
	return DecisionEscalate, ""
}
