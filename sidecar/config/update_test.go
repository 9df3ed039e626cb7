package config

import (
	"os"
	"path/filepath"
	"testing"

	"aead.dev/minisign"
	"github.com/stretchr/testify/require"
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
	keys, err := UpdateKeys(home)
	require.NoError(t, err)
	require.Len(t, keys, 1)
	keys, err = UpdateKeys(t.TempDir())
	require.NoError(t, err, "a home without settings has the keys of the program")
	require.Empty(t, keys)
	require.NoError(t, os.WriteFile(filepath.Join(home, FileName), []byte("nonsense ["), 0o600))
	_, err = UpdateKeys(home)
	require.ErrorContains(t, err, "cannot read update.key")
}

func TestTheAddressForTheInstallerIsNoSetting(t *testing.T) {
	_, err := Load(homeWith(t, ""), nil, []string{EnvReleases + "=https://releases.example"})
	require.NoError(t, err)
}
