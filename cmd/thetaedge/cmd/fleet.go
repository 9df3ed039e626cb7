package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/sidecar/fleet"
	"github.com/thetaedge/theta/sidecar/overview"
)

// watchEvery is the least pause between two looks at a fleet.
const watchEvery = 5 * time.Second

func fleetCommand() *cobra.Command {
	var file string
	var asJSON, watch bool
	every := 15 * time.Second
	command := &cobra.Command{
		Use:   "fleet",
		Short: "Show all your nodes, those first that need attention",
		Long: `fleet asks each node of a list how it is, and shows state, earnings, bond, lease, fee grant,
temperature and power, and totals. It only reads. The list is fleet.toml in the home; thetaedge
fleet token makes a token on a node and prints what to write there. A node that does not answer
within eight seconds is shown as unreachable.`,
		Example: "thetaedge fleet --watch",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			if file == "" {
				file = filepath.Join(home, fleet.ListFile)
			}
			if every < watchEvery {
				return fmt.Errorf("--every: expected at least %s, found %s", watchEvery, every)
			}
			ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt)
			defer stop()
			if watch {
				return watchFleet(ctx, command.OutOrStdout(), file, every, asJSON)
			}
			return showFleet(ctx, command.OutOrStdout(), file, asJSON)
		},
	}
	flags := command.Flags()
	flags.StringVar(&file, "file", "", "list of nodes (default: fleet.toml in the home)")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	flags.BoolVar(&watch, "watch", false, "show it again and again until interrupted")
	flags.DurationVar(&every, "every", every, "pause between two looks with --watch")
	command.AddCommand(fleetTokenCommand(), fleetKeysCommand())
	return command
}

// showFleet asks the nodes of a list and prints the table.
func showFleet(ctx context.Context, out io.Writer, file string, asJSON bool) error {
	nodes, err := fleet.ReadList(file)
	if err != nil {
		return err
	}
	rows := fleet.Ask(ctx, nodes, fleet.Patience)
	if ctx.Err() != nil {
		return nil // interrupted
	}
	table := fleet.NewTable(time.Now(), rows)
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(table)
	}
	return printFleet(out, table)
}

