package web_test

import (
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/web"
	"github.com/thetaedge/theta/testutil/dashboard"
)

func TestStrangersSeeNothing(t *testing.T) {
	b := stranger(t)
	for _, path := range append(everyPage(), "/nothing") {
		code, content := b.get(path)
		require.Equal(t, http.StatusUnauthorized, code, path)
		for _, private := range []string{"48190", dashboard.Operator(), "tfuel", b.node.Home, "alert("} {
			require.NotContains(t, content, private, path)
		}
	}
	for _, path := range []string{"/control/pause", "/control/suspend", "/control/resume", "/settings/check", "/settings/save", "/leave"} {
		answer, _ := b.send(http.MethodPost, path, "csrf=x", nil)
		require.Equal(t, http.StatusUnauthorized, answer.StatusCode, path)
	}
	require.Empty(t, b.node.Pauses)
}

func TestPagesOfOthersCannotChangeAnything(t *testing.T) {
	b := open(t)
	token := b.csrf()
	for name, change := range map[string]func(*http.Request){
		"a page of another site":    func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"a page on another port":    func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"an old browser":            func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
		"an old browser, same host": func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:1") },
		"a sandboxed frame":         func(r *http.Request) { r.Header.Set("Origin", "null") },
		"a form of plain text":      func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
		"JSON":                      func(r *http.Request) { r.Header.Set("Content-Type", "application/json") },
		"a form with files":         func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") },
	} {
		answer, _ := b.send(http.MethodPost, "/control/pause", "csrf="+token, change)
		require.Contains(t, []int{http.StatusForbidden, http.StatusUnsupportedMediaType}, answer.StatusCode, name)
	}
	for name, form := range map[string]string{"none": "", "another": "csrf=" + token + "x", "empty": "csrf="} {
		answer, _ := b.send(http.MethodPost, "/control/pause", form, nil)
		require.Equal(t, http.StatusForbidden, answer.StatusCode, name)
		answer, _ = b.send(http.MethodPost, "/settings/save?csrf="+token, form, nil)
		require.Equal(t, http.StatusForbidden, answer.StatusCode, "%s: a token in the address does not count", name)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
		answer, _ := b.send(method, "/control/pause", "", nil)
		require.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode, method)
	}
	code, _ := b.get("/control/pause")
	require.NotEqual(t, http.StatusOK, code, "a link changes nothing")
	require.Empty(t, b.node.Pauses)

	// Another session's token is worth nothing.
	other := &browser{t: t, base: b.base, node: b.node, key: b.key}
	fresh, err := b.key.Token(time.Now())
	require.NoError(t, err)
	answer, _ := other.send(http.MethodGet, "/open?token="+fresh, "", nil)
	require.Len(t, answer.Cookies(), 1)
	answer, _ = other.send(http.MethodPost, "/control/pause", "csrf="+token, func(r *http.Request) { r.AddCookie(answer.Cookies()[0]) })
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
	require.Empty(t, b.node.Pauses)
}

func TestPartsAreNotLoadedByOtherSites(t *testing.T) {
	b := open(t)
	answer, _ := b.send(http.MethodGet, "/data/readings.json", "", func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Site", "same-site")
		r.Header.Set("Sec-Fetch-Mode", "no-cors")
	})
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
	answer, _ = b.send(http.MethodGet, "/", "", func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Sec-Fetch-Mode", "navigate")
	})
	require.Equal(t, http.StatusOK, answer.StatusCode, "a link to the dashboard")
}

func TestANameThatIsResolvedToThisMachineIsRefused(t *testing.T) {
	b := open(t)
	home, err := url.Parse(b.base)
	require.NoError(t, err)
	cookies := b.Jar.Cookies(home)
	require.Len(t, cookies, 1)
	b.Jar = nil // it looks at the name
	for host, code := range map[string]int{
		"evil.example": 403, "evil.example:9772": 403, "127.0.0.1.evil.example": 403, "localhost.evil.example": 403, "192.168.1.7": 403, "0.0.0.0": 403, "[::]": 403, "169.254.1.1:9772": 403,
		"localhost": 200, "localhost:1234": 200, "127.0.0.1:1": 200, "[::1]:9772": 200, "127.3.2.1": 200,
	} {
		answer, content := b.send(http.MethodGet, "/", "", func(r *http.Request) {
			r.Host = host
			r.AddCookie(cookies[0])
		})
		if code == 200 {
			require.Equal(t, 200, answer.StatusCode, host)
			continue
		}
		require.Equal(t, http.StatusForbidden, answer.StatusCode, host)
		require.NotContains(t, content, "48190", host)
	}
}

func TestAnswersTellTheBrowserToRunNothingOfOthers(t *testing.T) {
	b := open(t)
	for _, path := range append(everyPage(), "/nothing", "/static/app.css", "/static/none", "/open?token=x") {
		answer, content := b.send(http.MethodGet, path, "", nil)
		h := answer.Header
		require.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'", h.Get("Content-Security-Policy"), path)
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"), path)
		require.Empty(t, h.Get("Access-Control-Allow-Origin"), path)
		if !strings.HasPrefix(path, "/static/app") {
			require.Equal(t, "no-store", h.Get("Cache-Control"), path)
		}
		if strings.HasPrefix(h.Get("Content-Type"), "text/html") {
			require.NotRegexp(t, `(?i)<script(?:>|\s+(?:[^s>]|s[^r]))`, content, "%s: an inline script", path)
			require.NotRegexp(t, `(?i)<style|\sstyle=|\son[a-z]+="`, content, "%s: an inline style or handler", path)
			require.NotRegexp(t, `(?i)(?:src|href)="(?:https?:)?//`, content, "%s: a file from elsewhere", path)
		}
	}
}

