package config

import (
	"os"
	"path/filepath"
	"testing"

	"aead.dev/minisign"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/release"
)

func publicKey(t *testing.T) string {
	t.Helper()
	public, _, err := minisign.GenerateKey(nil)
	require.NoError(t, err)
	return public.String()
}

func TestUpdatesAreOffUntilTheOwnerNamesWhereTheyComeFromAndWhoSignsThem(t *testing.T) {
	key := publicKey(t)
	c, err := Load(homeWith(t, ""), nil, nil)
	require.NoError(t, err)
	require.False(t, c.Update.Enabled)
	require.Empty(t, c.Update.URL)
	c, err = Load(homeWith(t, "[update]\nenabled = true\nurl = \"https://releases.example\"\nkey = [\""+key+"\"]\nhours = 12\n"), nil, nil)
	require.NoError(t, err)
	require.Equal(t, 12.0, c.Update.Every().Hours())
	keys, err := c.Update.Keys()
	require.NoError(t, err)
	require.Len(t, keys, 1)
	for text, says := range map[string]string{
		"enabled = true\nkey = [\"" + key + "\"]\n":            "update.url: expected the address of the releases",
		"enabled = true\nurl = \"https://releases.example\"\n": "update.key: expected the public key",
		"url = \"http://releases.example\"\n":                  "update.url: expected an address that begins with https://",
		"key = [\"nonsense\"]\n":                               "update.key: expected a public key of minisign",
		"channel = \"../x\"\n":                                 "update.channel: expected",
		"hours = 0\n":                                          "update.hours: expected 1 to 720, found 0",
		"hours = 100000\n":                                     "update.hours: expected 1 to 720",
	} {
		_, err := Load(homeWith(t, "[update]\n"+text), nil, nil)
		require.ErrorContains(t, err, says, text)
	}
}

// TestTheKeyOfUpdatesIsReadFromSettingsOfANewerProgramToo: else an update that has a setting of its own could not be started.
func TestTheKeyOfUpdatesIsReadFromSettingsOfANewerProgramToo(t *testing.T) {
	home := homeWith(t, "[unknown]\nnew = true\n[update]\nkey = [\""+publicKey(t)+"\"]\n")
	_, err := Load(home, nil, nil)
	require.ErrorContains(t, err, "unknown setting")
	keys, err := UpdateKeys(home, nil, nil)
	require.NoError(t, err)
	require.Len(t, keys, 1)
	keys, err = UpdateKeys(t.TempDir(), nil, nil)
	require.NoError(t, err, "a home without settings has the keys of the program")
	require.Empty(t, keys)
	require.NoError(t, os.WriteFile(filepath.Join(home, FileName), []byte("nonsense ["), 0o600))
	_, err = UpdateKeys(home, nil, nil)
	require.ErrorContains(t, err, "cannot read update.key")
}

// TestTheKeyOfUpdatesIsTheOneThatTheDaemonHas: with another one, a version that the daemon has chosen would be
// given up at the next start.
func TestTheKeyOfUpdatesIsTheOneThatTheDaemonHas(t *testing.T) {
	mine, other := publicKey(t), publicKey(t)
	of := func(home string, flags *pflag.FlagSet, environ []string) release.Keys {
		c, err := Load(home, flags, environ)
		require.NoError(t, err)
		want, err := c.Update.Keys()
		require.NoError(t, err)
		got, err := UpdateKeys(home, flags, environ)
		require.NoError(t, err)
		require.Equal(t, want, got)
		return got
	}
	text := "[update]\nkey = [\"" + mine + "\"]\n"
	home := homeWith(t, text)
	require.Len(t, of(home, nil, nil), 1)
	require.Len(t, of(home, nil, []string{"THETAEDGE_UPDATE_KEY=" + other + ", " + mine}), 2)
	require.Empty(t, of(home, nil, []string{"THETAEDGE_UPDATE_KEY="}))
	require.Len(t, of(homeWith(t, ""), nil, []string{"A=b", "THETAEDGE_UPDATE_KEY=" + other}), 1)
	flags := pflag.NewFlagSet("start", pflag.ContinueOnError)
	require.NoError(t, AddFlags(flags))
	require.NoError(t, flags.Parse([]string{"--update.key", other + "," + mine}))
	require.Len(t, of(home, flags, []string{"THETAEDGE_UPDATE_KEY=" + other}), 2)

	wide := []byte{0xff, 0xfe} // as PowerShell writes it
	for _, c := range text {
		wide = append(wide, byte(c), 0)
	}
	for _, raw := range [][]byte{append([]byte("\xef\xbb\xbf"), text...), wide} {
		require.NoError(t, os.WriteFile(filepath.Join(home, FileName), raw, 0o600))
		require.Len(t, of(home, nil, nil), 1)
	}
}

func TestTheAddressForTheInstallerIsNoSetting(t *testing.T) {
	_, err := Load(homeWith(t, ""), nil, []string{EnvReleases + "=https://releases.example"})
	require.NoError(t, err)
}
