package web_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/testutil/dashboard"
)

func TestTheFirstPageShowsWhichFullNodeIsAskedAndWhatIsWrongWithTheOthers(t *testing.T) {
	b := open(t)
	b.node.Ask(
		grpcnode.EndpointState{Address: "https://first.example:443", Height: 12_345, Trouble: "it serves another chain " + dashboard.Hostile},
		grpcnode.EndpointState{Address: "https://second.example:443", Height: 48_210, Used: true},
	)
	_, content := b.get("/")
	require.Contains(t, content, "Full nodes of the chain")
	require.Contains(t, content, "https://first.example:443")
	require.Contains(t, content, "block 12\u202f345")
	require.Contains(t, content, "it serves another chain &lt;script&gt;")
	require.Contains(t, content, "https://second.example:443")
	require.NotContains(t, content, dashboard.Hostile)

	b.node.Ask(grpcnode.EndpointState{Address: "https://second.example:443", Height: 48_210, Used: true})
	_, content = b.get("/")
	require.NotContains(t, content, "https://second.example:443", "a single one without trouble is not worth a list")

	b.node.Ask(grpcnode.EndpointState{Address: "https://second.example:443", Used: true, Trouble: "it does not answer"})
	_, content = b.get("/")
	require.Contains(t, content, "it does not answer")
	require.Contains(t, content, "asked all the same")
}
