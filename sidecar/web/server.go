package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/thetaedge/theta/sidecar/alert"
	"github.com/thetaedge/theta/sidecar/earnings"
	"github.com/thetaedge/theta/sidecar/fleet"
	"github.com/thetaedge/theta/sidecar/forecast"
)

const (
	// shutdownGrace is the time that answers in progress have to finish at shutdown.
	shutdownGrace = 2 * time.Second
	// queryPatience bounds the time for which a page waits for the chain.
	queryPatience = 5 * time.Second
)

// Config contains what the dashboard shows and needs.
type Config struct {
	Node Node
	// Home is the folder of the node, with its settings and the key of the dashboard.
	Home string
	// Environ is the environment of the daemon, which takes precedence over the settings file.
	Environ []string
	// Ledger counts what was earned. If it is nil, the server opens the one of the home.
	Ledger *earnings.Ledger
	// Forecasts says what the node is expected to earn. If it is nil, the pages say nothing about that.
	Forecasts *forecast.Book
	// Language is a language, or "auto" for that of the browser.
	Language string
	Sensors  Sensors
	Logs     *Logs
	Logger   *slog.Logger
	// Alerts returns what is shown of alerts; nil shows none.
	Alerts func() alert.View
	// Fleet asks the owner's other nodes; nil takes the list of the home.
	Fleet *fleet.Poller
	// WhyWait is the longest time for which a page waits for a new explanation of what the node earns. After
	// that it shows the last one. 0 means 0.7 seconds.
	WhyWait time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Server answers the requests of browsers.
type Server struct {
	cfg     Config
	access  *access
	pages   *pages
	history *history
	reasons *reasons
	ledger  *earnings.Ledger
	// unread says why the ledger cannot be read; it is nil if it can.
	unread error
	checks *checks
	http   *http.Server
	// saving is held from the comparison of the settings file with what the owner has seen to its end.
	saving sync.Mutex
}

// NewServer returns a server for a node. It makes the key of the home if there is none.
func NewServer(cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Alerts == nil {
		cfg.Alerts = func() alert.View { return alert.View{} }
	}
	if cfg.Fleet == nil {
		cfg.Fleet = fleet.NewPoller(cfg.Home, cfg.Now)
	}
	if cfg.WhyWait == 0 {
		cfg.WhyWait = whyWait
	}
	key, err := OpenKey(cfg.Home)
	if err != nil {
		return nil, err
	}
	pages, err := newPages(cfg.Language)
	if err != nil {
		return nil, err
	}
	ledger := cfg.Ledger
	if ledger == nil {
		if ledger, err = earnings.OpenLedger(cfg.Home); err != nil {
			cfg.Logger.Error("the dashboard shows no earnings", "error", err)
		}
	}
	s := &Server{
		cfg:    cfg,
		access: newAccess(cookieOf(cfg.Home), key, func() (Key, error) { return NewKey(cfg.Home) }, cfg.Now),
		pages:  pages, history: newHistory(), ledger: ledger, unread: err, checks: &checks{now: cfg.Now},
		reasons: &reasons{ask: cfg.Node.Why, now: cfg.Now},
	}
	s.http = &http.Server{
		Handler:           protect(s.routes()),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// routes returns the pages by path. Everything except for files and the door is private.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", staticFiles())
	mux.HandleFunc("GET /open", s.enter)
	mux.HandleFunc("POST /open", s.enter)
	for path, page := range map[string]http.HandlerFunc{
		"GET /{$}":                       s.now,
		"GET /part/now":                  s.partNow,
		"GET /data/readings.json":        s.readings,
		"GET /jobs":                      s.jobs,
		"GET /jobs/{job}/{task}/{round}": s.receipt,
		"GET /earnings":                  s.earnings,
		"GET /settings":                  s.settings,
		"POST /settings/check":           s.checkSettings,
		"POST /settings/save":            s.saveSettings,
		"GET /logs":                      s.logs,
		"GET /alerts":                    s.alerts,
		"GET /fleet":                     s.fleet,
		"GET /setup":                     s.setup,
		"GET /part/checks":               s.partChecks,
		"GET /setup/qr.png":              s.code,
		"POST /control/pause":            s.pause,
		"POST /control/suspend":          s.suspend,
		"POST /control/resume":           s.resume,
		"POST /leave":                    s.leave,
	} {
		mux.Handle(path, s.private(page))
	}
	mux.Handle("/", s.private(s.nothing))
	return mux
}

// Serve answers requests until ctx ends, and keeps readings and earnings meanwhile. It returns nil after
// a clean shutdown. It refuses a listener that other machines can reach.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	if at, ok := listener.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return errors.Join(fmt.Errorf("dashboard.listen: expected an address of this machine only, such as 127.0.0.1:9772, found %s", listener.Addr()), listener.Close())
	}
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(listener) }()
	kept := make(chan struct{})
	keeping, stop := context.WithCancel(ctx)
	go func() {
		defer close(kept)
		s.keep(keeping)
	}()
	var failure error
	select {
	case err := <-failed:
		failure = fmt.Errorf("dashboard stopped: %w", err)
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		if err := s.http.Shutdown(grace); errors.Is(err, context.DeadlineExceeded) {
			failure = s.http.Close()
		}
		<-failed
	}
	stop()
	<-kept
	s.reasons.end()
	return failure
}

// keep reads the sensors and counts earnings until ctx ends.
func (s *Server) keep(ctx context.Context) {
	readings := time.NewTicker(readEvery)
	defer readings.Stop()
	count := time.NewTicker(earnings.CountEvery)
	defer count.Stop()
	s.read()
	s.count(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-readings.C:
			s.read()
		case <-count.C:
			s.count(ctx)
		}
	}
}

// read takes the readings of this moment into the history.
func (s *Server) read() {
	now := s.cfg.Now()
	s.history.add(now, s.cfg.Sensors.Read(now))
}
