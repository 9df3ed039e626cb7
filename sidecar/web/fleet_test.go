package web_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/fleet"
	"github.com/thetaedge/theta/testutil/dashboard"
)

func TestTheOwnersNodesAreShownThoseFirstThatNeedAttention(t *testing.T) {
	b := open(t)
	_, content := b.get("/fleet")
	require.Contains(t, content, "docs/operators/fleet.md", "there is no list yet")
	stop, err := dashboard.Fleet(b.node.Home)
	t.Cleanup(func() { require.NoError(t, stop()) })
	require.NoError(t, err)
	// The page does not wait for nodes for long. On a slow machine, a later one has their answers.
	require.Eventually(t, func() bool {
		_, content = b.get("/fleet")
		return strings.Contains(content, "edge node")
	}, 60e9, 50e6)
	at := 0
	for _, name := range []string{"cellar", "lab-1", "office", "attic"} {
		found := strings.Index(content, "<strong>"+name+"</strong>")
		require.Greater(t, found, at, name)
		at = found
	}
	require.Contains(t, content, "1.2500 tfuel today")
	require.Contains(t, content, "The node is jailed")
	require.NotContains(t, content, "<script>alert")
	require.NotContains(t, content, "tef1_")
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		answer, _ := b.send(method, "/fleet", "", nil)
		require.GreaterOrEqual(t, answer.StatusCode, 400, "nothing can be changed there")
	}
}

func TestAListOfNodesThatIsWrongIsExplained(t *testing.T) {
	b := open(t)
	require.NoError(t, os.WriteFile(filepath.Join(b.node.Home, fleet.ListFile), []byte("[[node]]\nname = \"<script>alert(1)</script>\"\n"), 0o600))
	_, content := b.get("/fleet")
	require.Contains(t, content, "expected a name")
	require.NotContains(t, content, "<script>alert")
}

func TestAlertsAreShownWithTheHealthOfTheirTargets(t *testing.T) {
	b := open(t)
	_, content := b.get("/alerts")
	require.Contains(t, content, "A graphics card must not be used")
	require.Contains(t, content, "535 authentication failed")
	require.Contains(t, content, "Alerts that never arrived: 2")
	require.NotContains(t, content, "<script>alert")
}
