package fleet

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/internal/private/privatetest"
	"github.com/thetaedge/theta/sidecar/overview"
)

// well is a snapshot of a node without trouble.
func well() *overview.Snapshot {
	now := time.Now()
	return &overview.Snapshot{
		Format: overview.Format, At: now, Version: "v1", Moniker: "rig", Mode: "working", Status: "active", Running: 1,
		Why:   []overview.Finding{{Cause: "earning", Sentence: "The node earned."}},
		Today: overview.Sums{Earned: "1500000000000000000"}, Week: overview.Sums{Earned: "9000000000000000000"},
		Chain: &overview.OnChain{At: now, Status: "active", Bond: "100000000000000000000", LeaseSeconds: 80_000, LeaseFullSeconds: 86_400, Grant: &overview.Grant{}},
	}
}

// rig is a node that listens for the fleet.
type rig struct {
	home, address, token string
	last                 func() *overview.Snapshot
}

func serve(t *testing.T, plaintext bool) *rig {
	t.Helper()
	r := &rig{home: t.TempDir(), last: well}
	var err error
	r.token, err = AddToken(r.home, "office", time.Now())
	require.NoError(t, err)
	listener, err := Listen(r.home, "127.0.0.1:0", plaintext)
	require.NoError(t, err)
	r.address = listener.Addr().String()
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(overview.NewMetrics(func() *overview.Snapshot { return r.last() })))
	server := NewServer(ServerConfig{Home: r.home, Last: func() *overview.Snapshot { return r.last() }, Metrics: func() prometheus.Gatherer { return registry }, Names: []string{"rig-1.lan"}, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return r
}

// entry returns the node for a list.
func (r *rig) entry(t *testing.T) Node {
	t.Helper()
	certificate, err := OpenCertificate(r.home, time.Now())
	require.NoError(t, err)
	return Node{Name: "rig", URL: "https://" + r.address, TokenFile: tokenFile(t, r.token), Fingerprint: Fingerprint(certificate)}
}

func tokenFile(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rig.token")
	require.NoError(t, os.WriteFile(path, []byte(token+"\n"), 0o600))
	return path
}

// ask sends a request without TLS.
func (r *rig) ask(t *testing.T, method, path string, change func(*http.Request)) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.address+path, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+r.token)
	if change != nil {
		change(req)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body)
}

func TestANodeAnswersItsOwnersOtherMachine(t *testing.T) {
	r := serve(t, false)
	rows := Ask(t.Context(), []Node{r.entry(t)}, time.Minute)
	require.Empty(t, rows[0].Error)
	require.Equal(t, "rig", rows[0].Snapshot.Moniker)
	table := NewTable(time.Now(), rows)
	require.Equal(t, Working, table.Rows[0].Standing)
	require.Equal(t, "1.5000", Short(table.Totals.Today))
}

// TestTokensThatAreMadeAtTheSameTimeAreAllKept: two commands must not write over each other, and a token that was revoked
// must not come back.
func TestTokensThatAreMadeAtTheSameTimeAreAllKept(t *testing.T) {
	home := t.TempDir()
	_, err := AddToken(home, "old", time.Now())
	require.NoError(t, err)
	var all sync.WaitGroup
	errs := make(chan error, 31)
	for i := range 30 {
		all.Go(func() {
			_, err := AddToken(home, fmt.Sprintf("n%d", i), time.Now())
			errs <- err
		})
	}
	all.Go(func() { errs <- RevokeToken(home, "old") })
	all.Wait()
	for range 31 {
		require.NoError(t, <-errs)
	}
	tokens, err := Tokens(home)
	require.NoError(t, err)
	require.Len(t, tokens, 30)
	for _, token := range tokens {
		require.NotEqual(t, "old", token.Name)
	}
}

