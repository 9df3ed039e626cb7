package web_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
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
	b.node.ReloadError = errors.New("the disk is full")
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

	require.Regexp(t, `start it again to use the file:</p><ul><li><code>owner.battery</code></li><li><code>owner.hours</code></li><li><code>owner.idle</code></li><li><code>owner.wind-down</code></li></ul>`, content)

	// After the restart.
	b.node.Started, b.node.Verdict = nil, owner.Decision{}
	_, content = b.get("/settings?saved=yes")
	require.Contains(t, content, "Your rules allow work now.")
}

// TestSavedRulesAreInForceAtOnce: the daemon reads them again. What needs another start of it is named, before and after.
func TestSavedRulesAreInForceAtOnce(t *testing.T) {
	b := open(t)
	b.node.Started = new(b.node.Running())
	save := func(fields map[string]string) (asked, saved string) {
		_, asked = b.post("/settings/check", fields)
		fields["base"] = regexp.MustCompile(`name="base" value="([0-9a-f]+)"`).FindStringSubmatch(asked)[1]
		code, saved := b.post("/settings/save", fields)
		require.Equal(t, http.StatusOK, code)
		return asked, saved
	}
	asked, saved := save(map[string]string{"owner.battery": "true"})
	require.Contains(t, asked, "The settings count as soon as they are saved.")
	require.NotContains(t, asked, "next start")
	require.True(t, b.node.Running().Owner.Battery)
	require.Contains(t, saved, "Your rules allow work now.")
	require.NotContains(t, saved, "start it again")

	asked, saved = save(map[string]string{"owner.battery": "false", "policy.max-jobs": "3"})
	require.Equal(t, 1, strings.Count(asked, "This counts from the next start of the daemon on."))
	require.Contains(t, asked, "Some of the settings count from the next start")
	require.False(t, b.node.Running().Owner.Battery)
	require.NotEqual(t, 3, b.node.Running().Policy.MaxJobs)
	require.Contains(t, saved, "<li><code>policy.max-jobs</code></li>")
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
