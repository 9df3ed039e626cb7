package types_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// votes reads "aab- aaaa": a letter is a result, "-" is silence, and a word is a round.
func votes(text string) []types.Vote {
	var out []types.Vote
	for round, word := range strings.Fields(text) {
		for _, r := range word {
			v := types.Vote{Operator: "node", Round: uint32(round)}
			if r != '-' {
				v.Key = string(r)
			}
			out = append(out, v)
		}
	}
	return out
}

func TestVerdicts(t *testing.T) {
	const (
		escalate = types.DecisionEscalate
		accept   = types.DecisionAccept
		fail     = types.DecisionFail
	)
	for _, c := range []struct {
		votes string
		last  bool
		want  types.Decision
		key   string
	}{
		// A first round is accepted only when all agree.
		{"aaa", false, accept, "a"},
		{"aab", false, escalate, ""},
		{"aa-", false, escalate, ""},
		{"---", false, escalate, ""},
		{"abc", false, escalate, ""},
		{"aaaaaaaaaaaaaab", false, escalate, ""},
		// If no further round is possible, it fails, because its replicas are parties.
		{"aab", true, fail, ""},
		{"aa-", true, fail, ""},
		{"a--", true, fail, ""},
		{"ab-", true, fail, ""},
		{"abc", true, fail, ""},
		{"---", true, fail, ""},
		// A node that joins as an auditor is a party like the others.
		{"a", false, accept, "a"},
		{"-", false, escalate, ""},
		{"aa", false, accept, "a"},
		{"ab", false, escalate, ""},
		{"-a", false, escalate, ""},
		{"ab", true, fail, ""},
		{"-a", true, fail, ""},
		{"abb", true, fail, ""},
		{"aaab", false, escalate, ""},
		{"a bbbbbbb", false, accept, "b"},
		{"ab bbb", false, accept, "b"},
		// Later rounds need two thirds of all replicas, including silent ones.
		{"aab aaa", false, accept, "a"},
		{"aab aab", false, accept, "a"},
		{"aab abb", false, escalate, ""},
		{"aab aa-", false, accept, "a"},
		{"aab a--", false, escalate, ""},
		{"abb aaaaaaa", false, accept, "a"},
		{"bbb aaaaaaa", false, accept, "a"},
		{"bbb aaaaaa-", false, escalate, ""},
		{"aab aaaa---", false, escalate, ""},
		{"aab aaaa---", true, accept, "a"},
		{"abb aaabbbb", false, escalate, ""},
		{"aab aabbb", true, fail, ""},
		{"aab aabb-", true, accept, "a"},
		{"aabb ccc", true, accept, "c"},
		{"--- ---", true, fail, ""},
		{"aab abbbbbb aaaaaaaaaaaaaaa", true, accept, "a"},
	} {
		decision, key := types.Decide(votes(c.votes), types.Rule{Last: c.last})
		require.Equal(t, c.want, decision, "%s last=%v", c.votes, c.last)
		require.Equal(t, c.key, key, "%s last=%v", c.votes, c.last)
	}
}

// If honest machines may differ, two thirds of the first round decide, and no other round
// takes place.
func TestLenientVerdictsNeedTwoThirdsAtOnce(t *testing.T) {
	for text, want := range map[string]string{
		"a": "a", "-": "", "aaa": "a", "aab": "a", "aa-": "a", "a--": "", "abc": "", "---": "",
		"aaabb": "", "aaaab": "a", "aaaa-": "a", "aaaaabb": "a", "aaaabbb": "",
	} {
		for _, last := range []bool{false, true} {
			decision, key := types.Decide(votes(text), types.Rule{Last: last, Lenient: true})
			require.Equal(t, want, key, "%s", text)
			if want == "" {
				require.Equal(t, types.DecisionFail, decision, "%s", text)
			} else {
				require.Equal(t, types.DecisionAccept, decision, "%s", text)
			}
		}
	}
}