// TestATokenIsNotSentToAnotherMachine: the list names the certificate, and an address without TLS needs
// the owner's word.
func TestATokenIsNotSentToAnotherMachine(t *testing.T) {
	r := serve(t, false)
	n := r.entry(t)
	seen := 0
	other := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen++ }))
	defer other.Close()
	n.URL = other.URL
	row := Ask(t.Context(), []Node{n}, time.Minute)[0]
	require.Contains(t, row.Error, "fingerprint")
	require.NotContains(t, row.Error, r.token)
	require.Zero(t, seen)
	n.Fingerprint = ""
	row = Ask(t.Context(), []Node{n}, time.Minute)[0]
	require.Contains(t, row.Error, "certificate", "a certificate of no authority needs a fingerprint")
	require.Zero(t, seen)
	n.URL = "http://192.168.1.20:9773"
	require.ErrorContains(t, n.check(), "insecure-plaintext")
	n.InsecurePlaintext = true
	require.NoError(t, n.check())
}

func TestNothingIsAnsweredWithoutAToken(t *testing.T) {
	r := serve(t, true)
	code, body := r.ask(t, http.MethodGet, SnapshotPath, nil)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, `"moniker":"rig"`)
	for _, token := range []string{"", "Bearer", "Bearer ", "Bearer x", "Basic " + r.token, "Bearer " + r.token[:len(r.token)-1], "Bearer " + strings.Repeat("a", 4_000)} {
		for _, path := range []string{SnapshotPath, "/", "/nothing"} {
			code, body := r.ask(t, http.MethodGet, path, func(req *http.Request) { req.Header.Set("Authorization", token) })
			require.Contains(t, []int{http.StatusUnauthorized, http.StatusTooManyRequests}, code, token)
			require.NotContains(t, body, "moniker")
		}
	}
	require.NoError(t, RevokeToken(r.home, "office"))
	code, _ = r.ask(t, http.MethodGet, SnapshotPath, nil)
	require.NotEqual(t, http.StatusOK, code, "a revoked token is refused at once")
}

// TestPrometheusReadsMetricsWithTheCertificateAsItsAuthority, as deploy/prometheus says.
func TestPrometheusReadsMetricsWithTheCertificateAsItsAuthority(t *testing.T) {
	r := serve(t, false)
	certificate, err := OpenCertificate(r.home, time.Now())
	require.NoError(t, err)
	require.NotContains(t, string(PublicPEM(certificate)), "PRIVATE")
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(PublicPEM(certificate)))
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: CertificateName, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	for token, want := range map[string]int{r.token: http.StatusOK, "tef1_x": http.StatusUnauthorized} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+r.address+MetricsPath, nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, want, res.StatusCode)
		require.Equal(t, want == http.StatusOK, strings.Contains(string(body), "thetaedge_node_jailed 0"))
	}
}

func TestGuessingIsSlowedDownAndDoesNotKeepTheOwnerOut(t *testing.T) {
	r := serve(t, true)
	many := 0
	for i := range 3 * mostGuesses {
		code, _ := r.ask(t, http.MethodGet, SnapshotPath, func(req *http.Request) { req.Header.Set("Authorization", fmt.Sprint("Bearer tef1_", i)) })
		if code == http.StatusTooManyRequests {
			many++
		}
	}
	require.Positive(t, many)
	code, _ := r.ask(t, http.MethodGet, SnapshotPath, nil)
	require.Equal(t, http.StatusOK, code)
}

func TestNothingCanBeChangedAndNoBrowserIsAnswered(t *testing.T) {
	r := serve(t, true)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		code, _ := r.ask(t, method, SnapshotPath, nil)
		require.Equal(t, http.StatusMethodNotAllowed, code)
	}
	for _, path := range []string{"/", "/v1/status", "/metrics", "/settings", "/control/pause", "/../config.toml"} {
		code, _ := r.ask(t, http.MethodGet, path, nil)
		require.Equal(t, http.StatusNotFound, code, path)
	}
	for name, change := range map[string]func(*http.Request){
		"a name of another":  func(req *http.Request) { req.Host = "evil.example" },
		"a page":             func(req *http.Request) { req.Header.Set("Origin", "https://evil.example") },
		"a page of this one": func(req *http.Request) { req.Header.Set("Sec-Fetch-Site", "same-origin") },
	} {
		code, _ := r.ask(t, http.MethodGet, SnapshotPath, change)
		require.Equal(t, http.StatusForbidden, code, name)
	}
	code, _ := r.ask(t, http.MethodGet, SnapshotPath, func(req *http.Request) { req.Host = "RIG-1.lan:9773" })
	require.Equal(t, http.StatusOK, code)
}

