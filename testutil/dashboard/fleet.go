package dashboard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/thetaedge/theta/sidecar/alert"
	"github.com/thetaedge/theta/sidecar/fleet"
	"github.com/thetaedge/theta/sidecar/overview"
)

// Alerts is a view with alerts of all kinds, texts of a stranger, and a target that refuses.
func Alerts() alert.View {
	now := time.Now()
	return alert.View{
		Open: []alert.Condition{{
			Kind: alert.Node, Since: now.Add(-40 * time.Minute), Title: "A graphics card must not be used",
			Text: "NVIDIA GeForce GTX 1080: the card fell off the bus (XID 79) " + Hostile, Cure: "restart the machine, and check its power supply",
		}},
		Recent: []alert.Recent{
			{At: now.Add(-38 * time.Minute), Kind: alert.Node, State: alert.Begins, Title: "A graphics card must not be used", Text: Hostile + "\nTo do: restart the machine"},
			{At: now.Add(-9 * time.Hour), Kind: alert.Paid, State: alert.Happened, Title: "Paid: 3.25 tfuel", Text: "64 jobs since yesterday paid 3.25 tfuel gross."},
			{At: now.Add(-30 * time.Hour), Kind: alert.Fault, State: alert.Happened, Title: "The chain has counted a fault", Text: "Missed deadlines: 1."},
		},
		Targets: []alert.TargetHealth{
			{Name: "ntfy (ntfy.example)", Accepted: now.Add(-38 * time.Minute)},
			{Name: "mail (mail.example)", Refused: now.Add(-time.Minute), Error: "535 authentication failed " + Hostile, Dropped: 2},
			{Name: "webhook (hook.example)"},
		},
		Waiting: 1,
	}
}

// Fleet lets nodes listen on this machine, and writes a list of them and of one that is gone into a home.
// The function that it returns ends them.
func Fleet(home string) (stop func() error, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, len(snapshots()))
	folders := []string{}
	stop = func() error {
		cancel()
		var errs []error
		for _, folder := range folders {
			errs = append(errs, <-done, os.RemoveAll(folder))
		}
		return errors.Join(errs...)
	}
	var list strings.Builder
	entry := func(name, url, token, fingerprint string) error {
		file := filepath.Join(home, name+".token")
		fmt.Fprintf(&list, "[[node]]\nname = %q\nurl = %q\ntoken-file = %q\nfingerprint = %q\n\n", name, url, file, fingerprint)
		return os.WriteFile(file, []byte(token), 0o600)
	}
	for name, s := range snapshots() {
		folder, err := os.MkdirTemp("", "rig-")
		if err != nil {
			return stop, err
		}
		token, err := fleet.AddToken(folder, "office", time.Now())
		if err != nil {
			return stop, err
		}
		listener, err := fleet.Listen(folder, "127.0.0.1:0", false)
		if err != nil {
			return stop, err
		}
		certificate, err := fleet.OpenCertificate(folder, time.Now())
		if err != nil {
			return stop, err
		}
		server := fleet.NewServer(fleet.ServerConfig{Home: folder, Last: func() *overview.Snapshot { return s }, Logger: slog.New(slog.DiscardHandler)})
		folders = append(folders, folder)
		go func() { done <- server.Serve(ctx, listener) }()
		if err := entry(name, "https://"+listener.Addr().String(), token, fleet.Fingerprint(certificate)); err != nil {
			return stop, err
		}
	}
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return stop, err
	}
	err = errors.Join(gone.Close(), entry("cellar", "https://"+gone.Addr().String(), "tef1_x", "sha256:"+strings.Repeat("ab", 32)),
		os.WriteFile(filepath.Join(home, fleet.ListFile), []byte(list.String()), 0o600))
	return stop, err
}

// snapshots returns nodes of several standings.
func snapshots() map[string]*overview.Snapshot {
	now := time.Now()
	node := func(change func(*overview.Snapshot)) *overview.Snapshot {
		celsius, watts := int64(61_000), int64(142_300)
		s := &overview.Snapshot{
			Format: overview.Format, At: now, Version: "v0.1.0", Moniker: "edge node", Mode: "working", Status: "active", Running: 1,
			Why:   []overview.Finding{{Cause: "earning", Sentence: "The node earned 0.313 tfuel within the last hour, with 64 tasks."}},
			Today: overview.Sums{Earned: "1250000000000000000"}, Week: overview.Sums{Earned: "9300000000000000000"},
			Chain: &overview.OnChain{
				At: now, Status: "active", Bond: "100000000000000000000", LeaseSeconds: 80_000, LeaseFullSeconds: 86_400,
				Grant: &overview.Grant{Left: "7500000000000000000", Expires: now.Add(60 * 24 * time.Hour)},
			},
			Cards: []overview.Card{{ID: "GPU-1", Model: "NVIDIA GeForce RTX 3060", Healthy: true, MilliCelsius: &celsius, Milliwatts: &watts}},
		}
		change(s)
		return s
	}
	return map[string]*overview.Snapshot{
		"attic": node(func(*overview.Snapshot) {}),
		"lab-1": node(func(s *overview.Snapshot) {
			s.Moniker, s.Chain.JailUntil = "rig "+Hostile, 61_000
			s.Why = []overview.Finding{{Cause: "jailed", Sentence: "The node is jailed for faults until block 61000 " + Hostile, Cure: "see thetaedge jobs for the causes"}}
		}),
		"office": node(func(s *overview.Snapshot) {
			s.Running, s.Held = 0, []overview.Hold{{Rule: "idle", Sentence: "the keyboard or the mouse was used 3s ago (X11), and owner.idle is 10m0s", Action: "suspend", Since: now}}
		}),
	}
}
