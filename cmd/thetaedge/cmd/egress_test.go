package cmd

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/config"
)

func TestInitWritesTheHostsThatJobsMayName(t *testing.T) {
	home := filepath.Join(t.TempDir(), "edge")
	_, err := run(t, "init", "--home", home, "--relay", "http://127.0.0.1:7070/", "--relay", "*.relay.example", "--relay", "https://Other.example")
	require.NoError(t, err)
	settings, err := config.Load(home, nil, nil)
	require.NoError(t, err)
	require.Equal(t, append([]string{"127.0.0.1:7070", "*.relay.example", "Other.example"}, config.Default().Egress.Hosts...), settings.Egress.Hosts)

	home = filepath.Join(t.TempDir(), "edge")
	_, err = run(t, "init", "--home", home, "--relay", "ftp://relay.example")
	require.ErrorContains(t, err, "egress.hosts")
	require.ErrorContains(t, err, "without https://")
	require.NoDirExists(t, home, "a wrong relay leaves nothing behind")
}

func TestDoctorSaysWhichServersJobsMayName(t *testing.T) {
	home := filepath.Join(t.TempDir(), "edge")
	_, err := run(t, "init", "--home", home, "--grpc", "127.0.0.1:1")
	require.NoError(t, err)
	for hosts, want := range map[string]string{
		"*":             "warn     egress       jobs may name every server in the world",
		"":              "MISSING  egress       jobs may name no server",
		"relay.example": "ok       egress       jobs may name relay.example; all others are left to other nodes",
	} {
		out, err := run(t, "doctor", "--home", home, "--egress.hosts", hosts)
		require.Error(t, err)
		require.Contains(t, out, want)
	}
	out, err := run(t, "doctor", "--home", home, "--egress.hosts", "relay.example", "--relay", "http://127.0.0.1:1")
	require.Error(t, err)
	require.Contains(t, out, `MISSING  relay        expected a relay of egress.hosts, found 127.0.0.1, so that the node leaves its jobs to others; if you trust it, add "127.0.0.1:1" to egress.hosts`)
}

func TestStatusSaysWhatHasPassedTheLine(t *testing.T) {
	require.Empty(t, trafficOf(&sidecarv1.StatusResponse{}))
	s := &sidecarv1.StatusResponse{LineReceivedToday: 3 << 20, LineSentToday: 1 << 20}
	require.Equal(t, "jobs have received 3.0 MiB and sent 1.0 MiB today (UTC)", trafficOf(s))
	s.LineMaxDay = 5 << 20
	require.Equal(t, "jobs have received 3.0 MiB and sent 1.0 MiB today (UTC), of at most 5.0 MiB (egress.max-day)", trafficOf(s))
	s.LineMaxDay = 4 << 20
	require.Contains(t, trafficOf(s), "nothing new is claimed until midnight")
}
