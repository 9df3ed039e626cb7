package web_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/testutil/dashboard"
)

func TestTheRulesOfTheOwnerAreCheckedWrittenAndJudged(t *testing.T) {
	b := open(t)
	b.node.Started = new(b.node.Running())
	fields := map[string]string{"owner.hours": "mon-fri 20:00-08:00\r\nsat,sun", "owner.idle": "10m", "owner.battery": "true", "owner.wind-down": ""}
	code, content := b.post("/settings/check", fields)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, content, "The node works only at these times: mon-fri 20:00-08:00, sat,sun.")
	require.Contains(t, content, "only after keyboard and mouse were not used for 10m")
	require.Contains(t, content, "The node does not work while the machine runs on its battery.")
	require.Contains(t, content, "The node takes new work until the end of the hours.")
	require.NotContains(t, content, "thetaedge register", "the rules are not declared on the chain")
	require.Empty(t, b.node.Judged)

	b.node.Verdict = owner.Decision{Action: owner.Suspend, Reasons: []owner.Reason{
		{Rule: owner.Idle, Action: owner.Suspend, Sentence: "the mouse was used 3s ago " + dashboard.Hostile, Cure: "leave the machine alone", Since: time.Now()},
	}, Blind: []owner.Blind{{Rule: owner.Battery, Why: "no battery"}}}
	fields["base"] = regexp.MustCompile(`name="base" value="([0-9a-f]+)"`).FindStringSubmatch(content)[1]
	code, content = b.post("/settings/save", fields)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, content, "which count after a restart, the machine would be held back now")
	require.Contains(t, content, "the mouse was used 3s ago")
	require.NotContains(t, content, dashboard.Hostile)
	require.Contains(t, content, "no battery")
	require.Len(t, b.node.Judged, 1)
	require.Equal(t, []string{"mon-fri 20:00-08:00", "sat,sun"}, b.node.Judged[0].Hours)
	require.True(t, b.node.Judged[0].Battery)

	// After the restart.
	b.node.Started, b.node.Verdict = nil, owner.Decision{}
	_, content = b.get("/settings?saved=yes")
	require.Contains(t, content, "Your rules allow work now.")
}

func TestRulesThatCannotBeKeptAreRefusedByTheField(t *testing.T) {
	b := open(t)
	path := filepath.Join(b.node.Home, config.FileName)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	for key, wrong := range map[string]string{
		"owner.hours": "mon 08:00-08:00", "owner.idle": "1s", "owner.processes": "*", "owner.cpu": "0%",
		"owner.gpu-temperature": "500C", "owner.suspend": "moon", "owner.free-disk": "much", "owner.strict": "perhaps",
	} {
		code, content := b.post("/settings/check", map[string]string{key: wrong})
		require.Equal(t, http.StatusUnprocessableEntity, code, key)
		if key != "owner.strict" { // which is chosen from two
			require.Regexp(t, `name="`+regexp.QuoteMeta(key)+`"[^>]* aria-invalid="true"`, content)
		}
	}
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)
}
