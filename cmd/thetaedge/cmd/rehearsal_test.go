package cmd

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/rehearsal"
)

func TestASelfTestSaysWhichFlagIsMissing(t *testing.T) {
	home := newHome(t)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--self-test"}, "expected the operator's key in --from"},
		{[]string{"--self-test", "--from", "operator"}, "expected the base URL of a relay in --relay"},
		{[]string{"--self-test", "--from", "operator", "--relay", "http://127.0.0.1:1", "--generate-only"}, "without --generate-only"},
		{[]string{"--from", "operator"}, "expected it with --self-test"},
		{[]string{"--output", "xml"}, "--output: expected text or json"},
	} {
		_, err := run(t, append([]string{"doctor", "--home", home}, c.args...)...)
		require.ErrorContains(t, err, c.says)
	}
}

func TestDoctorPrintsItsChecksForPrograms(t *testing.T) {
	home := newHome(t)
	root, err := Root()
	require.NoError(t, err)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(new(bytes.Buffer))
	root.SetArgs([]string{"doctor", "--home", home, "--chain.grpc", "127.0.0.1:1", "--output", "json"})
	// What else fails depends on the machine.
	require.ErrorContains(t, root.ExecuteContext(t.Context()), "checks failed")
	var answer struct {
		Checks   []checked
		SelfTest *rehearsal.Report `json:"self_test"`
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &answer), out.String())
	require.Nil(t, answer.SelfTest)
	verdicts := map[string]verdict{}
	for _, c := range answer.Checks {
		verdicts[c.Check] = c.Verdict
	}
	require.Equal(t, good, verdicts["settings"])
	require.Equal(t, missing, verdicts["chain"])
}

func TestTheTableOfASelfTestNamesTheLegAndTheCure(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, printRehearsal(&out, &rehearsal.Report{
		JobID: "9-0-0", Failed: rehearsal.Fetch, Legs: []rehearsal.Outcome{
			{Leg: rehearsal.Claim, Done: true, Millis: 1500, Detail: "by lot", Does: "claims"},
			{Leg: rehearsal.Fetch, Millis: 20, Error: "connection\nrefused", Cure: "check the relay", Does: "fetches"},
			{Leg: rehearsal.Run, Does: "runs"},
		},
	}))
	require.Equal(t, `LEG    TOOK  RESULT                      WHAT HAPPENS
claim  1.5s  ok, by lot                  claims
fetch  20ms  FAILED: connection refused  fetches
run          not reached                 runs
the leg "fetch" failed; what to do: check the relay
`, out.String())
}
