// Package api serves the daemon's own state: as gRPC, as REST with the same content, as
// metrics and as a health check. It is read-only and intended for clients on the same machine.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
)

// shutdownGrace is the time that answers in progress have to finish at shutdown.
const shutdownGrace = 2 * time.Second

// Server answers requests on a gRPC listener and on an HTTP listener.
type Server struct {
	grpc   *grpc.Server
	http   *http.Server
	logger *slog.Logger
}

// NewServer returns a server for the service and for the metrics that gatherer collects.
func NewServer(service sidecarv1.SidecarServiceServer, gatherer prometheus.Gatherer, logger *slog.Logger) (*Server, error) {
	s := &Server{grpc: grpc.NewServer(grpc.MaxRecvMsgSize(64<<10), grpc.UnaryInterceptor(guarded(logger))), logger: logger}
	sidecarv1.RegisterSidecarServiceServer(s.grpc, service)
	reflection.Register(s.grpc)
	gateway := runtime.NewServeMux()
	if err := sidecarv1.RegisterSidecarServiceHandlerServer(context.Background(), gateway, service); err != nil {
		return nil, fmt.Errorf("cannot register the REST gateway: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /v1/", gateway)
	mux.Handle("GET /metrics", promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.Handle("GET /healthz", healthOf(service, time.Now))
	s.http = &http.Server{
		Handler:           refuseForeignHosts(mux),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// refuseForeignHosts lets a request through only if its host is an IP address or localhost. A
// web page that resolves its own name to this machine must not be able to read the owner's
// state.
func refuseForeignHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if host != "localhost" && net.ParseIP(host) == nil {
			http.Error(w, "expected a request for localhost or an IP address", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Serve answers requests until ctx ends. It returns nil after a clean shutdown.
func (s *Server) Serve(ctx context.Context, grpcListener, httpListener net.Listener) error {
	failed := make(chan error, 2)
	go func() { failed <- s.grpc.Serve(grpcListener) }()
	go func() { failed <- s.http.Serve(httpListener) }()
	s.logger.Info("api is serving", "grpc", grpcListener.Addr().String(), "http", httpListener.Addr().String())
	var failure error
	waiting := 2
	select {
	case err := <-failed:
		failure = fmt.Errorf("api stopped: %w", err)
		waiting--
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := s.http.Shutdown(grace); errors.Is(err, context.DeadlineExceeded) {
		failure = errors.Join(failure, s.http.Close())
	}
	stopped := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-grace.Done():
		s.grpc.Stop()
		<-stopped
	}
	for range waiting {
		<-failed
	}
	return failure
}
