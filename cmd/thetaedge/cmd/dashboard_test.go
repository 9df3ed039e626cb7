package cmd

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/internal/private/privatetest"
	"github.com/thetaedge/theta/sidecar/web"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// board serves the dashboard of a home whose chain does not answer.
func servedBoard(t *testing.T, home string, flags ...string) *board {
	t.Helper()
	root, err := Root()
	require.NoError(t, err)
	start, _, err := root.Find([]string{"start"})
	require.NoError(t, err)
	start.InheritedFlags() // the root's
	require.NoError(t, start.ParseFlags(append([]string{"--home", home, "--dashboard.listen", "127.0.0.1:0"}, flags...)))
	n, err := openNode(start)
	require.NoError(t, err)
	logs := web.NewLogs()
	logger := slog.New(logs.Handler(slog.LevelInfo))
	n.cards = newCards(nil)
	b := newBoard(n, logs, slog.New(logs.Handler(slog.LevelInfo)))
	stop := b.serve(t.Context(), logger)
	t.Cleanup(func() {
		stop()
		require.NoError(t, n.close())
	})
	require.NoError(t, daemon{PID: os.Getpid(), Waiting: "the node at 127.0.0.1:1 does not answer", Dashboard: n.dashboard}.write(home))
	return b
}

func TestTheDashboardOpensWithThePrintedAddressWhileTheDaemonWaitsForTheChain(t *testing.T) {
	home := newHome(t)
	b := servedBoard(t, home)
	printed, err := run(t, "dashboard", "--home", home)
	require.NoError(t, err)
	require.Regexp(t, `^http://127\.0\.0\.1:[0-9]+/open\?token=[A-Za-z0-9_-]+\n$`, printed)

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := http.Client{Jar: jar}
	defer browser.CloseIdleConnections()
	get := func(address string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		require.NoError(t, err)
		answer, err := browser.Do(request)
		require.NoError(t, err)
		content, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode, string(content)
	}
	base := "http://" + b.n.dashboard
	code, _ := get(base + "/")
	require.Equal(t, http.StatusUnauthorized, code)
	code, _ = get(strings.TrimSpace(printed))
	require.Equal(t, http.StatusOK, code)
	code, content := get(base + "/")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, content, "Waiting for the chain")
	require.Contains(t, content, "the node at 127.0.0.1:1 does not answer")
	for _, path := range []string{"/jobs", "/earnings", "/settings", "/logs", "/setup", "/setup?checks=run"} {
		code, content = get(base + path)
		require.Equal(t, http.StatusOK, code, path)
	}
	require.Contains(t, content, "missing", "the chain, which does not answer")
	require.Contains(t, content, b.n.worker.Address().String())

	// The buttons are those of the commands.
	require.NoError(t, b.Pause(true))
	require.True(t, isSuspended(home))
	require.NoError(t, b.Resume())
	require.False(t, isPaused(home))
	require.NoError(t, b.Resume(), "twice")
}

func TestADashboardThatIsNotThereIsExplained(t *testing.T) {
	home := newHome(t)
	_, err := run(t, "dashboard", "--home", home)
	require.ErrorContains(t, err, "thetaedge start")
	require.NoError(t, daemon{PID: os.Getpid(), GRPC: "127.0.0.1:1"}.write(home))
	_, err = run(t, "dashboard", "--home", home)
	require.ErrorContains(t, err, "dashboard.listen")
	b := servedBoard(t, home, "--dashboard.listen", "")
	require.Empty(t, b.n.dashboard)
}

func TestATakenPortDoesNotStopTheDashboard(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	b := servedBoard(t, newHome(t), "--dashboard.listen", taken.Addr().String())
	require.NotEmpty(t, b.n.dashboard)
	require.NotEqual(t, taken.Addr().String(), b.n.dashboard)
}

func TestTheOpenedFileIsForItsOwnerOnly(t *testing.T) {
	home := newHome(t)
	// Without a browser the command fails after it has written the file.
	t.Setenv("PATH", t.TempDir())
	require.Error(t, openBrowser(t.Context(), home, "http://127.0.0.1:1/open?token=a&b=\"<"))
	privatetest.RequireAlone(t, home+"/"+openFile)
	content, err := os.ReadFile(home + "/" + openFile)
	require.NoError(t, err)
	require.Regexp(t, regexp.MustCompile(`content="0;url=http://127\.0\.0\.1:1/open\?token=a&amp;b=&#34;&lt;"`), string(content))
}

func TestTheOperatorsShareIsWhatTheSplitLeaves(t *testing.T) {
	p := rewardstypes.DefaultParams()
	require.Equal(t, allBps-p.FeeSplit.BurnBps-p.FeeSplit.StakersBps-p.FeeSplit.CommunityBps, operatorBps(p))
	p.FeeSplit.BurnBps = 20_000 // of a node that lies
	require.Zero(t, operatorBps(p))
}
