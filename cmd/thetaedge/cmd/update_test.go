package cmd

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
)

func TestAnUpdateWithoutAnAddressOrAKeySaysWhatIsMissing(t *testing.T) {
	home := newHome(t)
	_, err := run(t, "update", "--home", home)
	require.ErrorContains(t, err, "update.url: expected the address of the releases in config.toml, found none")
	_, err = run(t, "update", "--check", "--home", home, "--update.url", "http://releases.example")
	require.ErrorContains(t, err, "https://")
	_, err = run(t, "update", "--apply", "--home", home, "--update.url", "http://127.0.0.1:1")
	require.Error(t, err)
	_, err = run(t, "update", "--rollback", "--home", home)
	require.ErrorContains(t, err, "expected an update to take back, found none")
	_, err = run(t, "update", "--apply", "--rollback", "--home", home)
	require.Error(t, err)
}

func TestTheStatusNamesTheVersionThatTheChainAsksFor(t *testing.T) {
	for _, c := range []struct {
		status *sidecarv1.StatusResponse
		says   string
	}{
		{&sidecarv1.StatusResponse{Version: "1.4.0"}, `version +1\.4\.0`},
		{&sidecarv1.StatusResponse{Version: "1.4.0", MinVersion: "1.3.0"}, `version +1\.4\.0; the chain asks for 1\.3\.0 or newer`},
		{&sidecarv1.StatusResponse{Version: "dev", MinVersion: "1.3.0"}, `version +dev, which is not a release; the chain asks for 1\.3\.0 or newer, which cannot be compared`},
		{&sidecarv1.StatusResponse{Version: "1.2.0", MinVersion: "1.3.0", Outdated: "the chain asks for version 1.3.0 or newer"}, `version +1\.2\.0; the chain asks for version 1\.3\.0 or newer`},
		{&sidecarv1.StatusResponse{Version: "1.4.0", Update: "version 1.5.0 is ready"}, `update +version 1\.5\.0 is ready`},
	} {
		var out bytes.Buffer
		require.NoError(t, printStatus(&out, c.status))
		require.Regexp(t, "(?m)^"+c.says+"$", out.String())
	}
}
