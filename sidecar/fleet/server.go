package fleet

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"
	"golang.org/x/time/rate"

	"github.com/thetaedge/theta/sidecar/overview"
)

const (
	// SnapshotPath is where a node says how it is.
	SnapshotPath = "/fleet/v1/snapshot"
	// MetricsPath is where Prometheus reads the metrics of a node.
	MetricsPath = "/fleet/v1/metrics"
	// shutdownGrace is the time that answers in progress have to finish at shutdown.
	shutdownGrace = 2 * time.Second
	// mostConns is the number of connections at a time.
	mostConns = 64
	// guessEvery and mostGuesses bound invalid tokens of an address: some at once, and then one per pause. A
	// valid token is accepted all the same.
	guessEvery  = 6 * time.Second
	mostGuesses = 10
	// mostGuessers is the number of addresses whose invalid tokens are counted.
	mostGuessers = 1024
)

// ServerConfig is what a Server needs.
type ServerConfig struct {
	Home string
	// Last returns the last snapshot of the node; it may return nil.
	Last func() *overview.Snapshot
	// Metrics returns what gathers the metrics of the node; nil, or a function that returns nil, means that
	// there are none.
	Metrics func() prometheus.Gatherer
	// Names are those by which other machines call this one.
	Names  []string
	Logger *slog.Logger
}

// Server answers how the node is to the owner's other machines.
type Server struct {
	cfg  ServerConfig
	http *http.Server

	mu      sync.Mutex
	guesses map[string]*rate.Limiter
}

// NewServer returns a server.
func NewServer(cfg ServerConfig) *Server {
	s := &Server{cfg: cfg, guesses: map[string]*rate.Limiter{}}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 20 * time.Second, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 8 << 10,
		ErrorLog: slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelDebug),
	}
	return s
}

// Listen opens an address with TLS and the certificate of a home, or without TLS if the owner wants plaintext.
func Listen(home, address string, plaintext bool) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("fleet.listen: %w; choose another address", err)
	}
	listener = netutil.LimitListener(listener, mostConns)
	if plaintext {
		return listener, nil
	}
	certificate, err := OpenCertificate(home, time.Now())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}), nil
}

// Serve answers requests until ctx ends. It returns nil after a clean shutdown.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("the fleet's address stopped: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	var failure error
	if err := s.http.Shutdown(grace); errors.Is(err, context.DeadlineExceeded) {
		failure = s.http.Close()
	}
	<-failed
	return failure
}

// serve answers a request. Nothing is answered without a token except for the refusal.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	r.Body = http.MaxBytesReader(w, r.Body, 0)
	// A browser has no business here. A page that resolves its own name to this machine is refused by its
	// name, and all others by what browsers send along.
	if !s.calls(r.Host) || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
		http.Error(w, "expected a request of thetaedge fleet for an address of this machine or a name of fleet.names", http.StatusForbidden)
		return
	}
	tokens, err := Tokens(s.cfg.Home)
	if err != nil {
		s.cfg.Logger.Error("the fleet cannot read this node", "error", err)
		http.Error(w, "the node cannot read its tokens; its log says why", http.StatusInternalServerError)
		return
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer || !admits(tokens, token) {
		s.refuse(w, r)
		return
	}
	switch {
	case r.Method != http.MethodGet:
		h.Set("Allow", http.MethodGet)
		http.Error(w, "expected GET; nothing can be changed here", http.StatusMethodNotAllowed)
	case r.URL.Path == SnapshotPath:
		s.snapshot(w)
	case r.URL.Path == MetricsPath:
		s.metrics(w, r)
	default:
		http.Error(w, "expected "+SnapshotPath+" or "+MetricsPath, http.StatusNotFound)
	}
}

// early answers a request that comes before there is something to answer.
func early(w http.ResponseWriter) {
	http.Error(w, "the node has just been started; ask again in a moment", http.StatusServiceUnavailable)
}

// metrics answers with the metrics of the node for Prometheus.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	var gatherer prometheus.Gatherer
	if s.cfg.Metrics != nil {
		gatherer = s.cfg.Metrics()
	}
	if gatherer == nil {
		early(w)
		return
	}
	promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

// snapshot answers how the node is.
func (s *Server) snapshot(w http.ResponseWriter) {
	last := s.cfg.Last()
	if last == nil {
		early(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// The client may have disconnected. In this case the error cannot be reported to it.
	_ = json.NewEncoder(w).Encode(last)
}

// refuse answers a request without a valid token.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	if !s.mayGuess(r.RemoteAddr) {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many tokens that are not valid", http.StatusTooManyRequests)
		return
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	http.Error(w, "expected a token of thetaedge fleet token", http.StatusUnauthorized)
}

// mayGuess counts an invalid token of an address.
func (s *Server) mayGuess(remote string) bool {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		remote = host
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.guesses) >= mostGuessers {
		s.guesses = map[string]*rate.Limiter{}
	}
	limiter := s.guesses[remote]
	if limiter == nil {
		limiter = rate.NewLimiter(rate.Every(guessEvery), mostGuesses)
		s.guesses[remote] = limiter
	}
	return limiter.Allow()
}

// calls reports whether the host of a request is an address or a name of this machine.
func (s *Server) calls(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return host == "localhost" || net.ParseIP(host) != nil ||
		slices.ContainsFunc(s.cfg.Names, func(name string) bool { return strings.EqualFold(name, host) })
}
