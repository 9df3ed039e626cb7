package types

// Vote is one replica's statement about a task's result. Votes with equal keys agree.
type Vote struct {
	// Operator of the node.
	Operator string
	// Round in which the node took part.
	Round uint32
	// Key represents the result. It is empty if the replica stayed silent.
	Key string
	// Own is the trace that the replica folded under the key of its round. It is empty if the
	// replica does not have to fold one.
	Own string
}

// Decision is the consequence of the votes of all rounds so far.
type Decision int

const (
	// DecisionEscalate asks for a further round.
	DecisionEscalate Decision = iota
	// DecisionAccept accepts the winning key as the result.
	DecisionAccept
	// DecisionFail ends the task without a result.
	DecisionFail
)

// Rule determines how votes are counted.
type Rule struct {
	// Last reports whether no further round is possible.
	Last bool
	// Lenient reports whether determinism is not vouched for, or only the requester judges
	// the result. Honest nodes may then differ, so there is no escalation.
	Lenient bool
}

// Decide counts the votes of all assigned replicas, including silent ones.
//
// A first round is accepted only if all agree. After an escalation, a key needs two thirds of
// all replicas of all rounds. If no further round is possible (Last), the plurality decides,
// and a tie fails the task. A first round that disagrees never decides alone: its replicas
// are parties, and two that collude would take the bond of the third. Auditors that have
// joined it are parties like the others.
//
// Under a Lenient rule, two thirds of the first round are enough, and without them the task
// fails. A minority does not lose its bond then.
func Decide(votes []Vote, rule Rule) (Decision, string) {
	rounds := uint32(0)
	for _, v := range votes {
		rounds = max(rounds, v.Round)
	}
	winner, best, tied := count(votes)
	twoThirds := best*3 >= len(votes)*2
	switch {
	case best == 0:
		// All replicas were silent.
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

// HalfAJury reports whether this many judges, or auditors, may decide: at least one, and at
// least half of the number that was asked for at first.
func HalfAJury(judges int, asked uint32) bool { return judges > 0 && 2*judges >= int(asked) }

// JudgingNodes returns the number of live nodes that a class needs so that a first round that
// disagrees can be judged: its replicas and auditors, and half of the first jury. In a
// smaller class such a task ends without a verdict.
func (p Params) JudgingNodes(policy Policy) uint64 {
	return uint64(policy.Replicas) + uint64(policy.Auditors) + (uint64(p.Escalation[0])+1)/2
}

// leastProvers is the number of nodes that must have the same trace of their own before a
// different one counts as false: two that collude must not take the bond of a third.
const leastProvers = 3

// Echoes reports which votes repeat a result that their nodes have not computed. A node that
// runs a task again proves its work by a trace that only its round has. If two thirds of the
// nodes that agree in a round, and at least leastProvers, have the same trace, a different
// trace is false. If no trace has as many, for example in a tie, it is not known which trace
// is true, and none of these votes is an echo. To convict honest nodes, a ring would have to
// be two thirds of the nodes that are right.
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
	best := map[side]string{} // at most one trace per side has two thirds
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

// count returns the key with the most votes, the number of these votes, and whether another
// key has as many.
func count(votes []Vote) (winner string, best int, tied bool) {
	counts := map[string]int{}
	var order []string // keys in order of first vote, because maps are not ordered
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
