package drand

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/beacon/bls"
	"github.com/thetaedge/theta/x/beacon/types"
)

const genesisAt = int64(1_700_000_000)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// devnet returns a signer behind HTTP. The test sets the signer's clock.
func devnet(t *testing.T, due uint64) (*Signer, *httptest.Server) {
	t.Helper()
	signer, err := NewSigner(bls.GenerateKey(), time.Second, genesisAt)
	require.NoError(t, err)
	signer.now = func() time.Time { return time.Unix(signer.schedule.TimeOf(due), 0) }
	server := httptest.NewServer(signer.Handler())
	t.Cleanup(server.Close)
	return signer, server
}

func newClient(t *testing.T, endpoint string) *Client {
	t.Helper()
	c, err := NewClient(endpoint)
	require.NoError(t, err)
	return c
}

func TestQuicknetsInfoHashesToItsChainHash(t *testing.T) {
	info := Info{
		PublicKey:   types.QuicknetPublicKey,
		Period:      uint32(types.QuicknetPeriodSeconds),
		GenesisTime: types.QuicknetGenesisTime,
		Hash:        "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
		GroupHash:   "f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e",
		SchemeID:    bls.Scheme,
		Metadata:    Metadata{BeaconID: "quicknet"},
	}
	require.NoError(t, info.Validate())
	for name, spoil := range map[string]func(*Info){
		"scheme": func(i *Info) { i.SchemeID = "pedersen-bls-chained" },
		"period": func(i *Info) { i.Period = 0 },
		"hash":   func(i *Info) { i.GenesisTime++ },
		"key":    func(i *Info) { i.PublicKey = i.PublicKey[:10] },
		"group":  func(i *Info) { i.GroupHash = "x" },
	} {
		bad := info
		spoil(&bad)
		require.Error(t, bad.Validate(), name)
	}
}

func TestASignerServesWhatItsClientReads(t *testing.T) {
	signer, server := devnet(t, 5)
	for _, base := range []string{server.URL, server.URL + "/", server.URL + "/" + signer.Info().Hash} {
		c := newClient(t, base)
		info, err := c.Info(t.Context())
		require.NoError(t, err)
		require.Equal(t, signer.Info(), info)
		b, err := c.Round(t.Context(), signer.key.Public(), 4)
		require.NoError(t, err)
		want, err := signer.Round(4)
		require.NoError(t, err)
		require.Equal(t, want, b)
		latest, err := c.Latest(t.Context(), signer.key.Public())
		require.NoError(t, err)
		require.Equal(t, uint64(5), latest.Round)
	}
	_, err := newClient(t, server.URL+"/"+strings.Repeat("00", 32)).Info(t.Context())
	require.Error(t, err)
}

func TestASignerNeverShowsARoundBeforeItsTime(t *testing.T) {
	signer, server := devnet(t, 5)
	c := newClient(t, server.URL)
	_, err := c.Round(t.Context(), signer.key.Public(), 6)
	require.ErrorIs(t, err, ErrNotYet)
	signer.now = func() time.Time { return time.Unix(genesisAt-1, 0) }
	_, err = c.Latest(t.Context(), signer.key.Public())
	require.ErrorIs(t, err, ErrNotYet)
	_, err = c.Round(t.Context(), signer.key.Public(), 0)
	require.ErrorContains(t, err, "400")
}

func TestALyingEndpointIsFoundOut(t *testing.T) {
	key := bls.GenerateKey()
	signature, err := key.Sign(7)
	require.NoError(t, err)
	stranger, err := bls.GenerateKey().Sign(7)
	require.NoError(t, err)
	text := hex.EncodeToString(signature)
	for name, body := range map[string]string{
		"another key's":     `{"round":7,"signature":"` + hex.EncodeToString(stranger) + `"}`,
		"another round":     `{"round":8,"signature":"` + text + `"}`,
		"another random":    `{"round":7,"signature":"` + text + `","randomness":"00"}`,
		"cut":               `{"round":7,"signature":"` + text[:90] + `"}`,
		"no hex":            `{"round":7,"signature":"zz"}`,
		"no JSON":           `<html>`,
		"two values":        `{"round":7,"signature":"` + text + `"}{}`,
		"a round in words":  `{"round":"7","signature":"` + text + `"}`,
		"too much":          `{"round":7,"signature":"` + text + `"}` + strings.Repeat(" ", replyLimit),
		"nothing":           ``,
		"a negative number": `{"round":-7,"signature":"` + text + `"}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, body)
		}))
		_, err := newClient(t, server.URL).Round(t.Context(), key.Public(), 7)
		require.Error(t, err, name)
		require.NotErrorIs(t, err, ErrNotYet, name)
		server.Close()
	}
}

func TestEndpointsThatCannotBeAreRefused(t *testing.T) {
	for _, endpoint := range []string{"", "host", "ftp://host", "http://", "http://host?x=1", "http://host#x", "http://[::1"} {
		_, err := NewClient(endpoint)
		require.Error(t, err, "%q", endpoint)
	}
}

func TestAPoolPassesOverEndpointsThatAreDownOrLie(t *testing.T) {
	signer, honest := devnet(t, 9)
	_, liar := devnet(t, 9)
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	pool := NewPool(quiet(), newClient(t, down.URL), newClient(t, liar.URL), newClient(t, honest.URL))
	b, err := pool.Round(t.Context(), signer.key.Public(), 9)
	require.NoError(t, err)
	require.NoError(t, signer.key.Public().Verify(9, b.Signature))
	_, err = pool.Round(t.Context(), signer.key.Public(), 10)
	require.ErrorIs(t, err, ErrNotYet)
	_, err = NewPool(quiet(), newClient(t, liar.URL)).Round(t.Context(), signer.key.Public(), 9)
	require.ErrorIs(t, err, bls.ErrForged)
}

func TestKeyFilesAreTheirOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "beacon.json")
	key, err := CreateKey(path)
	require.NoError(t, err)
	stat, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), stat.Mode().Perm())
	again, err := LoadKey(path)
	require.NoError(t, err)
	require.Equal(t, key.Public().String(), again.Public().String())

	_, err = CreateKey(path)
	require.ErrorContains(t, err, "found one")
	require.NoError(t, os.Chmod(path, 0o644))
	_, err = LoadKey(path)
	require.ErrorContains(t, err, "0600")
}

func TestKeyFilesThatContradictThemselvesAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "beacon.json")
	_, err := LoadKey(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	secret, err := bls.GenerateKey().Hex()
	require.NoError(t, err)
	for _, text := range []string{
		"", "{}", `{"scheme":"x","secret_key":"` + secret + `"}`,
		`{"scheme":"` + bls.Scheme + `","secret_key":"00"}`,
		`{"scheme":"` + bls.Scheme + `","secret_key":"` + secret + `","public_key":"` + types.QuicknetPublicKey + `"}`,
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := LoadKey(path)
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), secret)
	}
}

func TestASignersPeriodIsWholeSeconds(t *testing.T) {
	for _, period := range []time.Duration{0, time.Millisecond, 1500 * time.Millisecond, 48 * time.Hour} {
		_, err := NewSigner(bls.GenerateKey(), period, 0)
		require.Error(t, err, period.String())
	}
	_, err := NewSigner(bls.GenerateKey(), time.Second, -1)
	require.Error(t, err)
}

var _ Source = (*Client)(nil)

// sourceFunc is a source that calls a function.
type sourceFunc func(round uint64) (Beacon, error)

func (f sourceFunc) Round(_ context.Context, _ bls.PublicKey, round uint64) (Beacon, error) {
	return f(round)
}
