// Command dashboard serves the dashboard of a node with a journal full of work, to look at it. Once it
// serves, it prints an address that opens it, and the address of an operator.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/agent"
	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/forecast"
	"github.com/thetaedge/theta/sidecar/web"
	"github.com/thetaedge/theta/sidecar/why"
	"github.com/thetaedge/theta/testutil/dashboard"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	unregistered := flag.Bool("unregistered", false, "show a node that is not registered yet")
	held := flag.Bool("held", false, "show a node that its owner's rules hold back")
	waiting := flag.Bool("waiting", false, "show a node whose chain does not answer")
	outdated := flag.Bool("outdated", false, "show a node that is older than the chain asks for")
	flag.Parse()
	params.SetSDKDefaults()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *listen, kind{*unregistered, *held, *waiting, *outdated})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

// kind says which node is shown. Without any, it is one at work.
type kind struct{ unregistered, held, waiting, outdated bool }

// become changes the node to one of a kind.
func (k kind) become(node *dashboard.Node) {
	if k.unregistered {
		node.Set(func(s *agent.Status) {
			*s = agent.Status{Mode: agent.Starting, NodeStatus: "unregistered", Height: s.Height, LastError: "worker theta1… serves no node yet; run thetaedge register"}
		})
		explain(node, why.Unregistered, "No node works with this machine's worker key.", "run thetaedge register --from KEY")
	}
	if k.held {
		node.Hold()
	}
	if k.waiting {
		node.Unreachable = true
		node.Set(func(s *agent.Status) {
			*s = agent.Status{Mode: agent.Starting, NodeStatus: "unregistered", LastError: "grpc.example:443: chain id: the node gave no answer in time: context deadline exceeded"}
		})
		explain(node, why.EndpointUnreachable, "The node of the chain at grpc.example:443 does not answer.", "start that node, or set chain.grpc in config.toml to one that runs, and restart the daemon")
	}
	if k.outdated {
		node.Set(func(s *agent.Status) {
			s.Running, s.MinVersion, s.Outdated = 0, "v1.4.0", "this is version v1.3.2, and the chain asks for v1.4.0 or newer; run thetaedge update"
		})
		explain(node, why.VersionOld,
			"The chain asks for version 1.4.0 of thetaedge or a newer one, and this is 1.3.2, so the node claims nothing new and ends what it holds.",
			"run thetaedge update --apply, or install a newer release; update.enabled in config.toml does it by itself")
		node.ShowUpdates(func() string { return "v1.4.0 was fetched, and starts when no task runs" })
	}
}

// explain sets the one cause why the node earns what it earns.
func explain(node *dashboard.Node, cause why.Cause, sentence, cure string) {
	node.Explain = func(context.Context) (*sidecarv1.WhyResponse, error) {
		return &sidecarv1.WhyResponse{At: timestamppb.Now(), Findings: []*sidecarv1.Finding{{Cause: string(cause), Sentence: sentence, Cure: cure}}}, nil
	}
}

// grow gives the chain a block each second, so that the pages have something to renew.
func grow(ctx context.Context, node *dashboard.Node) {
	blocks := time.NewTicker(time.Second)
	defer blocks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-blocks.C:
			node.Set(func(s *agent.Status) { s.Height, s.HeightAt = s.Height+1, time.Now() })
		}
	}
}

// value writes settings with which earnings are worth something, and a forecast.
func value(home string) (*forecast.Book, error) {
	settings := config.Default()
	settings.Dashboard.Electricity, settings.Dashboard.CoinValue, settings.Dashboard.Carbon = "0.32 EUR", "0.05 EUR", "de"
	if err := os.Remove(filepath.Join(home, config.FileName)); err != nil {
		return nil, err
	}
	if err := config.Write(home, settings); err != nil {
		return nil, err
	}
	return dashboard.Forecasts(home)
}

func run(ctx context.Context, listen string, shown kind) (err error) {
	home, err := os.MkdirTemp("", "dashboard-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	node, err := dashboard.Open(home, time.Now().Add(-8*time.Hour))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	shown.become(node)
	if !shown.unregistered && !shown.waiting {
		go grow(ctx, node)
	}
	book, err := value(home)
	if err != nil {
		return err
	}
	alerts := dashboard.Alerts
	if shown.unregistered {
		alerts = nil
	} else {
		stop, err := dashboard.Fleet(home)
		defer func() { _ = stop() }()
		if err != nil {
			return err
		}
	}
	logs := web.NewLogs()
	logger := slog.New(logs.Handler(slog.LevelDebug))
	for i := range 40 {
		logger.Info("settled", "assignment", fmt.Sprintf("4%d-0-0/0/0", 7000+i), "outcome", "paid", "paid", "250000000000000000")
	}
	logger.Warn("cannot deliver", "error", dashboard.Hostile)
	logger.Error("the journal cannot be written", "error", "no space left on device")
	server, err := web.NewServer(web.Config{
		Node: node, Home: home, Forecasts: book, Language: "auto", Sensors: dashboard.Sensors{}, Logs: logs, Logger: logger, Alerts: alerts,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	key, err := web.ReadKey(home)
	if err != nil {
		return err
	}
	token, err := key.Token(time.Now())
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/open?token=%s\n%s\n", listener.Addr(), token, dashboard.Operator())
	return server.Serve(ctx, listener)
}
