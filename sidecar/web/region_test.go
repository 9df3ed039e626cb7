package web_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/agent"
)

// TestTheRegionOfTheCommandIsTheOwnersAndNotOurs: where the settings do not name one, the command is refused as it is.
func TestTheRegionOfTheCommandIsTheOwnersAndNotOurs(t *testing.T) {
	b := open(t)
	b.node.Set(func(s *agent.Status) { s.Operator, s.NodeStatus = "", "unregistered" })
	b.node.Started = new(b.node.Running())
	b.node.Started.Dashboard.Carbon = ""
	_, content := b.get("/setup")
	require.Contains(t, content, "thetaedge register --from operator --region REGION --home ")
	require.Contains(t, content, "Put where this machine is for REGION")
	b.node.Started.Dashboard.Carbon = "fr"
	_, content = b.get("/setup")
	require.Contains(t, content, "thetaedge register --from operator --region fr --home ")
	require.NotContains(t, content, "REGION")
	b.node.Started.Dashboard.Carbon = "42"
	_, content = b.get("/setup")
	require.Contains(t, content, "--region REGION")
}
