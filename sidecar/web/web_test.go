package web_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/earnings"
	"github.com/thetaedge/theta/sidecar/owner"
	"github.com/thetaedge/theta/sidecar/web"
	"github.com/thetaedge/theta/testutil/dashboard"
)

func TestMain(m *testing.M) {
	params.SetSDKDefaults()
	os.Exit(m.Run())
}

// browser is a client with the cookies of an owner who has signed in.
type browser struct {
	t    *testing.T
	base string
	node *dashboard.Node
	key  web.Key
	http.Client
}

// open serves a dashboard and signs in.
func open(t *testing.T) *browser {
	t.Helper()
	b := stranger(t)
	token, err := b.key.Token(time.Now())
	require.NoError(t, err)
	code, _ := b.get("/open?token=" + token)
	require.Equal(t, http.StatusOK, code)
	return b
}

// stranger serves a dashboard to a browser that has not signed in.
func stranger(t *testing.T) *browser {
	t.Helper()
	return strangerAt(t, t.TempDir())
}

// strangerAt serves the dashboard of a home.
func strangerAt(t *testing.T, home string) *browser {
	t.Helper()
	node, err := dashboard.Open(home, time.Now().Add(-8*time.Hour))
	require.NoError(t, err)
	book, err := dashboard.Forecasts(node.Home)
	require.NoError(t, err)
	logs := web.NewLogs()
	logger := slog.New(logs.Handler(slog.LevelDebug))
	logger.Warn("cannot deliver "+dashboard.Hostile, "error", dashboard.Hostile)
	server, err := web.NewServer(web.Config{
		Node: node, Home: node.Home, Forecasts: book, Language: "auto", Sensors: dashboard.Sensors{}, Logs: logs, Logger: logger,
		WhyWait: 20 * time.Second, Alerts: dashboard.Alerts,
	})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener) }()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	key, err := web.ReadKey(node.Home)
	require.NoError(t, err)
	b := &browser{t: t, base: "http://" + listener.Addr().String(), node: node, key: key, Client: http.Client{Jar: jar}}
	t.Cleanup(func() {
		b.CloseIdleConnections()
		cancel()
		require.NoError(t, <-done, "a clean shutdown")
		require.NoError(t, node.Close())
	})
	return b
}

// send sends a request that change may change.
func (b *browser) send(method, path, body string, change func(*http.Request)) (*http.Response, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(body))
	require.NoError(b.t, err)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(request)
	}
	answer, err := b.Do(request)
	require.NoError(b.t, err)
	content, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	require.NoError(b.t, answer.Body.Close())
	return answer, string(content)
}

func (b *browser) get(path string) (int, string) {
	b.t.Helper()
	answer, content := b.send(http.MethodGet, path, "", nil)
	return answer.StatusCode, content
}

// csrf returns the token of the forms of the session.
func (b *browser) csrf() string {
	b.t.Helper()
	_, content := b.get("/")
	found := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(content)
	require.NotNil(b.t, found)
	return found[1]
}

// post sends a form of the session.
func (b *browser) post(path string, fields map[string]string) (int, string) {
	b.t.Helper()
	form := url.Values{"csrf": {b.csrf()}}
	for name, value := range fields {
		form.Set(name, value)
	}
	answer, content := b.send(http.MethodPost, path, form.Encode(), nil)
	return answer.StatusCode, content
}

// everyPage returns the paths of all private pages.
func everyPage() []string {
	return []string{
		"/", "/part/now", "/data/readings.json", "/jobs", "/jobs?phase=settled", "/jobs/47900-0-0/0/0", "/jobs/47910-0-0/0/0", "/jobs/47920-0-0/0/0", "/jobs/47930-0-0/0/0",
		"/jobs/48190-0-0/0/0", "/jobs/48101-0-0/0/0", "/earnings", "/settings", "/logs", "/logs?show=trouble", "/alerts", "/fleet", "/setup", "/setup?checks=run", "/part/checks", "/setup/qr.png?address=" + dashboard.Operator(),
	}
}