// watchFleet shows the table until ctx ends. On a terminal, each table replaces the one before.
func watchFleet(ctx context.Context, out io.Writer, file string, every time.Duration, asJSON bool) error {
	wipe := ""
	if to, is := out.(*os.File); is && isatty.IsTerminal(to.Fd()) && !asJSON {
		wipe = "\x1b[H\x1b[2J"
	}
	for {
		var text strings.Builder
		if err := showFleet(ctx, &text, file, asJSON); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if _, err := io.WriteString(out, wipe+text.String()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}

// printFleet prints a table for people.
func printFleet(out io.Writer, t fleet.Table) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tSTATE\tRUNS\tTODAY\t7 DAYS\tBOND\tLEASE\tGRANT\tHEAT\tPOWER\tVERSION\tWHY")
	for i := range t.Rows {
		r := &t.Rows[i]
		state := string(r.Standing)
		if r.Standing == fleet.Attention || r.Standing == fleet.Unreachable || r.Standing == fleet.Stuck {
			state = strings.ToUpper(state)
		}
		if r.Snapshot == nil {
			fmt.Fprintf(w, "%s\t%s\t–\t–\t–\t–\t–\t–\t–\t–\t–\t%s\n", r.Name, state, oneLine(r.Sentence))
			continue
		}
		s := r.Snapshot
		bond, lease, grant := chainCells(s.Chain, t.At)
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, state, s.Running, fleet.Short(s.Today.Earned), fleet.Short(s.Week.Earned),
			bond, lease, grant, reading(s.Celsius, "%.0f °C"), reading(s.Watts, "%.0f W"), oneLine(s.Version), oneLine(r.Sentence))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	sum := t.Totals
	fmt.Fprintf(out, "\n%d nodes, %d answered, %d need attention; %d programs run; earned %s tfuel today, %s in 7 days; bond %s tfuel",
		sum.Nodes, sum.Reached, sum.Attention, sum.Running, fleet.Short(sum.Today), fleet.Short(sum.Week), fleet.Short(sum.Bond))
	if sum.Measured > 0 {
		fmt.Fprintf(out, "; %.0f W on %d nodes that measure it", sum.Watts, sum.Measured)
	}
	fmt.Fprintln(out)
	for i := range t.Rows {
		if r := &t.Rows[i]; r.Cure != "" && (r.Standing == fleet.Attention || r.Standing == fleet.Stuck || r.Standing == fleet.Unreachable) {
			fmt.Fprintf(out, "%s: %s\n", r.Name, oneLine(r.Cure))
		}
	}
	return nil
}

// chainCells returns what the chain says about a node as cells of a table.
func chainCells(c *overview.OnChain, now time.Time) (bond, lease, grant string) {
	if c == nil {
		return "–", "–", "–"
	}
	bond, lease, grant = fleet.Short(c.Bond), "–", "–"
	if c.LeaseFullSeconds > 0 {
		lease = shortSpan(time.Duration(c.LeaseSeconds) * time.Second)
	}
	switch g := c.Grant; {
	case g == nil:
	case g.None:
		grant = "none"
	default:
		grant = "no limit"
		if g.Left != "" {
			grant = fleet.Short(g.Left)
		}
		if !g.Expires.IsZero() {
			grant += ", " + shortSpan(g.Expires.Sub(now))
		}
	}
	return bond, lease, grant
}

// shortSpan formats a time in its largest unit.
func shortSpan(d time.Duration) string {
	switch {
	case d <= 0:
		return "over"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

func reading(read func() (float64, bool), format string) string {
	if value, known := read(); known {
		return fmt.Sprintf(format, value)
	}
	return "–"
}

func fleetTokenCommand() *cobra.Command {
	var list, revoke bool
	var certificate string
	command := &cobra.Command{
		Use:   "token [NAME]",
		Short: "Make a token with which another machine may read this node",
		Long: `token makes a token that lets another machine of yours read how this node is. It can change
nothing. It is shown once; the home keeps a digest. NAME says who has the token, so that you can
revoke it. The daemon answers if fleet.listen in config.toml is set; it needs no restart for a
token, and one for the setting.`,
		Example: "thetaedge fleet token office",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			n, err := openSettings(command)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			switch {
			case list && len(args) == 0:
				return listTokens(out, n.home)
			case len(args) == 0:
				return errors.New("expected a name for the token, such as office, found none; --list shows those that there are")
			case revoke:
				if err := fleet.RevokeToken(n.home, args[0]); err != nil {
					return err
				}
				fmt.Fprintf(out, "revoked %s\n", args[0])
				return nil
			case list:
				return errors.New("--list: expected no name")
			}
			if certificate != "" {
				if err := writeCertificate(n.home, certificate); err != nil {
					return err
				}
			}
			return makeToken(out, n, args[0])
		},
	}
	command.Flags().BoolVar(&list, "list", false, "list the tokens, without the secrets")
	command.Flags().StringVar(&certificate, "certificate", "", "also write the certificate of the node, without its key, into this file, for Prometheus")
	command.Flags().BoolVar(&revoke, "revoke", false, "revoke the token NAME at once")
	return command
}

// writeCertificate writes the certificate of a home, without its key, into a file.
func writeCertificate(home, file string) error {
	certificate, err := fleet.OpenCertificate(home, time.Now())
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, fleet.PublicPEM(certificate), 0o600); err != nil {
		return fmt.Errorf("--certificate: cannot write the file: %w", osfault.Explain(file, err))
	}
	return nil
}

func listTokens(out io.Writer, home string) error {
	tokens, err := fleet.Tokens(home)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		fmt.Fprintf(out, "%s  made %s\n", oneLine(t.Name), t.Made.Local().Format(time.DateTime))
	}
	if len(tokens) == 0 {
		fmt.Fprintln(out, "there are no tokens")
	}
	return nil
}

// makeToken makes a token and prints what the other machine needs.
func makeToken(out io.Writer, n *node, name string) error {
	settings := n.config.Fleet
	fingerprint := ""
	if !settings.InsecurePlaintext {
		certificate, err := fleet.OpenCertificate(n.home, time.Now())
		if err != nil {
			return err
		}
		fingerprint = fleet.Fingerprint(certificate)
	}
	token, err := fleet.AddToken(n.home, name, time.Now())
	if err != nil {
		return err
	}
	scheme, at := "https", "THIS-MACHINE:9773"
	if settings.InsecurePlaintext {
		scheme = "http"
	}
	if host, port, err := net.SplitHostPort(settings.Listen); err == nil {
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "THIS-MACHINE"
		}
		at = net.JoinHostPort(host, port)
	}
	fmt.Fprintf(out, "token, shown this once:\n\n%s\n\nOn the other machine, write it into rig.token (chmod 600) next to %s, and there:\n\n[[node]]\nname = \"rig\"\nurl = \"%s://%s\"\ntoken-file = \"rig.token\"\n", token, fleet.ListFile, scheme, at)
	if fingerprint != "" {
		fmt.Fprintf(out, "fingerprint = %q\n", fingerprint)
	} else {
		fmt.Fprintln(out, "insecure-plaintext = true")
	}
	if settings.Listen == "" {
		fmt.Fprintln(out, "\nThis node does not listen yet: set fleet.listen in config.toml, such as \"0.0.0.0:9773\", and restart the daemon.")
	}
	return nil
}
