package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/thetaedge/theta/blob/throughput"
	"github.com/thetaedge/theta/internal/osfault"
)

const (
	// shutdownGrace is how long running transfers may take to finish at shutdown.
	shutdownGrace = 10 * time.Second
	// headerLimit is how long the head of a request may take, maxHeaderBytes its size.
	headerLimit, maxHeaderBytes = 10 * time.Second, 16 << 10
	// idleLimit is how long a connection may wait for its next request.
	idleLimit = time.Minute
)

// Server is a relay: public blobs by digest and drop boxes for results.
type Server struct {
	cfg     Config
	logger  *slog.Logger
	vault   *vault
	limiter *limiter
	metrics *metrics
	places  *places
	gate    *gate
	mux     *http.ServeMux
	lock    *os.File
}

// NewServer opens the folder at cfg.Root, which is its own until Serve returns or Close
// is called (ErrLocked), and registers the relay's metrics with reg. They are served at
// /metrics if reg can also gather, as a *prometheus.Registry can.
func NewServer(cfg Config, logger *slog.Logger, reg prometheus.Registerer) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("invalid relay settings: %w", err)
	}
	lock, err := lockFolder(cfg.Root)
	if err != nil {
		return nil, err
	}
	v, err := openVault(cfg)
	if err != nil {
		return nil, errors.Join(osfault.Explain(cfg.Root, err), lock.Close())
	}
	p := newPlaces(cfg.MaxUploads)
	m, err := newMetrics(reg, v, p)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot register the relay's metrics: %w", err), lock.Close())
	}
	s := &Server{
		cfg: cfg, logger: logger, vault: v, metrics: m, places: p,
		limiter: newLimiter(cfg, v.now),
		mux:     http.NewServeMux(),
		lock:    lock,
	}
	s.gate = newGate(&s.cfg, logger, s.limiter, m, v.now)
	s.routes(reg)
	return s, nil
}

// Close gives the folder back. Serve does it by itself.
func (s *Server) Close() error {
	if err := s.lock.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

func (s *Server) routes(reg prometheus.Registerer) {
	s.handle("PUT /v1/blobs/{digest}", "put_blob", s.putBlob)
	s.handle("GET /v1/blobs/{digest}", "get_blob", s.getBlob)
	s.handle("PUT /v1/drops/{box}/{digest}", "put_drop", s.putDrop)
	s.handle("GET /v1/drops/{box}", "list_drops", s.listDrops)
	s.handle("GET /v1/drops/{box}/{digest}", "get_drop", s.getDrop)
	s.handle("PUT /v1/drops/{box}/tasks/{task}/{digest}", "put_drop", s.putDrop)
	s.handle("GET /v1/drops/{box}/tasks/{task}", "list_drops", s.listDrops)
	s.handle("GET /v1/drops/{box}/tasks/{task}/{digest}", "get_drop", s.getDrop)
	s.handle("GET /v1/arrays/{array}/{name}", "get_array", s.getArray)
	s.handle("/", "other", func(_ *answer, r *http.Request) error {
		return refusal(codeNotFound, "expected PUT or GET of /v1/blobs/{sha256} or /v1/drops/{box}/{sha256}, or GET of /v1/arrays/{sha256}/{task}.proof, found %s of another path", r.Method)
	})
	s.handle("GET /healthz", "healthz", func(w *answer, _ *http.Request) error {
		bytes, files := s.vault.usage()
		writeJSON(w, http.StatusOK, map[string]any{"status": "ok", "stored_bytes": bytes, "stored_files": files})
		return nil
	})
	if gatherer, ok := reg.(prometheus.Gatherer); ok {
		metrics := promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
		s.handle("GET /metrics", "metrics", func(w *answer, r *http.Request) error {
			metrics.ServeHTTP(w, r)
			return nil
		})
	}
}

// ServeHTTP makes the relay usable inside another server.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Serve answers on ln until ctx ends, then lets running transfers finish for a
// few seconds. It returns nil after a clean shutdown.
func (s *Server) Serve(ctx context.Context, ln net.Listener) (err error) {
	defer func() { err = errors.Join(err, s.Close()) }()
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: min(s.cfg.Grace, headerLimit),
		IdleTimeout:       idleLimit,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	sweepCtx, stopSweep := context.WithCancel(ctx)
	swept := make(chan struct{})
	go func() {
		defer close(swept)
		s.sweepUntil(sweepCtx)
	}()
	defer func() {
		stopSweep()
		<-swept
	}()
	served := make(chan error, 1)
	go func() { served <- server.Serve(newDoor(ln, &s.cfg)) }()
	s.logger.Info("relay is serving", "address", ln.Addr().String(), "root", s.cfg.Root)
	select {
	case err := <-served:
		return fmt.Errorf("relay stopped: %w", err)
	case <-ctx.Done():
	}
	graceCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	err = server.Shutdown(graceCtx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.logger.Warn("relay cut transfers that outlasted the shutdown", "grace", shutdownGrace)
		err = server.Close()
	}
	<-served
	return err
}

func (s *Server) sweepUntil(ctx context.Context) {
	ticker := time.NewTicker(s.cfg.SweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.Sweep()
		}
	}
}

