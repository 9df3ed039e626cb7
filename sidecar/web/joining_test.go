package web_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/why"
	"github.com/thetaedge/theta/testutil/dashboard"
)

// newcomer makes a node one of which nothing is known on the chain. The first finding has a cause.
func (b *browser) newcomer(height int64, trouble string, cause why.Cause) {
	b.t.Helper()
	b.node.Set(func(s *agent.Status) {
		*s = agent.Status{Mode: agent.Starting, NodeStatus: "unregistered", Height: height, LastError: trouble}
	})
	b.node.Explain = func(context.Context) (*sidecarv1.WhyResponse, error) {
		return &sidecarv1.WhyResponse{Findings: []*sidecarv1.Finding{{Cause: string(cause), Sentence: "A sentence."}}}, nil
	}
}

// TestASetUpWithoutTheChainDoesNotSayThatTheNodeIsNotOpen: an owner who has opened it would bond coins again.
func TestASetUpWithoutTheChainDoesNotSayThatTheNodeIsNotOpen(t *testing.T) {
	b := open(t)
	const silent = "the node at 192.0.2.1:9090 does not answer: connection refused"
	b.newcomer(0, silent, why.EndpointUnreachable)
	b.node.Unreachable = true
	for _, lang := range []string{"en", "de"} {
		answer, content := b.send(http.MethodGet, "/setup?operator="+dashboard.Operator(), "", func(r *http.Request) { r.Header.Set("Accept-Language", lang) })
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Contains(t, content, silent)
		require.Contains(t, content, map[string]string{"en": "not known whether this node is open already", "de": "nicht bekannt, ob dieser Knoten schon offen ist"}[lang])
		require.Contains(t, content, "thetaedge keys add operator", "the key needs no chain")
		require.Contains(t, content, "/setup/qr.png?address="+dashboard.Operator(), "neither does the picture of the address")
		require.Equal(t, 1, strings.Count(content, "connection refused"), "it is said once")
	}
	require.Zero(t, b.node.FundsAsked, "a chain that does not answer is not waited for by each view")

	b.node.Unreachable = false
	b.newcomer(7, "worker theta1x serves no node yet; run thetaedge register", why.Unregistered)
	_, content := b.get("/setup?operator=" + dashboard.Operator())
	require.NotContains(t, content, "not known whether")
	require.Contains(t, content, "That is enough for a bond of 100 tfuel")
}

// TestWhatIsRenewedKeepsTheFocus: htmx gives the focus back to what has the same name. Without one, the keyboard
// of an owner would begin at the top of the page with each block.
func TestWhatIsRenewedKeepsTheFocus(t *testing.T) {
	b := open(t)
	held := regexp.MustCompile(`<(?:a|button|summary|select)\b[^>]*>`)
	named := regexp.MustCompile(` id="[^"]+"`)
	look := func(least int) {
		t.Helper()
		_, part := b.get("/part/now?state=old&why=old&more=old&endpoints=old&cards=old&work=old")
		found := held.FindAllString(part, -1)
		require.GreaterOrEqual(t, len(found), least)
		for _, tag := range found {
			require.Regexp(t, named, tag)
		}
	}
	look(4)
	require.NoError(t, b.node.Pause(false))
	look(4)
	_, content := b.get("/")
	require.Contains(t, content, "Blocks until the deadline: 80.")
	b.newcomer(0, "worker theta1x serves no node yet", why.HostsUnlisted)
	look(2)
	_, content = b.get("/")
	require.NotContains(t, content, "Blocks until the deadline", "no block was seen, from which it could be counted")
}

// TestAValueOfAChoiceIsShownInTheLanguageOfThePage, and not as the word of the file.
func TestAValueOfAChoiceIsShownInTheLanguageOfThePage(t *testing.T) {
	b := open(t)
	_, content := b.post("/settings/check", map[string]string{"policy.trust": "any", "alerts.paid-every": "hour"})
	require.Contains(t, content, "Jobs that only their requester judges: take all. Before: take those that name this node.")
	require.Contains(t, content, "What was paid is told at most once an hour.")
}

// TestWhatIsNotThereIsSaidInTheLanguageOfThePage. Errors of the daemon are marked as English.
func TestWhatIsNotThereIsSaidInTheLanguageOfThePage(t *testing.T) {
	b := open(t)
	for path, says := range map[string]string{"/jobs/none/0/0": "Das Journal hat keinen solchen Auftrag", "/none": "Diese Seite gibt es nicht"} {
		answer, content := b.send(http.MethodGet, path, "", func(r *http.Request) { r.Header.Set("Accept-Language", "de") })
		require.Equal(t, http.StatusNotFound, answer.StatusCode)
		require.Contains(t, content, `role="alert">`+says)
	}
}