func TestTextsOfStrangersAreShownAndNotRun(t *testing.T) {
	b := open(t)
	seen := 0
	for _, path := range everyPage() {
		_, content := b.get(path)
		require.NotContains(t, content, "<script>alert", path)
		require.NotContains(t, content, "<img src=x", path)
		seen += strings.Count(content, "&lt;script&gt;alert(1)")
	}
	require.Greater(t, seen, 6, "the texts are on the pages")
	hostile := url.QueryEscape(dashboard.Hostile)
	for _, path := range []string{"/jobs?phase=" + hostile, "/jobs?page=" + hostile, "/setup?operator=" + hostile, "/jobs/" + hostile + "/0/0", "/open?token=" + hostile, "/logs?show=" + hostile} {
		_, content := b.get(path)
		require.NotContains(t, content, "<script>alert", path)
		require.NotContains(t, content, "<img src=x", path)
	}
	_, content := b.post("/settings/check", map[string]string{"tensors.device": dashboard.Hostile, "policy.min-rewards": dashboard.Hostile})
	require.NotContains(t, content, "<script>alert")
	require.NotContains(t, content, "<img src=x")
	require.Contains(t, content, "&lt;script&gt;alert(1)")
}

func TestFilesOutsideOfTheFolderAreNotServed(t *testing.T) {
	b := open(t)
	for _, path := range []string{
		"/static/", "/static", "/static/../go.mod", "/static/..%2f..%2fgo.mod", "/static/%2e%2e/templates/now.html", "/static/....//templates/now.html", "/static//etc/passwd",
		"/static/..%5c..%5cgo.mod", "/static/%00", "/templates/now.html", "/static/app.css/", "/static/./app.css%00.js", "/jobs/..%2f..%2fdashboard.key/0/0", "/jobs/../../dashboard.key", "/dashboard.key",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.base, nil)
		require.NoError(t, err)
		request.URL.Opaque = path // as it is, without cleaning
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		answer, err := b.Do(request)
		require.NoError(t, err, path)
		require.NoError(t, answer.Body.Close())
		require.Contains(t, []int{301, 307, 308, 400, 404}, answer.StatusCode, path)
	}
}

func TestLargeFormsAreRefused(t *testing.T) {
	b := open(t)
	token := b.csrf()
	for path, status := range map[string]int{"/control/pause": 413, "/settings/check": 413, "/settings/save": 413} {
		answer, _ := b.send(http.MethodPost, path, "csrf="+token+"&x="+strings.Repeat("a", 80<<10), nil)
		require.Equal(t, status, answer.StatusCode, path)
	}
	require.Empty(t, b.node.Pauses)
	answer, _ := b.send(http.MethodGet, "/", "", func(r *http.Request) { r.Header.Set("X-Long", strings.Repeat("a", 64<<10)) })
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, answer.StatusCode)
	b = stranger(t)
	answer, _ = b.send(http.MethodPost, "/open", "token="+strings.Repeat("a", 80<<10), nil)
	require.Equal(t, http.StatusRequestEntityTooLarge, answer.StatusCode, "before anything is known about the browser")
}

func TestTokensCannotBeGuessedAndGuessesDoNotKeepTheOwnerOut(t *testing.T) {
	b := stranger(t)
	refused := 0
	for range 30 {
		answer, _ := b.send(http.MethodPost, "/open", "token=guess", nil)
		require.Empty(t, answer.Cookies())
		if answer.StatusCode == http.StatusTooManyRequests {
			require.Equal(t, "60", answer.Header.Get("Retry-After"))
			refused++
		}
	}
	require.Equal(t, 20, refused)
	token, err := b.key.Token(time.Now())
	require.NoError(t, err)
	code, _ := b.get("/open?token=" + token)
	require.Equal(t, http.StatusOK, code, "wrong tokens, which any page of another site can send, do not keep the owner out")
}

func TestGuessesOfOthersDoNotEndASession(t *testing.T) {
	b := open(t)
	for range 20 {
		b.send(http.MethodPost, "/open", "token=guess", nil)
	}
	code, _ := b.get("/")
	require.Equal(t, http.StatusOK, code)
}

func TestSigningOutEndsEverySession(t *testing.T) {
	b := open(t)
	code, _ := b.post("/leave", nil)
	require.Equal(t, http.StatusUnauthorized, code, "the door after it")
	code, _ = b.get("/")
	require.Equal(t, http.StatusUnauthorized, code)
	token, err := b.key.Token(time.Now())
	require.NoError(t, err)
	code, _ = b.get("/open?token=" + token)
	require.Equal(t, http.StatusUnauthorized, code, "the old key makes no tokens any more")
}

func TestAListenerThatOtherMachinesReachIsRefused(t *testing.T) {
	node, err := dashboard.Open(t.TempDir(), time.Now())
	require.NoError(t, err)
	defer func() { require.NoError(t, node.Close()) }()
	server, err := web.NewServer(web.Config{Node: node, Home: node.Home, Language: "auto", Sensors: dashboard.Sensors{}, Logs: web.NewLogs(), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	require.ErrorContains(t, server.Serve(t.Context(), listener), "this machine only")
	_, err = listener.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}
