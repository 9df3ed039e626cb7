package cmd

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/why"
)

// causesIn returns the causes of an answer in JSON.
func causesIn(t *testing.T, out string) []string {
	t.Helper()
	var answer struct{ Findings []struct{ Cause string } }
	require.NoError(t, json.Unmarshal([]byte(out), &answer), out)
	var causes []string
	for _, f := range answer.Findings {
		causes = append(causes, f.Cause)
	}
	return causes
}

func TestWhyNamesADaemonThatDoesNotRunBeforeItsWrongEndpoint(t *testing.T) {
	home := newHome(t)
	out, err := run(t, "why", "--home", home, "--chain.grpc", "127.0.0.1:1")
	require.NoError(t, err)
	require.Regexp(t, `^The daemon does not run, so the node takes no tasks\.\n  what to do: run thetaedge start --home `, out)
	require.Contains(t, out, "- The node of the chain at 127.0.0.1:1 does not answer.")
	out, err = run(t, "why", "--home", home, "--chain.grpc", "127.0.0.1:1", "--output", "json")
	require.NoError(t, err)
	require.Equal(t, []string{string(why.DaemonStopped), string(why.EndpointUnreachable), string(why.NotKnown)}, causesIn(t, out))
	_, err = run(t, "why", "--home", home, "--output", "xml")
	require.ErrorContains(t, err, "--output: expected text or json")
}

func TestWhyNamesTheEndpointForWhichADaemonWaits(t *testing.T) {
	home := newHome(t)
	require.NoError(t, daemon{PID: os.Getpid(), Waiting: "nothing answers there"}.write(home))
	out, err := run(t, "why", "--home", home, "--chain.grpc", "127.0.0.1:1")
	require.NoError(t, err)
	require.Regexp(t, `^The node of the chain at 127\.0\.0\.1:1 does not answer\.`, out)
	require.Contains(t, out, "the daemon waits: nothing answers there")
	require.NotContains(t, out, "daemon does not run")
}

func TestTheTextOfAnExplanationCannotMoveTheCursor(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, printWhy(&out, &sidecarv1.WhyResponse{Findings: []*sidecarv1.Finding{
		{Sentence: "first.\x1b[2J", Cure: "a\nb"}, {Sentence: "second.", Evidence: []string{"it\r\nis"}},
	}}))
	require.Equal(t, "first. [2J\n  what to do: a b\n\nAlso:\n- second.\n    it is\n", out.String())
}
