package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/api"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/store"
)

// serve answers the questions that the daemon of a real node answers. The function that it returns
// ends that.
func serve(ctx context.Context, settings config.Config, worker *agent.Agent, journal *store.Journal, executors []executor.Executor, logger *slog.Logger) (stop func() error, err error) {
	identity := api.Identity{Version: "liar", ChainID: settings.Chain.ID, StartedAt: time.Now()}
	server, err := api.NewServer(api.NewService(identity, worker.Status, journal, executors), prometheus.NewRegistry(), logger)
	if err != nil {
		return nil, err
	}
	var listen net.ListenConfig
	forGRPC, err := listen.Listen(ctx, "tcp", settings.API.GRPC)
	if err != nil {
		return nil, err
	}
	forHTTP, err := listen.Listen(ctx, "tcp", settings.API.HTTP)
	if err != nil {
		return nil, errors.Join(err, forGRPC.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, forGRPC, forHTTP) }()
	return func() error {
		cancel()
		return <-done
	}, nil
}
