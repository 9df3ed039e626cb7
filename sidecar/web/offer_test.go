package web_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/owner"
)

// setHome changes settings of the home of the node.
func (b *browser) setHome(values map[string]string) {
	b.t.Helper()
	draft, err := config.NewDraft(b.node.Home, nil, values)
	require.NoError(b.t, err)
	require.NoError(b.t, draft.Write())
}

// TestTheRecommendedRulesAreSavedWithOneClick: the form of the page is sent as a browser sends it.
func TestTheRecommendedRulesAreSavedWithOneClick(t *testing.T) {
	b := open(t)
	b.setHome(map[string]string{"owner.idle": "", "owner.full-screen": "false", "owner.battery": "false"})
	_, content := b.get("/setup")
	require.Contains(t, content, "You have no rules. The node works at any time")
	require.Contains(t, content, "only after keyboard and mouse were not used for 10m")
	require.Contains(t, content, "The node does not work while a program fills the screen.")
	require.Contains(t, content, "The node does not work while the machine runs on its battery.")
	fields := map[string]string{}
	for _, field := range regexp.MustCompile(`<input type="hidden" name="((?:owner\.|base)[^"]*)" value="([^"]*)">`).FindAllStringSubmatch(content, -1) {
		fields[field[1]] = field[2]
	}
	require.Len(t, fields, 4, "three rules and the file that was seen")
	b.node.Verdict = owner.Decision{}
	code, content := b.post("/settings/save", fields)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, content, "The settings were saved")
	settings, err := config.Load(b.node.Home, nil, nil)
	require.NoError(t, err)
	require.Equal(t, config.Owner{}.WithDesktopRules().Idle, settings.Owner.Idle)
	require.True(t, settings.Owner.FullScreen)
	require.True(t, settings.Owner.Battery)

	_, content = b.get("/setup")
	require.NotContains(t, content, "You have no rules", "the owner's own rules are left alone")
}

// TestTheRecommendedRulesAreNotOfferedInPlaceOfOthers: a file that does not work is not touched either.
func TestTheRecommendedRulesAreNotOfferedInPlaceOfOthers(t *testing.T) {
	b := open(t)
	b.setHome(map[string]string{"owner.hours": "mon-fri 20:00-08:00"})
	_, content := b.get("/setup")
	require.NotContains(t, content, `id="offer"`)
	require.NoError(t, os.WriteFile(filepath.Join(b.node.Home, config.FileName), []byte("[owner"), 0o600))
	code, content := b.get("/setup")
	require.Equal(t, http.StatusOK, code)
	require.NotContains(t, content, `id="offer"`)
}
