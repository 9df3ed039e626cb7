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
	"time"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/agent"
	"github.com/thetaedge/theta/sidecar/web"
	"github.com/thetaedge/theta/testutil/dashboard"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	unregistered := flag.Bool("unregistered", false, "show a node that is not registered yet")
	held := flag.Bool("held", false, "show a node that its owner's rules hold back")
	flag.Parse()
	params.SetSDKDefaults()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *listen, *unregistered, *held)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen string, unregistered, held bool) (err error) {
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
	if unregistered {
		node.Set(func(s *agent.Status) {
			*s = agent.Status{Mode: agent.Starting, NodeStatus: "unregistered", Height: s.Height, LastError: "worker theta1… serves no node yet; run thetaedge register"}
		})
	}
	if held {
		node.Hold()
	}
	alerts := dashboard.Alerts
	if unregistered {
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
		Node: node, Home: home, Language: "auto", Sensors: dashboard.Sensors{}, Logs: logs, Logger: logger, Alerts: alerts,
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
