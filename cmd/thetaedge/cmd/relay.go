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

	"github.com/thetaedge/theta/sidecar/blob"
	"github.com/thetaedge/theta/sidecar/config"
)

// relayFlags are the sizes that people write with units, and the rest.
type relayFlags struct {
	listen, dir                                 string
	maxBytes, totalBytes, clientBytes, boxBytes string
	logLevel, logFormat                         string
	proxies                                     []string
}

func relayCommand() *cobra.Command {
	f := &relayFlags{}
	c := blob.DefaultConfig("")
	command := &cobra.Command{
		Use:     "relay",
		Short:   "Run a small store for inputs and results of machines without an address of their own",
		Example: "thetaedge relay --listen 0.0.0.0:7070 --dir /srv/relay --quota 100GiB",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runRelay(command, f, c)
		},
	}
	size := func(bytes int64) string { return config.Bytes(bytes).String() } //nolint:gosec // defaults are positive
	flags := command.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:7070", "address to listen on; port 0 takes any free one")
	flags.StringVar(&f.dir, "dir", "", "folder for the content; empty is relay in the home")
	flags.StringVar(&f.maxBytes, "max-size", size(c.MaxBytes), "largest single content")
	flags.StringVar(&f.totalBytes, "quota", size(c.TotalBytes), "most that is kept in all")
	flags.StringVar(&f.clientBytes, "client-quota", size(c.ClientBytes), "most that one client uploads in --client-window; 0 is no limit")
	flags.DurationVar(&c.ClientWindow, "client-window", c.ClientWindow, "window of --client-quota")
	flags.IntVar(&c.ClientRate, "client-rate", c.ClientRate, "requests a second of one client; 0 is no limit")
	flags.IntVar(&c.MaxFiles, "max-files", c.MaxFiles, "most files that are kept in all")
	flags.IntVar(&c.MaxUploads, "max-uploads", c.MaxUploads, "uploads at once")
	flags.DurationVar(&c.BlobTTL, "expiry", c.BlobTTL, "how long inputs are kept after their last upload")
	flags.DurationVar(&c.DropTTL, "drop-expiry", c.DropTTL, "how long results are kept")
	flags.IntVar(&c.BoxCount, "box-count", c.BoxCount, "most contents of one drop box")
	flags.StringVar(&f.boxBytes, "box-size", size(c.BoxBytes), "most bytes of one drop box")
	flags.IntVar(&c.BoxClientPercent, "box-client-percent", c.BoxClientPercent, "share of a drop box that one client may fill")
	flags.StringSliceVar(&f.proxies, "trusted-proxy", nil, "network of a proxy that may name the client in X-Forwarded-For, e.g. 10.0.0.0/8")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	return command
}

// apply reads the sizes and networks into the relay's settings.
func (f *relayFlags) apply(c *blob.Config) error {
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
	return nil
}

func runRelay(command *cobra.Command, f *relayFlags, c blob.Config) error {
	if err := f.apply(&c); err != nil {
		return err
	}
	home, err := homeOf(command)
	if err != nil {
		return err
	}
	if c.Root = f.dir; c.Root == "" {
		c.Root = filepath.Join(home, "relay")
	}
	logger := newLogger(config.Log{Level: f.logLevel, Format: f.logFormat}, command.ErrOrStderr())
	server, err := blob.NewServer(c, logger, prometheus.NewRegistry())
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	ctx, stop := signal.NotifyContext(command.Context(), stopSignals()...)
	defer stop()
	fmt.Fprintf(command.OutOrStdout(), "relay at http://%s\n", listener.Addr())
	err = server.Serve(ctx, listener)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