func TestTheVerdictDoesNotDependOnTheOrderOfVotes(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	for range 2_000 {
		var all []types.Vote
		for round := range 1 + source.IntN(3) {
			for range 1 + source.IntN(7) {
				all = append(all, types.Vote{Round: uint32(round), Key: []string{"", "a", "b", "c"}[source.IntN(4)]})
			}
		}
		for _, rule := range []types.Rule{{}, {Last: true}, {Lenient: true}, {Last: true, Lenient: true}} {
			decision, key := types.Decide(all, rule)
			shuffled := append([]types.Vote{}, all...)
			source.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			again, sameKey := types.Decide(shuffled, rule)
			require.Equal(t, decision, again)
			require.Equal(t, key, sameKey)
			if rule.Last || rule.Lenient {
				require.NotEqual(t, types.DecisionEscalate, decision, "the last round ends it, and a lenient one")
			}
		}
	}
}

// echoing reads "aa'b aa'a": a letter is a result in a word of votes. The number of
// apostrophes after a letter distinguishes the vote's own traces. "-" is silence.
func echoing(text string) (all []types.Vote) {
	for round, word := range strings.Fields(text) {
		for i := 0; i < len(word); i++ {
			v := types.Vote{Round: uint32(round), Key: strings.Trim(word[i:i+1], "-"), Own: "own"}
			for ; i+1 < len(word) && word[i+1] == '\''; i++ {
				v.Own += "'"
			}
			if round == 0 {
				v.Own = ""
			}
			all = append(all, v)
		}
	}
	return all
}

func TestWhoRepeatsAResultWithoutTheWorkIsFound(t *testing.T) {
	for text, want := range map[string][]int{
		"aaa":                    nil,
		"aab aaaaaaa":            nil,
		"aab aaaaaaa'":           {9},
		"aab aaaaaa'a''":         {8, 9},
		"aab a'a'a'a'a'aa":       {8, 9},
		"aab aaaaa'a'a'":         nil, // four of seven are less than two thirds
		"aab aa'":                nil, // a tie
		"aab aaa'":               nil, // two that collude do not prove anything against a third
		"aab aaaa'":              {6},
		"aab aaaab'b'b":          nil,
		"aab aaab'b'b'b":         {9},
		"aab aaaabb'":            nil,
		"aab aaaa---":            nil,
		"aab aaa'ab-- aaaa''a":   {5, 13},
		"aab aaaaaaa a'a'a'":     nil, // another round and another key
		"aab a aaaaaaaaaaaaaaa'": {18},
	} {
		votes := echoing(text)
		var found []int
		for i, echo := range types.Echoes(votes) {
			if echo {
				found = append(found, i)
			}
		}
		require.Equal(t, want, found, text)
	}
}

// A vote is never taken for an echo if more than a third of the nodes that agree with it in
// its round have the same trace. Honest nodes are therefore safe if they are that many. Two
// nodes alone cannot make another an echo, and the order of votes does not matter.
func TestNoThirdIsTakenForAnEcho(t *testing.T) {
	source := rand.New(rand.NewPCG(3, 4))
	for range 2_000 {
		var all []types.Vote
		for range 1 + source.IntN(20) {
			all = append(all, types.Vote{
				Round: uint32(source.IntN(3)), Key: []string{"", "a", "b"}[source.IntN(3)], Own: []string{"", "x", "y"}[source.IntN(3)],
			})
		}
		echoes := types.Echoes(all)
		for i, echo := range echoes {
			agree, same := 0, 0
			for _, v := range all {
				if v.Round == all[i].Round && v.Key == all[i].Key && v.Own != "" {
					agree++
					if v.Own == all[i].Own {
						same++
					}
				}
			}
			require.False(t, echo && (all[i].Key == "" || all[i].Own == "" || 3*same > agree || agree-same < 3), "%+v in %+v", all[i], all)
		}
		order := source.Perm(len(all))
		shuffled := make([]types.Vote, len(all))
		for i, at := range order {
			shuffled[i] = all[at]
		}
		for i, echo := range types.Echoes(shuffled) {
			require.Equal(t, echoes[order[i]], echo)
		}
	}
}