// liar answers what a test says instead of a snapshot.
func liar(t *testing.T, answer http.HandlerFunc) Node {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return Node{Name: "liar", URL: server.URL, TokenFile: tokenFile(t, tokenPrefix+"x")}
}

func TestANodeThatLiesIsContained(t *testing.T) {
	reply := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		fault  string
	}{
		"a body without an end": {func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(bytes.Repeat([]byte("a"), 1<<16)); err != nil {
					return
				}
			}
		}, "more than"},
		"a bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 1 << 6 {
				_, _ = z.Write(make([]byte, 1<<20))
			}
			_ = z.Close()
		}, "answered with"},
		"no JSON":           {reply("<html>\x1b[2J"), "something else"},
		"another version":   {reply(`{"format":7,"moniker":{"new":"form"}}`), "format 7"},
		"nothing":           {reply(""), "something else"},
		"an array":          {reply("[1]"), "something else"},
		"wrong types":       {reply(`{"format":1,"height":"high"}`), "something else"},
		"a number too high": {reply(`{"format":1,"height":1e400}`), "something else"},
		"deep":              {reply(`{"format":1,"why":` + strings.Repeat("[", 100_000)), "something else"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://evil.example/", http.StatusFound)
		}, "status 302"},
		"a refusal": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, "refuses the token"},
	} {
		row := Ask(t.Context(), []Node{liar(t, test.answer)}, time.Minute)[0]
		require.Contains(t, row.Error, test.fault, name)
		require.Nil(t, row.Snapshot, name)
		require.NotContains(t, row.Error, "\x1b", name)
		require.LessOrEqual(t, len(row.Error), maxFault)
	}
	s := well()
	s.Moniker, s.Height, s.Today.Earned = "<script>alert(1)</script>\x1b[2J\n", math.MaxInt64, strings.Repeat("9", 1_000)
	s.Chain.Bond = "1e99"
	raw, err := json.Marshal(s)
	require.NoError(t, err)
	table := NewTable(time.Now(), Ask(t.Context(), []Node{liar(t, reply(string(raw)))}, time.Minute))
	require.NotContains(t, table.Rows[0].Snapshot.Moniker, "\x1b")
	require.Equal(t, "0", table.Totals.Today)
	require.Equal(t, "0", table.Totals.Bond)
}

// TestANodeThatHangsDoesNotHoldUpTheTable: the others answer meanwhile, also if many hang.
func TestANodeThatHangsDoesNotHoldUpTheTable(t *testing.T) {
	door, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = door.Close() }()
	r := serve(t, false)
	nodes := []Node{r.entry(t)}
	for i := range abreast - 1 {
		nodes = append(nodes, Node{Name: fmt.Sprint("hung", i), URL: "http://" + door.Addr().String(), TokenFile: tokenFile(t, tokenPrefix+"x")})
	}
	rows := Ask(t.Context(), nodes, 5*time.Second)
	require.Empty(t, rows[0].Error)
	for _, row := range rows[1:] {
		require.Contains(t, row.Error, "no answer within")
	}
}

func TestWhatNeedsAttentionComesFirst(t *testing.T) {
	now := time.Now()
	row := func(name string, change func(*overview.Snapshot)) Row {
		s := well()
		if change != nil {
			change(s)
		}
		return Row{Name: name, Snapshot: s}
	}
	table := NewTable(now, []Row{
		row("working", nil),
		row("idle", func(s *overview.Snapshot) { s.Running = 0 }),
		row("held", func(s *overview.Snapshot) { s.Held = []overview.Hold{{Rule: "idle", Sentence: "used"}} }),
		row("jailed", func(s *overview.Snapshot) { s.Chain.JailUntil = 9 }),
		row("old", func(s *overview.Snapshot) { s.At, s.Chain.At = now.Add(-time.Hour), now.Add(-time.Hour) }),
		row("unregistered", func(s *overview.Snapshot) { s.Chain = nil }),
		{Name: "gone", Error: "cannot be reached"},
	})
	var order []string
	for _, r := range table.Rows {
		order = append(order, r.Name)
		require.NotEmpty(t, r.Sentence, r.Name)
	}
	require.Equal(t, []string{"gone", "old", "jailed", "unregistered", "held", "idle", "working"}, order)
	require.Equal(t, 4, table.Totals.Attention)
	require.Equal(t, 6, table.Totals.Reached)
	require.Equal(t, "9.0000", Short(table.Totals.Today))
}