func TestEveryPageIsShownInEveryLanguage(t *testing.T) {
	b := open(t)
	for _, path := range everyPage() {
		for _, lang := range config.Languages() {
			answer, content := b.send(http.MethodGet, path, "", func(r *http.Request) { r.Header.Set("Accept-Language", lang) })
			require.Equal(t, http.StatusOK, answer.StatusCode, path)
			require.NotContains(t, content, "<no value>", path)
			require.NotContains(t, content, "%!", path)
			if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") && !strings.HasPrefix(path, "/part/") {
				require.Contains(t, content, `<html lang="`+lang+`">`, path)
				require.Contains(t, content, "</html>", path)
				// A text that is missing is shown as its key.
				require.Empty(t, regexp.MustCompile(`>\s*(title|nav|now|jobs|receipt|earnings|settings|setup|logs|state|hint|phase|ending|meaning)\.[a-z_.-]+`).FindString(content), path)
			}
		}
	}
	_, content := b.get("/")
	require.Contains(t, content, "41 of 128 tasks")
	require.Contains(t, content, "26 % of its fuel limit used")
	_, content = b.get("/earnings")
	require.Contains(t, content, "41.825 tfuel")
	require.Contains(t, content, "0.26605 tfuel", "the operator's share of 0.313")
	require.Contains(t, content, "168 tfuel", "of the next week")
	require.Contains(t, content, "Earlier forecasts that were right: 1 of 1")
	require.Contains(t, content, "117.5 tfuel", "paid so far")
	require.Contains(t, content, "collected tfuel is delegated to")
	require.Contains(t, content, "thetaedge payout set --to ADDRESS")
	_, content = b.get("/jobs/47910-0-0/0/0")
	require.Contains(t, content, "The commit deadline was missed")
	require.Contains(t, content, "What to do next time")
	_, content = b.get("/jobs/48101-0-0/0/0")
	require.Contains(t, content, "another node could copy it")
	require.NotContains(t, content, "a7000000", "a result that others may still copy")
	_, content = b.get("/jobs/47900-0-0/0/0")
	require.Contains(t, content, "a7000000")
}

func TestTheChainThatDoesNotAnswerIsTold(t *testing.T) {
	b := open(t)
	b.node.Unreachable = true
	for _, path := range []string{"/earnings", "/setup"} {
		code, _ := b.get(path)
		require.Equal(t, http.StatusOK, code, path)
	}
	_, content := b.get("/earnings")
	require.Contains(t, content, "connection refused")
}

func TestTheFirstPageIsRenewedOnlyWhereItHasChanged(t *testing.T) {
	b := open(t)
	b.node.Explain = func(context.Context) (*sidecarv1.WhyResponse, error) {
		return &sidecarv1.WhyResponse{Findings: []*sidecarv1.Finding{{Sentence: "The node earned something."}}}, nil
	}
	_, content := b.get("/")
	sum := func(name string) string {
		return regexp.MustCompile(`name="` + name + `" value="([0-9a-f]+)"`).FindStringSubmatch(content)[1]
	}
	seen := "/part/now?state=" + sum("state") + "&why=" + sum("why") + "&more=" + sum("more") + "&endpoints=" + sum("endpoints") + "&cards=" + sum("cards") + "&work="
	code, _ := b.get(seen + sum("work"))
	require.Equal(t, http.StatusNoContent, code)
	code, part := b.get(seen + "old")
	require.Equal(t, http.StatusOK, code)
	require.NotContains(t, part, "hx-swap-oob")
	b.node.Set(func(s *agent.Status) {
		s.Height++
		s.Standing = "live; the lease ends at height 105810, in 57599 blocks"
	})
	_, part = b.get(seen + sum("work"))
	require.Contains(t, part, "57599 blocks")
	require.NotContains(t, part, `id="cards"`)
	require.NotContains(t, part, `id="state"`, "a screen reader would read the state again at each block")
	require.NotContains(t, part, `id="buttons"`, "a button would lose the focus at each block")
	require.NoError(t, b.node.Pause(false))
	_, part = b.get(seen + sum("work"))
	require.Contains(t, part, `hx-swap-oob="innerHTML"`)
	require.Contains(t, part, "Paused")
	require.Contains(t, part, "/control/resume", "the buttons fit the state")
	require.NotContains(t, part, "/control/pause\"")
}

