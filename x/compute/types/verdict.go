package types

// Vote is what one replica says of a task's result. Votes with equal keys agree.
type Vote struct {
	// Operator of the node.
	Operator string
	// Round it took part in.
	Round uint32
	// Key stands for the result; empty when the replica stayed silent.
	Key string
	// Own is the trace that the replica has folded under the key of its round; empty where
	// it has to fold none.
	Own string
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

// Rule says how votes are counted.
type Rule struct {
	// Last says that no further round can be had.
	Last bool
	// Lenient is for results that nobody vouches for, or that only their requester
	// judges: honest nodes may differ, so nothing escalates.
	Lenient bool
}

// Decide counts the votes of all assigned replicas, silent ones included.
//
// A first round is accepted only when all agree. Once it has been escalated, a
// key needs two thirds of all replicas of all rounds. When no further round can
// be had (Last), the plurality decides, and a tie fails the task. A first round
// that disagrees never decides alone: its replicas are parties, and two that
// collude would take the bond of the third. Auditors that have joined it are
// parties like the others.
//
// Under a Lenient rule two thirds of the first round are enough, and without them
// the task fails; a minority loses no bond there.
func Decide(votes []Vote, rule Rule) (Decision, string) {
	rounds := uint32(0)
	for _, v := range votes {
		rounds = max(rounds, v.Round)
	}
	winner, best, tied := count(votes)
	twoThirds := best*3 >= len(votes)*2
	switch {
	case best == 0:
		// Nobody spoke.
	case rounds == 0 && best == len(votes):
		return DecisionAccept, winner
	case (rounds > 0 || rule.Lenient) && twoThirds:
		return DecisionAccept, winner
	case rule.Last && rounds > 0 && !tied:
		return DecisionAccept, winner
	}
	if rule.Last || rule.Lenient {
		return DecisionFail, ""
	}
	return DecisionEscalate, ""
}

// HalfAJury says whether so many judges, or auditors, may decide where a number was
// asked for first: they are half of those, and one at least.
func HalfAJury(judges int, asked uint32) bool { return judges > 0 && 2*judges >= int(asked) }

// JudgingNodes returns how many live nodes a class needs, so that a first round which
// disagrees can be judged: its replicas and auditors, and half of the first jury. Below
// it such a task ends without a verdict.
func (p Params) JudgingNodes(policy Policy) uint64 {
	return uint64(policy.Replicas) + uint64(policy.Auditors) + (uint64(p.Escalation[0])+1)/2
}

// leastProvers is how many have to have the same trace of their own before another is
// false: two that collude must not take the bond of a third.
const leastProvers = 3

// Echoes says which votes repeat a result that their nodes have not computed. Whoever runs
// a task again proves his work by a trace that only his round has: where two thirds of
// those who agree in a round have the same, and leastProvers at least, another trace is
// false. Where no trace has as many, as in a tie, nobody can say whose is true, and none of
// these votes is an echo: a ring would have to be two thirds of those who are right to
// convict the others.
func Echoes(votes []Vote) []bool {
	type side struct {
		round uint32
		key   string
	}
	type proof struct {
		side
		own string
	}
	agree, same := map[side]int{}, map[proof]int{}
	for _, v := range votes {
		if v.Key != "" && v.Own != "" {
			agree[side{v.Round, v.Key}]++
			same[proof{side{v.Round, v.Key}, v.Own}]++
		}
	}
	best := map[side]string{} // of each side at most one has two thirds
	for _, v := range votes {
		s := side{v.Round, v.Key}
		if n := same[proof{s, v.Own}]; n >= leastProvers && n*3 >= agree[s]*2 {
			best[s] = v.Own
		}
	}
	echoes := make([]bool, len(votes))
	for i, v := range votes {
		proven, found := best[side{v.Round, v.Key}]
		echoes[i] = found && v.Key != "" && v.Own != "" && v.Own != proven
	}
	return echoes
}

// count returns the key with the most votes, how many, and whether another key
// has as many.
func count(votes []Vote) (winner string, best int, tied bool) {
	counts := map[string]int{}
	var order []string // keys in order of first vote: maps have none
	for _, v := range votes {
		if v.Key == "" {
			continue
		}
		if counts[v.Key] == 0 {
			order = append(order, v.Key)
		}
		counts[v.Key]++
	}
	for _, key := range order {
		switch n := counts[key]; {
		case n > best:
			winner, best, tied = key, n, false
		case n == best:
			tied = true
		}
	}
	return winner, best, tied
}
