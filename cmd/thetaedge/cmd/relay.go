package cmd

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/signal"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/client/grpcnode"
	"github.com/thetaedge/theta/relay"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/config"
)

// relayFlags holds the sizes, which people write with units, and the other settings.
type relayFlags struct {
	listen, dir                                 string
	maxBytes, totalBytes, clientBytes, boxBytes string
	logLevel, logFormat                         string
	proxies                                     []string
	// node is the gRPC endpoint of a node; urls are the addresses under which clients know
	// the relay.
	node string
	urls []string
}

func relayCommand() *cobra.Command {
	f := &relayFlags{}
	c := relay.DefaultConfig("")
	command := &cobra.Command{
		Use:   "relay",
		Short: "Run a relay: a small store for inputs and results, for machines without a public address",
		Long: `relay stores inputs by their SHA-256, and results in drop boxes that only the token of
their requester opens. With --node it asks the chain which nodes may add to a box: nodes
sign what they deliver, and may add while they have a commitment to a task whose results
go there, or took part in such a task and it ended without a fault of theirs. Without
--node, or while that node does not answer, any client may add, and all addresses share
the space: an attacker with enough networks can then fill a box.`,
		Example: "thetaedge relay --listen 0.0.0.0:7070 --dir /srv/relay --quota 100GiB --node 127.0.0.1:9090 --public-url https://relay.example",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runRelay(command, f, c)
		},
	}
	size := func(bytes int64) string { return config.Bytes(bytes).String() } //nolint:gosec // defaults are positive
	flags := command.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:7070", "address to listen on; with port 0 the system chooses a free port")
	flags.StringVar(&f.dir, "dir", "", "folder for the contents; empty means the folder relay in the home")
	flags.StringVar(&f.maxBytes, "max-size", size(c.MaxBytes), "size of the largest single content")
	flags.StringVar(&f.totalBytes, "quota", size(c.TotalBytes), "total size of all contents")
	flags.StringVar(&f.clientBytes, "client-quota", size(c.ClientBytes), "most that one client can upload in --client-window; 0 means no limit")
	flags.StringVar(&f.node, "node", "", "gRPC address of a node that the relay asks which nodes work for a drop box; empty means that it asks no node")
	flags.StringSliceVar(&f.urls, "public-url", nil, "address under which clients know this relay, for uploads that are signed for it; empty means the host that a request names")
	flags.IntVar(&c.ClientPercent, "client-percent", c.ClientPercent, "share of the free space that one client can hold")
	flags.IntVar(&c.DropPercent, "drop-percent", c.DropPercent, "share of --quota and --max-files that is reserved for results; inputs have the rest")
	flags.IntVar(&c.MaxConns, "max-conns", c.MaxConns, "most concurrent connections; 0 means no limit")
	flags.DurationVar(&c.ClientWindow, "client-window", c.ClientWindow, "time window of --client-quota")
	flags.IntVar(&c.ClientRate, "client-rate", c.ClientRate, "requests per second of one client, and a quarter of the requests of its network; 0 means no limit")
	flags.IntVar(&c.MaxFiles, "max-files", c.MaxFiles, "most files that the relay keeps in total")
	flags.IntVar(&c.MaxUploads, "max-uploads", c.MaxUploads, "most concurrent uploads")
	flags.DurationVar(&c.BlobTTL, "expiry", c.BlobTTL, "how long inputs are kept after their last upload")
	flags.DurationVar(&c.DropTTL, "drop-expiry", c.DropTTL, "how long results are kept")
	flags.IntVar(&c.BoxCount, "box-count", c.BoxCount, "most contents per node and task, and of all unknown clients together per drop box")
	flags.StringVar(&f.boxBytes, "box-size", size(c.BoxBytes), "most bytes per node and task, and of all unknown clients together per drop box")
	flags.IntVar(&c.BoxClientPercent, "box-client-percent", c.BoxClientPercent, "share of the free space in a drop box that one unknown client can hold")
	flags.StringSliceVar(&f.proxies, "trusted-proxy", nil, "network of a proxy that may name the client in X-Forwarded-For, e.g. 10.0.0.0/8")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	return command
}

// apply reads the sizes and networks into the relay's settings.
func (f *relayFlags) apply(c *relay.Config) error {
	for _, size := range []struct {
		flag, text string
		into       *int64
	}{
		{"max-size", f.maxBytes, &c.MaxBytes},
		{"quota", f.totalBytes, &c.TotalBytes},
		{"client-quota", f.clientBytes, &c.ClientBytes},
		{"box-size", f.boxBytes, &c.BoxBytes},
	} {
		var bytes config.Bytes
		if err := bytes.UnmarshalText([]byte(size.text)); err != nil {
			return fmt.Errorf("--%s: %w", size.flag, err)
		}
		*size.into = int64(bytes) //nolint:gosec // bounded when read
	}
	for _, text := range f.proxies {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("--trusted-proxy: expected a network such as 10.0.0.0/8, found %q", text)
		}
		c.TrustedProxies = append(c.TrustedProxies, network)
	}
	for _, text := range f.urls {
		audience, err := blob.Audience(text)
		if err != nil {
			return fmt.Errorf("--public-url: %w", err)
		}
		c.Audiences = append(c.Audiences, audience)
	}
	return nil
}

// ask lets the relay ask a node which nodes work for its boxes.
func (f *relayFlags) ask(c *relay.Config) (closeConn func() error, err error) {
	if f.node == "" {
		return func() error { return nil }, nil
	}
	codec, err := chain.NewCodec()
	if err != nil {
		return nil, err
	}
	conn, err := grpcnode.Dial(f.node)
	if err != nil {
		return nil, fmt.Errorf("--node: %w", err)
	}
	c.Ledger = chain.NewLedger(chain.NewReader(conn, codec))
	return conn.Close, nil
}

func runRelay(command *cobra.Command, f *relayFlags, c relay.Config) (err error) {
	if err := f.apply(&c); err != nil {
		return err
	}
	closeConn, err := f.ask(&c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeConn()) }()
	home, err := homeOf(command)
	if err != nil {
		return err
	}
	if c.Root = f.dir; c.Root == "" {
		c.Root = filepath.Join(home, "relay")
	}
	logger := newLogger(config.Log{Level: f.logLevel, Format: f.logFormat}, command.ErrOrStderr())
	if c.Ledger == nil {
		logger.Warn("the relay does not ask a node which nodes work for a drop box, so all addresses share the boxes and an attacker with many addresses can fill one; set --node")
	}
	server, err := relay.NewServer(c, logger, prometheus.NewRegistry())
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	ctx, stop := signal.NotifyContext(command.Context(), stopSignals(true)...)
	defer stop()
	fmt.Fprintf(command.OutOrStdout(), "relay at http://%s\n", listener.Addr())
	err = server.Serve(ctx, listener)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