func TestTheFirstPageBeginsWithWhyTheNodeEarnsWhatItEarns(t *testing.T) {
	b := open(t)
	_, content := b.get("/")
	lead := strings.Index(content, "The node earned 0.313 tfuel")
	require.Positive(t, lead)
	require.Less(t, lead, strings.Index(content, "<details>"), "the cause that comes first is not among the details")
	require.Greater(t, strings.Index(content, "The policy refuses 3 of 4 open draws"), strings.Index(content, "<details>"))
	require.Contains(t, content, "61 °C")
	require.Contains(t, content, "142 W")
	require.Contains(t, content, "fell off the bus (XID 79)")
	require.Contains(t, content, "12 W while idle")

	b.node.Set(func(s *agent.Status) {
		s.Mode = agent.Suspended
		s.Holds = owner.Decision{Action: owner.Suspend, Until: time.Now().Add(time.Hour), Reasons: []owner.Reason{
			{Rule: owner.Idle, Action: owner.Suspend, Sentence: "the keyboard was used 3s ago " + dashboard.Hostile, Cure: "leave the machine alone", Since: time.Now()},
		}, Blind: []owner.Blind{{Rule: owner.Fan, Why: "no fan " + dashboard.Hostile}}}
	})
	_, content = b.get("/")
	pause := strings.Index(content, "the keyboard was used 3s ago")
	require.Positive(t, pause)
	require.Less(t, pause, strings.Index(content, "The node earned 0.313 tfuel"), "the rules of the owner come first")
	require.Contains(t, content, "leave the machine alone")
	require.Contains(t, content, "no fan")
	require.NotContains(t, content, dashboard.Hostile)
	require.NotContains(t, content, "/control/resume", "a button does not end a rule")
}

func TestTheFirstPageIsShownWithoutAnExplanation(t *testing.T) {
	b := open(t)
	b.node.Explain = func(context.Context) (*sidecarv1.WhyResponse, error) {
		return nil, errors.New("the journal cannot be read")
	}
	code, content := b.get("/")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, content, "the journal cannot be read")
	require.Contains(t, content, "57600 blocks", "what else the daemon says")
}

func TestButtonsPauseSuspendAndResume(t *testing.T) {
	b := open(t)
	for path, says := range map[string]string{"/control/pause": "pause false", "/control/suspend": "pause true", "/control/resume": "resume"} {
		code, _ := b.post(path, nil)
		require.Equal(t, http.StatusOK, code, "the first page after it")
		require.Equal(t, says, b.node.Pauses[len(b.node.Pauses)-1])
	}
}