func TestAListIsReadStrictly(t *testing.T) {
	const good = "[[node]]\nname = \"a\"\nurl = \"https://10.0.0.1:9773\"\ntoken-file = \"a.token\"\n"
	path := filepath.Join(t.TempDir(), ListFile)
	write := func(text string) error {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := ReadList(path)
		return err
	}
	require.NoError(t, write(good))
	for text, want := range map[string]string{
		"": "1 to 500", good + good: "twice", good + "token = \"x\"\n": "token", "x": "TOML",
		strings.Replace(good, `"a"`, `"../a"`, 1): "name", strings.Replace(good, "https", "http", 1): "insecure-plaintext",
		strings.Replace(good, "https", "file", 1): "url", strings.Replace(good, ":9773", ":9773/x?y", 1): "url",
		strings.Replace(good, "a.token", "", 1): "token-file", good + "fingerprint = \"sha256:00\"\n": "fingerprint",
		strings.Replace(good, "https://", "https://user:pass@", 1): "url",
	} {
		require.ErrorContains(t, write(text), want, text)
	}
	_, err := ReadList(filepath.Join(t.TempDir(), ListFile))
	require.ErrorIs(t, err, ErrNoList)
}

func TestATokenThatOthersCouldReadIsNotUsed(t *testing.T) {
	r := serve(t, false)
	n := r.entry(t)
	privatetest.Open(t, n.TokenFile)
	require.Contains(t, Ask(t.Context(), []Node{n}, time.Minute)[0].Error, privatetest.Cure)
}

func TestTokensAreKeptAsDigests(t *testing.T) {
	home := t.TempDir()
	token, err := AddToken(home, "office", time.Now())
	require.NoError(t, err)
	raw, err := os.ReadFile(filepath.Join(home, TokensFile))
	require.NoError(t, err)
	require.NotContains(t, string(raw), token)
	_, err = AddToken(home, "office", time.Now())
	require.ErrorContains(t, err, "no token has")
	_, err = AddToken(home, "../x", time.Now())
	require.ErrorContains(t, err, "name")
	require.ErrorIs(t, RevokeToken(home, "other"), ErrNoToken)
	privatetest.RequireAlone(t, filepath.Join(home, TokensFile))
}

func TestTheCertificateStaysOverRestarts(t *testing.T) {
	home := t.TempDir()
	first, err := OpenCertificate(home, time.Now())
	require.NoError(t, err)
	second, err := OpenCertificate(home, time.Now())
	require.NoError(t, err)
	require.Equal(t, Fingerprint(first), Fingerprint(second))
	require.NoError(t, checkFingerprint(Fingerprint(first)))
	require.NoError(t, os.WriteFile(filepath.Join(home, CertificateFile), []byte("x"), 0o600))
	_, err = OpenCertificate(home, time.Now())
	require.ErrorContains(t, err, "remove the file")
}

func TestShortAmounts(t *testing.T) {
	for amount, want := range map[string]string{
		"": "–", "x": "–", "0": "0.0000", "1": "0.0000", "-1": "0.0000", "1234567890000000000": "1.2345", "-50000000000000000000": "-50.0000",
	} {
		require.Equal(t, want, Short(amount), amount)
	}
}

func FuzzAnswer(f *testing.F) {
	raw, err := json.Marshal(well())
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte(`{"format":1}`))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		if s, err := parse(raw); err == nil {
			NewTable(time.Now(), []Row{{Snapshot: s}})
		}
	})
}
