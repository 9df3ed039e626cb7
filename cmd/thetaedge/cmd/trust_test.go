package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/config"
)

func TestInitWritesWhomTheMachineBelieves(t *testing.T) {
	home, hash := filepath.Join(t.TempDir(), "edge"), strings.Repeat("ab", 32)
	_, err := run(t, "init", "--home", home, "--grpc", "https://node.example:443", "--rpc", "https://rpc.example:443",
		"--witness", "https://one.example:443", "--witness", "https://two.example:443", "--trust-height", "1200", "--trust-hash", hash)
	require.NoError(t, err)
	settings, err := config.Load(home, nil, nil)
	require.NoError(t, err)
	require.Equal(t, "proof", settings.Chain.Verify)
	require.Equal(t, []string{"https://one.example:443", "https://two.example:443"}, settings.Chain.Witnesses)
	require.Equal(t, int64(1200), settings.Chain.TrustHeight)
	require.Equal(t, hash, settings.Chain.TrustHash)
	require.Equal(t, "https://rpc.example:443", settings.Chain.RPC)
}

func TestInitTakesSeveralNodesThePreferredOneFirst(t *testing.T) {
	home := filepath.Join(t.TempDir(), "edge")
	_, err := run(t, "init", "--home", home, "--grpc", "https://one.example:443", "--grpc", "https://two.example:443")
	require.NoError(t, err)
	settings, err := config.Load(home, nil, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"https://one.example:443", "https://two.example:443"}, settings.Chain.Endpoints())
}

func TestInitMakesNoHomeThatCouldNotWork(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"plaintext beyond this machine":           {[]string{"--grpc", "node.example:9090"}, "insecure-plaintext"},
		"a second node in plaintext":              {[]string{"--grpc", "127.0.0.1:1", "--grpc", "node.example:9090"}, "insecure-plaintext"},
		"the same node twice":                     {[]string{"--grpc", "127.0.0.1:1", "--grpc", "127.0.0.1:1"}, "each once"},
		"a witness in plaintext":                  {[]string{"--witness", "node.example:9090"}, "insecure-plaintext"},
		"an RPC in plaintext":                     {[]string{"--rpc", "tcp://node.example:26657"}, "insecure-plaintext"},
		"a height without a hash":                 {[]string{"--trust-height", "7"}, "trust-hash"},
		"agreement without anybody to agree with": {[]string{"--verify", "agreement"}, "witnesses"},
	} {
		t.Run(name, func(t *testing.T) {
			home := filepath.Join(t.TempDir(), "edge")
			_, err := run(t, append([]string{"init", "--home", home}, c.args...)...)
			require.ErrorContains(t, err, c.want)
			require.NoFileExists(t, filepath.Join(home, config.FileName))
		})
	}
	home := filepath.Join(t.TempDir(), "edge")
	_, err := run(t, "init", "--home", home, "--grpc", "node.example:9090", "--insecure-plaintext")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(home, config.FileName))
	require.NoError(t, err)
	require.Contains(t, string(text), "insecure-plaintext = true")
}