// Sweep deletes what has expired; Serve calls it by itself every SweepEvery.
func (s *Server) Sweep() {
	gone, err := s.vault.sweep()
	s.limiter.sweep()
	s.metrics.expired.Add(float64(gone))
	if err != nil {
		s.logger.Warn("relay cannot delete expired content", "error", err)
	}
	if gone > 0 {
		s.logger.Debug("relay deleted expired content", "files", gone)
	}
}

// handle wraps a handler with limits, deadlines, error answers and metrics.
func (s *Server) handle(pattern, route string, h func(*answer, *http.Request) error) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		a := &answer{ResponseWriter: w, status: http.StatusOK}
		defer func() { s.metrics.observe(route, a) }()
		err := s.limiter.request(peerOf(&s.cfg, r))
		if err == nil {
			s.deadline(a, r.ContentLength)
			err = h(a, r)
		}
		if err != nil {
			s.fail(a, route, err)
		}
	})
}

// deadline gives a transfer of size bytes the time that MinRate allows. The
// server's own timeouts cannot do this, because they do not know the size.
func (s *Server) deadline(w http.ResponseWriter, size int64) {
	until := time.Now().Add(s.limits(size).Total)
	rc := http.NewResponseController(w)
	// A writer without deadlines is a test's recorder or another server's wrapper.
	_ = rc.SetReadDeadline(until)
	_ = rc.SetWriteDeadline(until.Add(s.cfg.Grace))
}

// limits bound a transfer of size bytes.
func (s *Server) limits(size int64) throughput.Limits {
	return throughput.ForSize(s.cfg.Grace, s.cfg.MinRate, size)
}

// watch moves the deadline of a connection while a transfer moves on.
func (s *Server) watch(limits throughput.Limits, set func(time.Time) error) *throughput.Watch {
	return throughput.New(limits, func(deadline time.Time) {
		// A writer without deadlines is a test's recorder or another server's wrapper.
		_ = set(deadline)
	})
}

func (s *Server) fail(w http.ResponseWriter, route string, err error) {
	var r *refused
	if !errors.As(err, &r) {
		err = osfault.Explain(s.cfg.Root, err)
		class, _ := osfault.Of(err)
		switch class {
		case osfault.NoSpace:
			s.logger.Error("relay's disk is full: uploads are refused until there is room, or lower --quota", "route", route, "error", err)
			r = &refused{code: codeFull, message: "the relay's disk is full, and nothing of this upload was kept; retry later or use another relay"}
		default:
			s.logger.Error("relay failed a request", "route", route, "error", err)
			r = &refused{code: codeInternal, message: "the relay could not serve this request; retry later, or ask its operator to read the log"}
		}
	}
	if r.code == codeRate || r.code == codeBusy {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, r.code.status(), r.body())
}