func TestTheFirstViewIsSmall(t *testing.T) {
	b := open(t)
	_, content := b.get("/")
	total := len(content)
	files := regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`).FindAllStringSubmatch(content, -1)
	seen := map[string]bool{}
	for _, file := range files {
		if seen[file[1]] {
			continue
		}
		seen[file[1]] = true
		code, asset := b.get(strings.ReplaceAll(file[1], "&amp;", "&"))
		require.Equal(t, http.StatusOK, code, file[1])
		total += len(asset)
	}
	require.Len(t, seen, 6)
	require.Less(t, total, 150<<10)
	t.Logf("the first view has %d bytes", total)
}

func TestSettingsAreShownBeforeTheyAreWritten(t *testing.T) {
	b := open(t)
	path := filepath.Join(b.node.Home, config.FileName)
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	code, content := b.post("/settings/check", map[string]string{"policy.max-jobs": "3", "policy.min-rewards": "0.5tfuel\r\n", "log.level": "info"})
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, content, "Programs that the node runs at once: at most 3 instead of 1")
	require.Contains(t, content, "leaves jobs below 0.5tfuel to others")
	require.NotContains(t, content, "log.level", "it does not change")
	require.Contains(t, content, "thetaedge register --from operator --home ", "the chain has to be told")
	now, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, now, "nothing is written yet")

	base := regexp.MustCompile(`name="base" value="([0-9a-f]+)"`).FindStringSubmatch(content)[1]
	code, content = b.post("/settings/save", map[string]string{"policy.max-jobs": "3", "policy.min-rewards": "0.5tfuel", "base": base})
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, content, "The settings were saved")
	loaded, err := config.Load(b.node.Home, nil, nil)
	require.NoError(t, err)
	require.Equal(t, 3, loaded.Policy.MaxJobs)
	require.Equal(t, []string{"0.5tfuel"}, loaded.Policy.MinRewards)

	code, content = b.post("/settings/save", map[string]string{"policy.max-jobs": "4", "base": base})
	require.Equal(t, http.StatusUnprocessableEntity, code)
	require.Contains(t, content, "changed in the meantime")
}

// TestTwoWindowsDoNotWriteOverEachOther: both have seen the same file, and one of them is told that it has changed.
func TestTwoWindowsDoNotWriteOverEachOther(t *testing.T) {
	b := open(t)
	_, content := b.post("/settings/check", map[string]string{"policy.max-jobs": "3"})
	base := regexp.MustCompile(`name="base" value="([0-9a-f]+)"`).FindStringSubmatch(content)[1]
	token := b.csrf()
	const windows = 16
	codes := make(chan int, windows)
	for n := range windows {
		go func() {
			form := url.Values{"csrf": {token}, "base": {base}, "policy.max-jobs": {strconv.Itoa(n + 2)}}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.base+"/settings/save", strings.NewReader(form.Encode()))
			if err != nil {
				codes <- 0
				return
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			answer, err := b.Do(request)
			if err != nil {
				codes <- 0
				return
			}
			codes <- answer.StatusCode
			_ = answer.Body.Close()
		}()
	}
	count := map[int]int{}
	for range windows {
		count[<-codes]++
	}
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusUnprocessableEntity: windows - 1}, count)
	_, err := config.Load(b.node.Home, nil, nil)
	require.NoError(t, err)
}

func TestWrongSettingsLoseNothing(t *testing.T) {
	b := open(t)
	path := filepath.Join(b.node.Home, config.FileName)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, where := range []string{"/settings/check", "/settings/save"} {
		code, content := b.post(where, map[string]string{"policy.max-jobs": "5000", "policy.min-rewards": "1tfuel", "policy.trust": "named"})
		require.Equal(t, http.StatusUnprocessableEntity, code)
		require.Regexp(t, `<a href="#s-policy-max-jobs" lang="en">policy.max-jobs: expected 1 to 1024`, content, "it leads to the setting")
		require.Contains(t, content, `value="5000"`, "what was typed is still there")
		require.Contains(t, content, ">1tfuel</textarea>")
		require.Contains(t, content, `aria-invalid="true"`)
	}
	// Settings that the form does not have cannot be changed with it.
	code, _ := b.post("/settings/save", map[string]string{"chain.grpc": "evil.example:443", "keyring.backend": "os", "dashboard.listen": "127.0.0.1:1", "base": "x"})
	require.Equal(t, http.StatusUnprocessableEntity, code)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestTheSetUpNamesTheSelfTestOfANodeThatIsOpen(t *testing.T) {
	b := open(t)
	_, content := b.get("/setup")
	require.Contains(t, content, "thetaedge doctor --self-test --from operator --relay https://relay.example ")
	b.node.Set(func(s *agent.Status) { s.Operator, s.NodeStatus = "", "unregistered" })
	_, content = b.get("/setup")
	require.NotContains(t, content, "--self-test", "a node that is not open cannot be paid")
}

func TestTheSetUpShowsWhichServersJobsMayName(t *testing.T) {
	b := open(t)
	_, content := b.get("/setup")
	for _, host := range config.Default().Egress.Hosts {
		require.Contains(t, content, "<code>"+host+"</code>")
	}
	require.Contains(t, content, `href="/settings#s-egress-hosts"`)
	_, content = b.get("/settings")
	require.Contains(t, content, `id="s-egress-hosts"`)
	settings := config.Default()
	settings.Egress.Hosts = append([]string{"*.cdn.example", "127.0.0.1:7070", "relay.two"}, settings.Egress.Hosts...)
	b.node.Started = &settings
	_, content = b.get("/setup")
	require.Contains(t, content, "--relay http://127.0.0.1:7070 --home", "the first relay that the owner has added")
	for hosts, want := range map[string]string{"*": "strangers choose what your address connects to", "": "this node takes no job"} {
		settings := config.Default()
		settings.Egress.Hosts = strings.Fields(hosts)
		b.node.Started = &settings
		_, content = b.get("/setup")
		require.Contains(t, content, want)
	}
}

func TestTheAddressToFundIsShownAsTextAndAsAPicture(t *testing.T) {
	b := open(t)
	code, content := b.get("/setup")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, content, dashboard.Operator())
	answer, picture := b.send(http.MethodGet, "/setup/qr.png?address="+dashboard.Operator(), "", nil)
	require.Equal(t, "image/png", answer.Header.Get("Content-Type"))
	require.True(t, strings.HasPrefix(picture, "\x89PNG"))
	code, _ = b.get("/setup/qr.png?address=theta1wrong")
	require.Equal(t, http.StatusBadRequest, code)
}

// TestADamagedLedgerIsNamedWhereEarningsWouldBe, and takes no other page away from the owner.
func TestADamagedLedgerIsNamedWhereEarningsWouldBe(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, earnings.LedgerFile), []byte(`{"days":[{`), 0o600))
	b := strangerAt(t, home)
	token, err := b.key.Token(time.Now())
	require.NoError(t, err)
	code, _ := b.get("/open?token=" + token)
	require.Equal(t, http.StatusOK, code)
	code, _ = b.get("/")
	require.Equal(t, http.StatusOK, code)
	code, body := b.get("/earnings")
	require.Equal(t, http.StatusInternalServerError, code)
	require.Contains(t, body, "move the file away")
	require.Contains(t, body, `role="alert" lang="en">`)
}
