package blob

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// plainSigner shows the message in place of a signature.
type plainSigner struct{}

func (plainSigner) Public() []byte                      { return []byte("key") }
func (plainSigner) Sign(message []byte) ([]byte, error) { return message[:10], nil }

func signedPass(t testing.TB) string {
	t.Helper()
	u, err := url.Parse("https://Relay.Example:443/v1/drops/" + strings.Repeat("ab", 32) + "/tasks/7/" + DigestOf(nil).String())
	require.NoError(t, err)
	text, err := (&Work{Chain: "theta-1", Job: "1-0-0", Task: 7, Signer: plainSigner{}}).Sign(u, DigestOf(nil), 0, time.Unix(1000, 0))
	require.NoError(t, err)
	return text
}

func TestAPassIsReadAsItWasSigned(t *testing.T) {
	p, err := ParsePass(signedPass(t))
	require.NoError(t, err)
	require.Equal(t, &Pass{
		Chain: "theta-1", Job: "1-0-0", Task: 7, Audience: "relay.example", Expires: 1000 + 24*3600,
		Key: []byte("key"), Signature: []byte(passVersion[:10]),
	}, p)

	presigned, err := url.Parse("https://store.example/object?signature=x")
	require.NoError(t, err)
	none, err := (&Work{Signer: plainSigner{}}).Sign(presigned, DigestOf(nil), 0, time.Unix(1000, 0))
	require.NoError(t, err)
	require.Empty(t, none, "a presigned address needs no pass")
	box, err := url.Parse("https://relay.example/v1/drops/" + strings.Repeat("ab", 32))
	require.NoError(t, err)
	for _, bad := range []Work{{Chain: "", Job: "1"}, {Chain: "two words", Job: "1"}, {Chain: "c", Job: strings.Repeat("1", maxPassField+1)}} {
		bad.Signer = plainSigner{}
		_, err := bad.Sign(box, DigestOf(nil), 0, time.Unix(1000, 0))
		require.ErrorContains(t, err, "plain characters")
	}
}

func FuzzParsePass(f *testing.F) {
	f.Add(signedPass(f))
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePass(text)
		if err != nil {
			return
		}
		again, err := ParsePass(p.encode())
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}
