package blob

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnAddressIsReadInOneWay(t *testing.T) {
	for address, want := range map[string]string{
		"https://Relay.Example:443": "relay.example", "http://relay.example:80/x": "relay.example",
		"https://relay.example:80": "relay.example:80", "http://127.0.0.1:7070": "127.0.0.1:7070",
	} {
		audience, err := Audience(address)
		require.NoError(t, err)
		require.Equal(t, want, audience)
	}
	for address, says := range map[string]string{
		"relay.example": `found scheme ""`, "ftp://relay.example": `found scheme "ftp"`, "http://": "with a host", "http://[::1/?secret": "no URL",
	} {
		_, err := Audience(address)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestABoxIsFoundInTheAddressOfItsContent(t *testing.T) {
	box, digest := strings.Repeat("ab", 32), DigestOf(nil).String()
	for path, want := range map[string]string{
		box: box, box + "/": box, box + "/" + digest: box,
		box + "/tasks/7": box + "/tasks/7", box + "/tasks/7/" + digest: box + "/tasks/7",
		"short": "", box + "/other/7/" + digest: "", box + "/tasks/7/" + digest + "/x": "", box + "?x=y": "",
	} {
		u, err := url.Parse("https://relay.example/below" + DropsPath + path)
		require.NoError(t, err)
		found, ok := BoxPath(u)
		require.Equal(t, want != "", ok, path)
		require.Equal(t, want, found, path)
	}
	for path, ok := range map[string]bool{
		box: true, box + "/tasks/{task}": true, box + "/tasks/0": true, box + "/tasks/07": false, box + "/tasks/": false, box + "/tasks/-1": false,
	} {
		found, is := CutTask(path)
		require.Equal(t, ok, is, path)
		require.Equal(t, box, found, path)
	}
}
