package types_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

// votes reads "aab- aaaa": a letter is a result, "-" silence, a word a round.
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
		// Where no other can be had, it fails: its replicas are parties.
		{"aab", true, fail, ""},
		{"aa-", true, fail, ""},
		{"a--", true, fail, ""},
		{"ab-", true, fail, ""},
		{"abc", true, fail, ""},
		{"---", true, fail, ""},
		// Whoever joins as an auditor is a party like the others.
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
		// Later rounds need two thirds of all replicas, silent ones included.
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

// Where honest machines may differ, two thirds of the first round are a result, and
// there is no other round.
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
